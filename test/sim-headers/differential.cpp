// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// One program, built against either header set. It runs the cases of CASES (a generated file) and prints one hash
// line a case; two builds whose lines agree computed the same bits. With an argument N it also prints every
// result of case N, so that the first difference can be found.
#include <ap_fixed.h>
#include <ap_int.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace {

int case_number = 0;
int dumped_case = -1;
std::uint32_t hash_state = 0;

/// FNV-1a over 32-bit words: cheap to repeat in TypeScript.
void mix32(std::uint32_t word) { hash_state = (hash_state ^ word) * 16777619u; }
void mix(std::uint64_t word) {
  mix32(static_cast<std::uint32_t>(word));
  mix32(static_cast<std::uint32_t>(word >> 32));
  if (case_number == dumped_case) std::printf("  %016llx\n", static_cast<unsigned long long>(word));
}
void begin() { hash_state = 2166136261u; }
void end() { std::printf("%d %08x\n", case_number++, hash_state); }

/// mulberry32, seeded by the case: the same values on both sides and in TypeScript.
std::uint32_t random_state = 0;
std::uint32_t draw() {
  random_state += 0x6d2b79f5u;
  std::uint32_t t = random_state;
  t = (t ^ (t >> 15)) * (t | 1u);
  t ^= t + (t ^ (t >> 7)) * (t | 61u);
  return t ^ (t >> 14);
}

/// The i-th test mantissa of W bits: all of them, or edges (0, +-1, extremes and their neighbours) then random
/// numbers of random magnitude.
std::uint64_t test_bits(int width, std::uint64_t i) {
  const std::uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
  if (width <= 10) return i & mask;
  const std::uint64_t top = 1ull << (width - 1);
  const std::uint64_t edges[12] = {0,       1,           2,       3,       ~0ull,   ~1ull,
                                   top - 1, top - 2, top, top + 1, top >> 1, (top >> 1) - 1};
  if (i < 12) return edges[i] & mask;
  const std::uint64_t low = draw();
  const std::uint64_t high = draw();
  const std::uint64_t bits = low | (high << 32);
  const int keep = 1 + static_cast<int>(draw() % static_cast<std::uint32_t>(width));
  const std::uint64_t small = keep >= 64 ? bits : bits & ((1ull << keep) - 1);
  return ((draw() & 1u) ? ~small : small) & mask;
}
std::uint64_t test_count(int width, std::uint64_t most) { return width <= 10 ? 1ull << width : most; }

/// Mixes all `width` bits of a mantissa.
template <typename T>
void mix_bits(T x, int width) {
  for (int low = 0; low < width; low += 64) {
    const int high = low + 63 < width - 1 ? low + 63 : width - 1;
    mix(static_cast<std::uint64_t>(x.range(high, low).to_uint64()));
  }
}
inline void mix_double(double x) {
  std::uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  mix(bits);
}

// A fixed-point result also reports its format.
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
void mix_result(const ap_fixed<W, I, Q, O, N> &x) {
  mix(static_cast<std::uint64_t>(W * 1000 + I + 500));
  mix(1);
  mix_bits(x, W);
}
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
void mix_result(const ap_ufixed<W, I, Q, O, N> &x) {
  mix(static_cast<std::uint64_t>(W * 1000 + I + 500));
  mix(0);
  mix_bits(x, W);
}
template <int W>
void mix_result(const ap_int<W> &x) {
  mix(static_cast<std::uint64_t>(W));
  mix(1);
  mix_bits(x, W);
}
template <int W>
void mix_result(const ap_uint<W> &x) {
  mix(static_cast<std::uint64_t>(W));
  mix(0);
  mix_bits(x, W);
}

template <typename A>
A from_bits(int width, std::uint64_t bits) {
  A a = 0;
  a.range(width - 1, 0) = ap_uint<64>(bits);
  return a;
}

/// Assignment of every test value of A to B.
template <typename A, typename B>
void assign_case(int wa, int wb, std::uint64_t most, std::uint32_t seed) {
  begin();
  random_state = seed;
  const std::uint64_t count = test_count(wa, most);
  for (std::uint64_t i = 0; i < count; ++i) {
    const A a = from_bits<A>(wa, test_bits(wa, i));
    const B constructed(a);
    B assigned = 0;
    assigned = a;
    mix_bits(constructed, wb);
    if (!(constructed == assigned)) mix(0xbadbadbadull);
  }
  end();
}

/// Construction from doubles, given as mantissa and exponent.
template <typename B>
void double_case(int wb, int fraction, std::uint64_t most, std::uint32_t seed) {
  begin();
  random_state = seed;
  for (std::uint64_t i = 0; i < most; ++i) {
    // Around the format: from far below its least bit to beyond its range, ties included.
    // One draw a statement: the order of evaluation inside an expression is the compiler's.
    const std::uint32_t first = draw();
    const std::uint32_t shift = draw() % 30u;
    const std::int64_t m = static_cast<std::int64_t>(first >> shift) - static_cast<std::int64_t>(draw() >> 8);
    const int e = static_cast<int>(draw() % static_cast<std::uint32_t>(wb + 24)) - 16 - (wb > 20 ? 0 : 8);
    double x = static_cast<double>(m);
    for (int k = 0; k < e - fraction; ++k) x *= 2.0;
    for (int k = 0; k < fraction - e; ++k) x *= 0.5;
    mix_bits(B(x), wb);
  }
  end();
}

#define MIX_COMPARISONS(a, b)                                                                               \
  mix(static_cast<std::uint64_t>((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | \
                                 (a != b) << 5))

/// Every operator between A and B.
template <typename A, typename B>
void fixed_case(int wa, int wb, std::uint64_t most, std::uint32_t seed) {
  begin();
  random_state = seed;
  const std::uint64_t na = wa <= 6 && wb <= 6 ? test_count(wa, most) : most;
  const std::uint64_t nb = wa <= 6 && wb <= 6 ? test_count(wb, most) : 1;
  for (std::uint64_t i = 0; i < na; ++i)
    for (std::uint64_t j = 0; j < nb; ++j) {
      const A a = from_bits<A>(wa, test_bits(wa, i));
      const B b = from_bits<B>(wb, test_bits(wb, nb > 1 ? j : i * 7 % 1000003u));
      mix_result(a + b);
      mix_result(a - b);
      mix_result(a * b);
      mix_result(a & b);
      mix_result(a | b);
      mix_result(a ^ b);
      MIX_COMPARISONS(a, b);
      A c = a;
      c += b;
      mix_result(c);
      c = a;
      c -= b;
      mix_result(c);
      c = a;
      c *= b;
      mix_result(c);
    }
  end();
}

/// The vendor's ++ has no type to add when the least bit weighs more than 1.
template <int I, int W, typename A>
typename std::enable_if<(I <= W)>::type count_up_and_down(A a) {
  ++a;
  mix_result(a);
  --a;
  --a;
  mix_result(a);
}
template <int I, int W, typename A>
typename std::enable_if<(I > W)>::type count_up_and_down(A) {}

/// Unary operators, shifts, conversions of A.
template <typename A, int W, int I, bool S>
void unary_case(int wa, std::uint64_t most, std::uint32_t seed) {
  begin();
  random_state = seed;
  const std::uint64_t count = test_count(wa, most);
  for (std::uint64_t i = 0; i < count; ++i) {
    A a = from_bits<A>(wa, test_bits(wa, i));
    const ap_fixed<W + 1, I + 1> negated = -a;
    mix_result(negated);
    const A inverted = ~a;
    mix_result(inverted);
    for (int n = -2; n <= wa; n += wa > 12 ? 5 : 1) {
      const A left = a << n;
      const A right = a >> n;
      mix_result(left);
      mix_result(right);
    }
    const A by_value = a << ap_uint<3>(i & 7);
    mix_result(by_value);
    mix_double(a.to_double());
    if (I >= 0) {  // Below, the vendor's headers read a variable that they never wrote.
      mix(static_cast<std::uint64_t>(a.to_int()));
      mix(static_cast<std::uint64_t>(a.to_int64()));
      const ap_int<W + 3> whole(a);
      mix_result(whole);
    }
    mix(static_cast<std::uint64_t>(a[wa - 1]));
    mix(static_cast<std::uint64_t>(a.range(wa - 1, wa / 2).to_uint64()));
    mix_result(a + 3);
    mix_result(5u - a);
    mix_result(a * ap_int<7>(-9));
    mix(static_cast<std::uint64_t>(a < 1) | static_cast<std::uint64_t>(a == 0) << 1);
    mix(static_cast<std::uint64_t>(!a));
    count_up_and_down<I, W>(a);
  }
  end();
}

/// Every operator between two integers.
template <typename A, typename B>
void int_case(int wa, int wb, std::uint64_t most, std::uint32_t seed) {
  begin();
  random_state = seed;
  const std::uint64_t na = wa <= 6 && wb <= 6 ? test_count(wa, most) : most;
  const std::uint64_t nb = wa <= 6 && wb <= 6 ? test_count(wb, most) : 1;
  for (std::uint64_t i = 0; i < na; ++i)
    for (std::uint64_t j = 0; j < nb; ++j) {
      A a = from_bits<A>(wa, test_bits(wa, i));
      const B b = from_bits<B>(wb, test_bits(wb, nb > 1 ? j : i * 7 % 1000003u));
      mix_result(a + b);
      mix_result(a - b);
      mix_result(a * b);
      mix_result(a & b);
      mix_result(a | b);
      mix_result(a ^ b);
      mix_result(-a);
      mix_result(~a);
      MIX_COMPARISONS(a, b);
      if (b != 0) {
        mix_result(a / b);
        mix_result(a % b);
      }
      const A left = a << b;
      const A right = a >> b;
      // A distance beyond the width is left out where the vendor's carrier wraps it.
      if (b < wa && b > -wa) {
        mix_result(left);
        mix_result(right);
      }
      const A by_int = a >> 3;
      mix_result(by_int);
      A c = a;
      c += b;
      mix_result(c);
      c -= 7;
      mix_result(c);
      c *= b;
      mix_result(c);
      c ^= a;
      c++;
      mix_result(c);
      c.range(wa - 1, wa / 2) = b;
      mix_result(c);
      c[wa / 3] = !c[wa / 3];
      mix_result(c);
      const B cut = a;
      mix_result(cut);
      mix(static_cast<std::uint64_t>(a.range(wa / 2, 0).to_uint64()));
      mix(static_cast<std::uint64_t>(a.or_reduce()) | static_cast<std::uint64_t>(a.and_reduce()) << 1);
      mix(static_cast<std::uint64_t>(a.to_int()));
      mix(static_cast<std::uint64_t>(a < 3) | static_cast<std::uint64_t>(-2 <= a) << 1);
      mix_double(a.to_double());
      const ap_uint<128> joined = a.concat(b);
      mix_result(joined);
    }
  end();
}

}  // namespace

int main(int argc, char **argv) {
  if (argc > 1) dumped_case = std::atoi(argv[1]);
#include CASES
  return 0;
}
