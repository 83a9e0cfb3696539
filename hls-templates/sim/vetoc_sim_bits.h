// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Bit-exact integers under the stand-in ap_int.h and ap_fixed.h: which C++ type carries W bits, how values move
// between carriers, and plain two's-complement arithmetic beyond 128 bits.
//
// A carrier is int64_t, __int128 or wide<N>, always signed and always wide enough for the exact result of the
// operation at hand; `wrap` then cuts to W bits. Nothing here relies on signed overflow or on shifting negatives.
#ifndef VETOC_SIM_BITS_H
#define VETOC_SIM_BITS_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <type_traits>

namespace vetoc_sim {

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

/// Ends the simulation: a design that does this in hardware would hang or compute garbage.
[[noreturn]] inline void fail(const char *what, const char *who = "") {
  std::fflush(stdout);
  std::fprintf(stderr, "vetoc simulation error: %s %s\n", what, who);
  std::fflush(stderr);
  std::_Exit(70);
}

constexpr int larger(int a, int b) { return a > b ? a : b; }
constexpr int smaller(int a, int b) { return a < b ? a : b; }

/// N x 64-bit two's complement, least significant word first, wrapping.
template <int N>
struct wide {
  static_assert(N >= 1, "a wide integer has words");
  std::uint64_t w[N];

  constexpr bool negative() const { return (w[N - 1] >> 63) != 0; }
  static constexpr wide zero() {
    wide r{};
    return r;
  }
};

template <typename T>
struct is_wide : std::false_type {};
template <int N>
struct is_wide<wide<N>> : std::true_type {};

template <int N>
constexpr wide<N> operator~(const wide<N> &a) {
  wide<N> r{};
  for (int i = 0; i < N; ++i) r.w[i] = ~a.w[i];
  return r;
}
template <int N>
constexpr wide<N> operator+(const wide<N> &a, const wide<N> &b) {
  wide<N> r{};
  std::uint64_t carry = 0;
  for (int i = 0; i < N; ++i) {
    const std::uint64_t s = a.w[i] + b.w[i];
    const std::uint64_t t = s + carry;
    carry = static_cast<std::uint64_t>(s < a.w[i]) | static_cast<std::uint64_t>(t < s);
    r.w[i] = t;
  }
  return r;
}
template <int N>
constexpr wide<N> operator-(const wide<N> &a, const wide<N> &b) {
  wide<N> one{};
  one.w[0] = 1;
  return a + (~b + one);
}
template <int N>
constexpr wide<N> operator-(const wide<N> &a) {
  return wide<N>::zero() - a;
}
template <int N>
constexpr wide<N> operator*(const wide<N> &a, const wide<N> &b) {
  wide<N> r{};
  for (int i = 0; i < N; ++i) {
    std::uint64_t carry = 0;
    for (int j = 0; i + j < N; ++j) {
      const uint128 t = static_cast<uint128>(a.w[i]) * b.w[j] + r.w[i + j] + carry;
      r.w[i + j] = static_cast<std::uint64_t>(t);
      carry = static_cast<std::uint64_t>(t >> 64);
    }
  }
  return r;
}
template <int N>
constexpr wide<N> operator&(const wide<N> &a, const wide<N> &b) {
  wide<N> r{};
  for (int i = 0; i < N; ++i) r.w[i] = a.w[i] & b.w[i];
  return r;
}
template <int N>
constexpr wide<N> operator|(const wide<N> &a, const wide<N> &b) {
  wide<N> r{};
  for (int i = 0; i < N; ++i) r.w[i] = a.w[i] | b.w[i];
  return r;
}
template <int N>
constexpr wide<N> operator^(const wide<N> &a, const wide<N> &b) {
  wide<N> r{};
  for (int i = 0; i < N; ++i) r.w[i] = a.w[i] ^ b.w[i];
  return r;
}
template <int N>
constexpr bool operator==(const wide<N> &a, const wide<N> &b) {
  for (int i = 0; i < N; ++i)
    if (a.w[i] != b.w[i]) return false;
  return true;
}
template <int N>
constexpr bool operator!=(const wide<N> &a, const wide<N> &b) {
  return !(a == b);
}
template <int N>
constexpr bool operator<(const wide<N> &a, const wide<N> &b) {
  if (a.negative() != b.negative()) return a.negative();
  for (int i = N - 1; i >= 0; --i)
    if (a.w[i] != b.w[i]) return a.w[i] < b.w[i];
  return false;
}
template <int N>
constexpr bool operator>(const wide<N> &a, const wide<N> &b) {
  return b < a;
}
template <int N>
constexpr bool operator<=(const wide<N> &a, const wide<N> &b) {
  return !(b < a);
}
template <int N>
constexpr bool operator>=(const wide<N> &a, const wide<N> &b) {
  return !(a < b);
}

// --- Which carrier -------------------------------------------------------------------------------------------

/// The signed carrier of at least `Bits` bits, sign included.
template <int Bits, int Kind = (Bits <= 64 ? 0 : Bits <= 128 ? 1 : 2)>
struct carrier_of {
  typedef std::int64_t type;
};
template <int Bits>
struct carrier_of<Bits, 1> {
  typedef int128 type;
};
template <int Bits>
struct carrier_of<Bits, 2> {
  typedef wide<(Bits + 63) / 64> type;
};
template <int Bits>
using carrier = typename carrier_of<Bits>::type;

template <typename C>
struct bits_of {
  static constexpr int value = static_cast<int>(sizeof(C)) * 8;
};

/// What holds W bits at rest: the smallest native integer, or words with room for a sign.
template <int W, bool S,
          int Kind = (W <= 8 ? 0 : W <= 16 ? 1 : W <= 32 ? 2 : W <= 64 ? 3 : W <= 128 ? 4 : 5)>
struct storage_of {
  typedef wide<(W + (S ? 0 : 1) + 63) / 64> type;
};
template <int W, bool S>
struct storage_of<W, S, 0> {
  typedef typename std::conditional<S, std::int8_t, std::uint8_t>::type type;
};
template <int W, bool S>
struct storage_of<W, S, 1> {
  typedef typename std::conditional<S, std::int16_t, std::uint16_t>::type type;
};
template <int W, bool S>
struct storage_of<W, S, 2> {
  typedef typename std::conditional<S, std::int32_t, std::uint32_t>::type type;
};
template <int W, bool S>
struct storage_of<W, S, 3> {
  typedef typename std::conditional<S, std::int64_t, std::uint64_t>::type type;
};
template <int W, bool S>
struct storage_of<W, S, 4> {
  typedef typename std::conditional<S, int128, uint128>::type type;
};

// --- Moving between carriers ---------------------------------------------------------------------------------

template <typename To, typename From>
struct convert {
  static constexpr To run(From x) { return static_cast<To>(x); }
};
template <int N, typename From>
struct convert<wide<N>, From> {
  static constexpr wide<N> run(From x) {
    wide<N> r{};
    const std::uint64_t fill = x < From(0) ? ~std::uint64_t(0) : 0;
    r.w[0] = static_cast<std::uint64_t>(x);
    const std::uint64_t second = sizeof(From) > 8 ? static_cast<std::uint64_t>(static_cast<uint128>(x) >> 64) : fill;
    for (int i = 1; i < N; ++i) r.w[i] = i == 1 ? second : fill;
    return r;
  }
};
template <int N, int M>
struct convert<wide<N>, wide<M>> {
  static constexpr wide<N> run(const wide<M> &x) {
    wide<N> r{};
    const std::uint64_t fill = x.negative() ? ~std::uint64_t(0) : 0;
    for (int i = 0; i < N; ++i) r.w[i] = i < M ? x.w[i < M ? i : 0] : fill;
    return r;
  }
};
template <typename To, int M>
struct convert<To, wide<M>> {
  static constexpr To run(const wide<M> &x) {
    return sizeof(To) > 8 ? static_cast<To>((static_cast<uint128>(M > 1 ? x.w[M > 1 ? 1 : 0]
                                                                         : (x.negative() ? ~std::uint64_t(0) : 0))
                                             << 64) |
                                            x.w[0])
                          : static_cast<To>(x.w[0]);
  }
};
/// `x` in carrier `To`: same value where it fits, else the low bits.
template <typename To, typename From>
constexpr To to(const From &x) {
  return convert<To, From>::run(x);
}

// --- Shifts, bits, wrapping on any carrier -------------------------------------------------------------------

template <typename C>
struct unsigned_of {
  typedef std::uint64_t type;
};
template <>
struct unsigned_of<int128> {
  typedef uint128 type;
};
template <>
struct unsigned_of<uint128> {
  typedef uint128 type;
};

/// x * 2^n, low bits kept; n >= 0, any size.
template <typename C>
constexpr C shift_left(C x, int n) {
  typedef typename unsigned_of<C>::type U;
  return n >= bits_of<C>::value ? C(0) : static_cast<C>(static_cast<U>(x) << n);
}
template <int N>
constexpr wide<N> shift_left(const wide<N> &x, int n) {
  wide<N> r{};
  const int words = n / 64;
  const int bits = n % 64;
  for (int i = N - 1; i >= 0; --i) {
    const int from = i - words;
    if (from < 0) continue;
    r.w[i] = x.w[from] << bits;
    if (bits != 0 && from > 0) r.w[i] |= x.w[from - 1] >> (64 - bits);
  }
  return r;
}
/// floor(x / 2^n); n >= 0, any size.
template <typename C>
constexpr C shift_right(C x, int n) {
  return x >> (n >= bits_of<C>::value ? bits_of<C>::value - 1 : n);
}
template <int N>
constexpr wide<N> shift_right(const wide<N> &x, int n) {
  wide<N> r{};
  const std::uint64_t fill = x.negative() ? ~std::uint64_t(0) : 0;
  const int words = n / 64;
  const int bits = n % 64;
  for (int i = 0; i < N; ++i) {
    const int from = i + words;
    const std::uint64_t low = from < N ? x.w[from < N ? from : 0] : fill;
    const std::uint64_t high = from + 1 < N ? x.w[from + 1 < N ? from + 1 : 0] : fill;
    r.w[i] = bits == 0 ? low : (low >> bits) | (high << (64 - bits));
  }
  return r;
}

template <typename C>
constexpr bool is_negative(C x) {
  return x < C(0);
}
template <int N>
constexpr bool is_negative(const wide<N> &x) {
  return x.negative();
}
template <typename C>
constexpr bool is_zero(C x) {
  return x == C(0);
}
template <int N>
constexpr bool is_zero(const wide<N> &x) {
  return x == wide<N>::zero();
}

/// Bit n of the sign-extended value, n >= 0.
template <typename C>
constexpr bool bit_at(C x, int n) {
  return (shift_right(x, n) & C(1)) != C(0);
}
template <int N>
constexpr bool bit_at(const wide<N> &x, int n) {
  return n >= 64 * N ? x.negative() : ((x.w[n / 64] >> (n % 64)) & 1) != 0;
}
/// Whether any of the n low bits of the sign-extended value is set, n >= 0.
template <typename C>
constexpr bool any_low_bits(const C &x, int n) {
  return n >= bits_of<C>::value ? !is_zero(x) : !is_zero(shift_left(x, bits_of<C>::value - n));
}

/// 2^n in carrier C; n is below its width.
template <typename C>
constexpr C power_of_two(int n) {
  return shift_left(to<C>(std::int64_t(1)), n);
}

/// n ones; any n from 0 up.
template <typename C>
constexpr C low_mask(int n) {
  return ~shift_left(to<C>(std::int64_t(-1)), n);
}

/// The low W bits read as a signed or unsigned number.
template <int W, bool S, typename C>
constexpr C wrap(const C &x) {
  constexpr int spare = bits_of<C>::value - W;
  return spare <= 0 ? x
         : S        ? shift_right(shift_left(x, spare > 0 ? spare : 0), spare > 0 ? spare : 0)
                    : x & low_mask<C>(W);
}

/// Truncating division, as C++ does it.
template <typename C>
constexpr C divide(C a, C b) {
  return a / b;
}
template <int N>
constexpr wide<N> divide(const wide<N> &a, const wide<N> &b) {
  wide<N> remainder{};
  wide<N> quotient{};
  const wide<N> n = a.negative() ? -a : a;
  const wide<N> d = b.negative() ? -b : b;
  for (int i = 64 * N - 1; i >= 0; --i) {
    remainder = shift_left(remainder, 1);
    remainder.w[0] |= static_cast<std::uint64_t>(bit_at(n, i));
    if (remainder >= d) {
      remainder = remainder - d;
      quotient.w[i / 64] |= std::uint64_t(1) << (i % 64);
    }
  }
  return a.negative() != b.negative() ? -quotient : quotient;
}

/// Nearest double, ties to even.
template <typename C>
inline double to_double(C x) {
  return static_cast<double>(x);
}
template <int N>
inline double to_double(const wide<N> &x) {
  const bool negative = x.negative();
  const wide<N> m = negative ? -x : x;
  int top = 64 * N - 1;
  while (top > 0 && !bit_at(m, top)) --top;
  const int drop = top > 61 ? top - 61 : 0;
  // 62 bits and a sticky bit below them decide the rounding.
  std::int64_t head = to<std::int64_t>(shift_right(m, drop));
  head = head * 2 + static_cast<std::int64_t>(any_low_bits(m, drop));
  double r = static_cast<double>(head);
  for (int i = 0; i < drop - 1; ++i) r *= 2.0;
  if (drop == 0) r /= 2.0;
  return negative ? -r : r;
}

/// The bit pattern of `bits` bits in radix 2, 8 or 16 with its prefix, or the value in radix 10.
template <typename C>
inline std::string to_digits(const C &x, int bits, int radix) {
  std::string digits;
  if (radix != 10) {
    const int step = radix == 16 ? 4 : radix == 8 ? 3 : 1;
    for (int low = 0; low < bits; low += step) {
      int digit = 0;
      for (int k = 0; k < step && low + k < bits; ++k) digit |= static_cast<int>(bit_at(x, low + k)) << k;
      digits.insert(digits.begin(), "0123456789abcdef"[digit]);
    }
    return (radix == 16 ? "0x" : radix == 8 ? "0o" : "0b") + digits;
  }
  const bool negative = is_negative(x);
  const C ten = to<C>(std::int64_t(10));
  C rest = x;
  do {
    const C quotient = divide(rest, ten);
    const int digit = static_cast<int>(to<std::int64_t>(rest - quotient * ten));
    digits.insert(digits.begin(), static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    rest = quotient;
  } while (!is_zero(rest));
  return negative ? "-" + digits : digits;
}

/// Reads digits in a radix (0: guessed from 0x, 0o, 0b; else 10), wrapping in the carrier.
template <typename C>
inline C from_digits(const char *text, int radix) {
  const char *const whole = text;
  bool negative = false;
  if (*text == '-' || *text == '+') negative = *text++ == '-';
  if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && (radix == 0 || radix == 16)) {
    radix = 16;
    text += 2;
  } else if (text[0] == '0' && (text[1] == 'o' || text[1] == 'O') && (radix == 0 || radix == 8)) {
    radix = 8;
    text += 2;
  } else if (text[0] == '0' && (text[1] == 'b' || text[1] == 'B') && (radix == 0 || radix == 2)) {
    radix = 2;
    text += 2;
  }
  if (radix == 0) radix = 10;
  C value = to<C>(std::int64_t(0));
  const C base = to<C>(std::int64_t(radix));
  for (; *text != '\0'; ++text) {
    const char c = *text;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
    if (digit >= radix) fail("not a number:", whole);
    value = value * base + to<C>(std::int64_t(digit));
  }
  return negative ? to<C>(std::int64_t(0)) - value : value;
}

/// C++ integer types that mix with the arbitrary-precision ones.
template <typename T>
struct is_plain_integer
    : std::integral_constant<bool, std::is_integral<T>::value || std::is_same<T, int128>::value ||
                                       std::is_same<T, uint128>::value> {};
template <typename T>
using if_integer = typename std::enable_if<is_plain_integer<T>::value, int>::type;
template <typename T>
struct integer_shape {
  static constexpr int width = std::is_same<T, bool>::value ? 1 : static_cast<int>(sizeof(T)) * 8;
  static constexpr bool is_signed = T(-1) < T(0);
};
template <>
struct integer_shape<bool> {
  static constexpr int width = 1;
  static constexpr bool is_signed = false;
};

}  // namespace vetoc_sim

#endif
