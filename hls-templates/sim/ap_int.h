// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Stand-in for the vendor's ap_int.h, for C simulation without the vendor's tools. Written from AMD UG1399,
// "Arbitrary Precision Integer Data Types": `ap_int<W>`, `ap_uint<W>`, result types that grow, bit and range
// access. `test/sim-headers` holds it to the vendor's public headers.
//
// Left out: concatenations as an assignment target, istream input, xor_reduce (the vendor's simulation takes the
// parity of the sign-extended carrier).
// Defining VETOC_SIM_POISON fills default-constructed values with a pattern: a design that reads what it never
// wrote then gives different bits.
#ifndef VETOC_SIM_AP_INT_H
#define VETOC_SIM_AP_INT_H

#include <ostream>
#include <string>

#include "vetoc_sim_bits.h"

enum ap_q_mode { AP_RND, AP_RND_ZERO, AP_RND_MIN_INF, AP_RND_INF, AP_RND_CONV, AP_TRN, AP_TRN_ZERO };
enum ap_o_mode { AP_SAT, AP_SAT_ZERO, AP_SAT_SYM, AP_WRAP, AP_WRAP_SM };

typedef signed long long ap_slong;
typedef unsigned long long ap_ulong;

template <int W>
struct ap_int;
template <int W>
struct ap_uint;
template <int W, bool S>
struct ap_int_base;
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
struct ap_fixed;
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
struct ap_ufixed;
template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
struct ap_fixed_base;

namespace vetoc_sim {

template <int W, bool S>
struct int_of {
  typedef ap_int<W> type;
};
template <int W>
struct int_of<W, false> {
  typedef ap_uint<W> type;
};
/// The arbitrary-precision type of a C++ integer.
template <typename T>
using int_like = ap_int_base<integer_shape<T>::width, integer_shape<T>::is_signed>;

/// Result types of binary operators.
template <int W1, bool S1, int W2, bool S2>
struct int_result {
  static constexpr int common = larger(W1 + (S2 && !S1), W2 + (S1 && !S2));
  typedef typename int_of<common + 1, (S1 || S2)>::type sum;
  typedef typename int_of<common + 1, true>::type difference;
  typedef typename int_of<W1 + W2, (S1 || S2)>::type product;
  typedef typename int_of<W1 + S2, (S1 || S2)>::type quotient;
  typedef typename int_of<smaller(W1, W2 + (S1 && !S2)), S1>::type remainder;
  typedef typename int_of<common, (S1 || S2)>::type logic;
  /// Holds either operand and their comparison.
  typedef carrier<larger(W1, W2) + 2> both;
};

/// What a default-constructed value holds.
template <int W, bool S>
constexpr typename storage_of<W, S>::type unset() {
  typedef typename storage_of<W, S>::type storage;
#ifdef VETOC_SIM_POISON
  return to<storage>(wrap<W, S>(to<carrier<W + 1>>(std::int64_t(0x2b2b2b2b2b2b2b2bLL))));
#else
  return to<storage>(std::int64_t(0));
#endif
}

/// Bits [high..low] of some storage as a value and as a target; high < low reads them reversed.
template <int W, bool S>
struct range_ref {
  typedef typename storage_of<W, S>::type storage;
  typedef carrier<W + 1> wide_value;

  range_ref(storage *target, int high, int low) : target_(target), high_(high), low_(low) {
    if (high < 0 || low < 0 || high >= W || low >= W) fail("range() outside the word");
  }
  range_ref(const range_ref &) = default;

  int length() const { return (high_ > low_ ? high_ - low_ : low_ - high_) + 1; }

  /// The bits, right-aligned, zero-extended, in carrier C (low bits kept).
  template <typename C>
  C get() const {
    const int n = length();
    const wide_value whole = to<wide_value>(*target_);
    if (high_ < low_) {
      wide_value r = to<wide_value>(std::int64_t(0));
      for (int i = 0; i < n; ++i)
        if (bit_at(whole, high_ + i)) r = r | power_of_two<wide_value>(n - 1 - i);
      return to<C>(r);
    }
    const wide_value r = shift_right(whole, low_) & low_mask<wide_value>(n);
    return to<C>(r);
  }
  void set(wide_value value) {
    const int n = length();
    const wide_value mask = low_mask<wide_value>(n);
    wide_value bits = value & mask;
    if (high_ < low_) {
      wide_value r = to<wide_value>(std::int64_t(0));
      for (int i = 0; i < n; ++i)
        if (bit_at(bits, i)) r = r | power_of_two<wide_value>(n - 1 - i);
      bits = r;
    }
    const int low = smaller(high_, low_);
    const wide_value whole = to<wide_value>(*target_);
    *target_ = to<storage>(wrap<W, S>((whole & ~shift_left(mask, low)) | shift_left(bits, low)));
  }

  range_ref &operator=(const range_ref &other) {
    set(other.template get<wide_value>());
    return *this;
  }
  template <int W2, bool S2>
  range_ref &operator=(const range_ref<W2, S2> &other) {
    set(other.template get<wide_value>());
    return *this;
  }
  template <int W2, bool S2>
  range_ref &operator=(const ap_int_base<W2, S2> &value) {
    set(to<wide_value>(value.V));
    return *this;
  }
  template <typename T, if_integer<T> = 0>
  range_ref &operator=(T value) {
    set(to<wide_value>(value));
    return *this;
  }
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  range_ref &operator=(const ap_fixed_base<W2, I2, S2, Q2, O2, N2> &value) {
    return *this = value.to_ap_int_base();
  }

  operator ap_ulong() const { return static_cast<ap_ulong>(get<std::int64_t>()); }
  int to_int() const { return static_cast<int>(get<std::int64_t>()); }
  unsigned to_uint() const { return static_cast<unsigned>(get<std::int64_t>()); }
  ap_slong to_int64() const { return get<std::int64_t>(); }
  ap_ulong to_uint64() const { return static_cast<ap_ulong>(get<std::int64_t>()); }
  std::string to_string(int radix = 2) const { return to_digits(get<wide_value>(), length(), radix); }

 private:
  storage *target_;
  int high_;
  int low_;
};

/// One bit as a value and as a target.
template <int W, bool S>
struct bit_ref {
  typedef typename storage_of<W, S>::type storage;
  bit_ref(storage *target, int index) : target_(target), index_(index) {
    if (index < 0 || index >= W) fail("bit access outside the word");
  }
  bit_ref(const bit_ref &) = default;
  operator bool() const { return bit_at(to<carrier<W + 1>>(*target_), index_); }
  bool to_bool() const { return *this; }
  bool operator~() const { return !static_cast<bool>(*this); }
  bit_ref &operator=(bool value) {
    range_ref<W, S>(target_, index_, index_) = value;
    return *this;
  }
  bit_ref &operator=(const bit_ref &other) { return *this = static_cast<bool>(other); }
  template <int W2, bool S2>
  bit_ref &operator=(const bit_ref<W2, S2> &other) {
    return *this = static_cast<bool>(other);
  }
  template <int W2, bool S2>
  bit_ref &operator=(const ap_int_base<W2, S2> &value) {
    return *this = !is_zero(to<carrier<W2 + 1>>(value.V));
  }
  template <typename T, if_integer<T> = 0>
  bit_ref &operator=(T value) {
    return *this = value != 0;
  }

 private:
  storage *target_;
  int index_;
};

/// A double truncated towards zero, low W bits.
template <typename C, int W>
inline C truncate_double(double x) {
  if (!(x - x == 0.0)) fail("an integer made from infinity or NaN");
  const bool negative = x < 0;
  double m = negative ? -x : x;
  int up = 0;
  for (; m >= 9007199254740992.0; m /= 2.0) ++up;
  const C whole = shift_left(to<C>(static_cast<std::int64_t>(m)), up);
  return negative ? to<C>(std::int64_t(0)) - whole : whole;
}

}  // namespace vetoc_sim

template <int W, bool S>
struct ap_int_base {
  static_assert(W >= 1, "ap_int needs at least one bit");
  typedef typename vetoc_sim::storage_of<W, S>::type storage;
  /// Holds every value of the type as a signed number.
  typedef vetoc_sim::carrier<W + (S ? 0 : 1)> value_type;
  static constexpr int width = W;
  static constexpr bool sign_flag = S;

  storage V;

  constexpr ap_int_base() : V(vetoc_sim::unset<W, S>()) {}
  template <typename T, vetoc_sim::if_integer<T> = 0>
  constexpr ap_int_base(T x) : V(cut(vetoc_sim::to<vetoc_sim::carrier<W + 1>>(x))) {}
  template <int W2, bool S2>
  constexpr ap_int_base(const ap_int_base<W2, S2> &x) : V(cut(vetoc_sim::to<vetoc_sim::carrier<W + 1>>(x.V))) {}
  template <int W2, bool S2>
  ap_int_base(const vetoc_sim::range_ref<W2, S2> &x) : V(cut(x.template get<vetoc_sim::carrier<W + 1>>())) {}
  template <int W2, bool S2>
  ap_int_base(const vetoc_sim::bit_ref<W2, S2> &x) : ap_int_base(static_cast<bool>(x)) {}
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  ap_int_base(const ap_fixed_base<W2, I2, S2, Q2, O2, N2> &x) : ap_int_base(x.to_ap_int_base()) {}
  ap_int_base(double x) : V(cut(vetoc_sim::truncate_double<vetoc_sim::carrier<W + 64>, W>(x))) {}
  ap_int_base(float x) : ap_int_base(static_cast<double>(x)) {}
  ap_int_base(const char *digits, int radix = 0)
      : V(cut(vetoc_sim::from_digits<vetoc_sim::wide<W / 64 + 2>>(digits, radix))) {}

  /// Stores the low W bits of a carrier.
  template <typename C>
  static constexpr storage cut(const C &x) {
    // Where the storage has exactly W bits the conversion itself cuts: compilers vectorize that.
    return W == 8 * static_cast<int>(sizeof(storage)) ? vetoc_sim::to<storage>(x)
                                                      : vetoc_sim::to<storage>(vetoc_sim::wrap<W, S>(x));
  }
  /// From a carrier whose value is known to fit.
  template <typename C>
  static ap_int_base exact(const C &x) {
    ap_int_base r;
    r.V = vetoc_sim::to<storage>(x);
    return r;
  }
  constexpr value_type value() const { return vetoc_sim::to<value_type>(V); }

  operator typename std::conditional<S, ap_slong, ap_ulong>::type() const {
    return vetoc_sim::to<typename std::conditional<S, ap_slong, ap_ulong>::type>(V);
  }
  bool to_bool() const { return !iszero(); }
  char to_char() const { return vetoc_sim::to<char>(V); }
  short to_short() const { return vetoc_sim::to<short>(V); }
  int to_int() const { return vetoc_sim::to<int>(V); }
  unsigned to_uint() const { return vetoc_sim::to<unsigned>(V); }
  long to_long() const { return vetoc_sim::to<long>(V); }
  unsigned long to_ulong() const { return vetoc_sim::to<unsigned long>(V); }
  ap_slong to_int64() const { return vetoc_sim::to<ap_slong>(V); }
  ap_ulong to_uint64() const { return vetoc_sim::to<ap_ulong>(V); }
  double to_double() const { return vetoc_sim::to_double(value()); }
  float to_float() const { return static_cast<float>(to_double()); }
  std::string to_string(int radix = 2) const { return vetoc_sim::to_digits(value(), W, radix); }

  constexpr int length() const { return W; }
  bool iszero() const { return vetoc_sim::is_zero(value()); }
  bool is_zero() const { return iszero(); }
  bool sign() const { return vetoc_sim::is_negative(value()); }
  bool operator!() const { return iszero(); }

  // --- bits
  vetoc_sim::range_ref<W, S> range(int high, int low) { return {&V, high, low}; }
  vetoc_sim::range_ref<W, S> range(int high, int low) const { return {const_cast<storage *>(&V), high, low}; }
  vetoc_sim::range_ref<W, S> range() { return range(W - 1, 0); }
  vetoc_sim::range_ref<W, S> range() const { return range(W - 1, 0); }
  vetoc_sim::range_ref<W, S> operator()(int high, int low) { return range(high, low); }
  vetoc_sim::range_ref<W, S> operator()(int high, int low) const { return range(high, low); }
  vetoc_sim::bit_ref<W, S> operator[](int index) { return {&V, index}; }
  bool operator[](int index) const { return get_bit(index); }
  vetoc_sim::bit_ref<W, S> bit(int index) { return {&V, index}; }
  bool bit(int index) const { return get_bit(index); }
  bool test(int index) const { return get_bit(index); }
  bool get_bit(int index) const {
    if (index < 0 || index >= W) vetoc_sim::fail("bit access outside the word");
    return vetoc_sim::bit_at(value(), index);
  }
  void set_bit(int index, bool v) { (*this)[index] = v; }
  void set(int index) { (*this)[index] = true; }
  void set(int index, bool v) { (*this)[index] = v; }
  void clear(int index) { (*this)[index] = false; }
  void invert(int index) { (*this)[index] = !get_bit(index); }
  template <int W2, bool S2>
  typename vetoc_sim::int_of<W + W2, false>::type concat(const ap_int_base<W2, S2> &low) const {
    typedef vetoc_sim::carrier<W + W2 + 1> C;
    const C tail = vetoc_sim::wrap<W2, false>(vetoc_sim::to<C>(low.V));
    const C head = vetoc_sim::wrap<W, false>(vetoc_sim::to<C>(V));
    return vetoc_sim::int_of<W + W2, false>::type::exact(vetoc_sim::shift_left(head, W2) | tail);
  }
  bool and_reduce() const { return (~*this).iszero(); }
  bool or_reduce() const { return !iszero(); }
  bool nand_reduce() const { return !and_reduce(); }
  bool nor_reduce() const { return !or_reduce(); }

  // --- unary
  typename vetoc_sim::int_of<W, S>::type operator+() const { return *this; }
  typename vetoc_sim::int_result<1, false, W, S>::difference operator-() const { return ap_int_base<1, false>(0) - *this; }
  typename vetoc_sim::int_of<W, S>::type operator~() const {
    return vetoc_sim::int_of<W, S>::type::exact(vetoc_sim::wrap<W, S>(~value()));
  }
  ap_int_base &operator++() { return *this += ap_int_base<1, false>(1); }
  ap_int_base &operator--() { return *this -= ap_int_base<1, false>(1); }
  typename vetoc_sim::int_of<W, S>::type operator++(int) {
    const ap_int_base before = *this;
    ++*this;
    return before;
  }
  typename vetoc_sim::int_of<W, S>::type operator--(int) {
    const ap_int_base before = *this;
    --*this;
    return before;
  }

  // --- shifts keep the type of the left operand; a negative distance goes the other way
  ap_int_base shifted_left(ap_slong distance) const {
    if (distance < 0) return shifted_right(-distance);
    return exact(vetoc_sim::wrap<W, S>(vetoc_sim::shift_left(value(), clamped(distance))));
  }
  ap_int_base shifted_right(ap_slong distance) const {
    if (distance < 0) return shifted_left(-distance);
    return exact(vetoc_sim::shift_right(value(), clamped(distance)));
  }

 private:
  static constexpr int clamped(ap_slong distance) { return distance > W + 64 ? W + 64 : static_cast<int>(distance); }
};

template <int W>
struct ap_int : ap_int_base<W, true> {
  typedef ap_int_base<W, true> Base;
  using Base::Base;
  constexpr ap_int() : Base() {}
  constexpr ap_int(const Base &x) : Base(x) {}
  template <typename C>
  static ap_int exact(const C &x) {
    return Base::exact(x);
  }
};
template <int W>
struct ap_uint : ap_int_base<W, false> {
  typedef ap_int_base<W, false> Base;
  using Base::Base;
  constexpr ap_uint() : Base() {}
  constexpr ap_uint(const Base &x) : Base(x) {}
  template <typename C>
  static ap_uint exact(const C &x) {
    return Base::exact(x);
  }
};

// --- Binary operators ----------------------------------------------------------------------------------------

#define VETOC_INT_OPERATOR(SYMBOL, RESULT)                                                                           \
  template <int W1, bool S1, int W2, bool S2>                                                                        \
  inline typename vetoc_sim::int_result<W1, S1, W2, S2>::RESULT operator SYMBOL(const ap_int_base<W1, S1> &a,        \
                                                                                const ap_int_base<W2, S2> &b) {      \
    typedef typename vetoc_sim::int_result<W1, S1, W2, S2>::RESULT R;                                                \
    typedef typename R::value_type C;                                                                                \
    return R::exact(vetoc_sim::to<C>(a.V) SYMBOL vetoc_sim::to<C>(b.V));                                             \
  }
VETOC_INT_OPERATOR(+, sum)
VETOC_INT_OPERATOR(-, difference)
VETOC_INT_OPERATOR(*, product)
VETOC_INT_OPERATOR(&, logic)
VETOC_INT_OPERATOR(|, logic)
VETOC_INT_OPERATOR(^, logic)
#undef VETOC_INT_OPERATOR

namespace vetoc_sim {

/// The operands of / and %. As in C, mixed signs do not mean what they look like: when the wider operand is
/// unsigned, both are read as unsigned.
template <int W1, bool S1, int W2, bool S2>
struct division {
  static constexpr int width = larger(W1, W2) + (S1 || S2);
  static constexpr bool is_signed = W1 > W2 ? S1 : W2 > W1 ? S2 : (S1 || S2);
  typedef carrier<width + 1> C;
  C n;
  C d;
  division(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b)
      : n(wrap<width, is_signed>(to<C>(a.V))), d(wrap<width, is_signed>(to<C>(b.V))) {
    if (is_zero(d)) fail("division by zero");
  }
  C quotient() const { return divide(n, d); }
  C remainder() const { return !S1 && is_negative(d) ? n : n - divide(n, d) * d; }
};

/// Whether comparing reads a negative operand as a large unsigned one: C's rule, for widths from 32 up.
template <int W1, bool S1, int W2, bool S2>
struct compares_unsigned {
  static constexpr bool value = S1 != S2 && (W1 >= 32 || W2 >= 32) && (S1 ? W2 >= W1 : W1 >= W2);
};
/// `a < b` of mantissas with the widths and signs that the vendor's comparison sees.
template <int W1, bool S1, int W2, bool S2, typename C>
constexpr bool less(const C &a, const C &b) {
  return compares_unsigned<W1, S1, W2, S2>::value && (is_negative(a) || is_negative(b)) ? is_negative(b) : a < b;
}

/// Whether == reads a negative operand as a large unsigned one: it compares bit patterns, of 64 bits where the widths
/// are the same and at most that, else of the wider width and at least 32. An unsigned operand of so many bits can
/// have the pattern of a negative one.
template <int W1, bool S1, int W2, bool S2>
struct equates_patterns {
  static constexpr int width = W1 == W2 && W1 <= 64 ? 64 : larger(larger(W1, W2), 32);
  static constexpr bool value = S1 != S2 && (S1 ? W2 : W1) == width;
};
/// `a == b` of mantissas with the widths and signs that the vendor's comparison sees.
template <int W1, bool S1, int W2, bool S2, typename C>
constexpr bool equal(const C &a, const C &b) {
  typedef equates_patterns<W1, S1, W2, S2> P;
  return a == b || (P::value && wrap<P::width, false>(a) == wrap<P::width, false>(b));
}

}  // namespace vetoc_sim

template <int W1, bool S1, int W2, bool S2>
inline typename vetoc_sim::int_result<W1, S1, W2, S2>::quotient operator/(const ap_int_base<W1, S1> &a,
                                                                          const ap_int_base<W2, S2> &b) {
  typedef typename vetoc_sim::int_result<W1, S1, W2, S2>::quotient R;
  return R(R::Base::exact(R::cut(vetoc_sim::division<W1, S1, W2, S2>(a, b).quotient())));
}
template <int W1, bool S1, int W2, bool S2>
inline typename vetoc_sim::int_result<W1, S1, W2, S2>::remainder operator%(const ap_int_base<W1, S1> &a,
                                                                           const ap_int_base<W2, S2> &b) {
  typedef typename vetoc_sim::int_result<W1, S1, W2, S2>::remainder R;
  return R(R::Base::exact(R::cut(vetoc_sim::division<W1, S1, W2, S2>(a, b).remainder())));
}

template <int W1, bool S1, int W2, bool S2>
inline bool operator<(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {
  typedef typename vetoc_sim::int_result<W1, S1, W2, S2>::both C;
  return vetoc_sim::less<W1, S1, W2, S2>(vetoc_sim::to<C>(a.V), vetoc_sim::to<C>(b.V));
}
template <int W1, bool S1, int W2, bool S2>
inline bool operator>(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {
  return b < a;
}
template <int W1, bool S1, int W2, bool S2>
inline bool operator<=(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {
  return !(b < a);
}
template <int W1, bool S1, int W2, bool S2>
inline bool operator>=(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {
  return !(a < b);
}
template <int W1, bool S1, int W2, bool S2>
inline bool operator==(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {
  typedef typename vetoc_sim::int_result<W1, S1, W2, S2>::both C;
  return vetoc_sim::equal<W1, S1, W2, S2>(vetoc_sim::to<C>(a.V), vetoc_sim::to<C>(b.V));
}
template <int W1, bool S1, int W2, bool S2>
inline bool operator!=(const ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {
  return !(a == b);
}

#define VETOC_INT_COMPARISON(SYMBOL)                                                                                 \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline bool operator SYMBOL(const ap_int_base<W, S> &a, T b) {                                                     \
    return a SYMBOL vetoc_sim::int_like<T>(b);                                                                       \
  }                                                                                                                  \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline bool operator SYMBOL(T a, const ap_int_base<W, S> &b) {                                                     \
    return vetoc_sim::int_like<T>(a) SYMBOL b;                                                                       \
  }
VETOC_INT_COMPARISON(==)
VETOC_INT_COMPARISON(!=)
VETOC_INT_COMPARISON(<)
VETOC_INT_COMPARISON(<=)
VETOC_INT_COMPARISON(>)
VETOC_INT_COMPARISON(>=)
#undef VETOC_INT_COMPARISON

// Mixed with C++ integers, and the assigning forms.
#define VETOC_INT_MIXED(SYMBOL, ASSIGN)                                                                              \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline auto operator SYMBOL(const ap_int_base<W, S> &a, T b)->decltype(a SYMBOL vetoc_sim::int_like<T>()) {        \
    return a SYMBOL vetoc_sim::int_like<T>(b);                                                                       \
  }                                                                                                                  \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline auto operator SYMBOL(T a, const ap_int_base<W, S> &b)->decltype(vetoc_sim::int_like<T>() SYMBOL b) {        \
    return vetoc_sim::int_like<T>(a) SYMBOL b;                                                                       \
  }                                                                                                                  \
  template <int W1, bool S1, int W2, bool S2>                                                                        \
  inline ap_int_base<W1, S1> &operator ASSIGN(ap_int_base<W1, S1> &a, const ap_int_base<W2, S2> &b) {                \
    return a = ap_int_base<W1, S1>(a SYMBOL b);                                                                      \
  }                                                                                                                  \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline ap_int_base<W, S> &operator ASSIGN(ap_int_base<W, S> &a, T b) {                                             \
    return a = ap_int_base<W, S>(a SYMBOL vetoc_sim::int_like<T>(b));                                                \
  }
VETOC_INT_MIXED(+, +=)
VETOC_INT_MIXED(-, -=)
VETOC_INT_MIXED(*, *=)
VETOC_INT_MIXED(/, /=)
VETOC_INT_MIXED(%, %=)
VETOC_INT_MIXED(&, &=)
VETOC_INT_MIXED(|, |=)
VETOC_INT_MIXED(^, ^=)
#undef VETOC_INT_MIXED

#define VETOC_INT_SHIFT(SYMBOL, ASSIGN, METHOD)                                                                      \
  template <int W, bool S, int W2, bool S2>                                                                          \
  inline typename vetoc_sim::int_of<W, S>::type operator SYMBOL(const ap_int_base<W, S> &a,                          \
                                                                const ap_int_base<W2, S2> &b) {                      \
    return a.METHOD(S2 ? b.to_int64() : static_cast<ap_slong>(b.to_uint()));                                         \
  }                                                                                                                  \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline typename vetoc_sim::int_of<W, S>::type operator SYMBOL(const ap_int_base<W, S> &a, T b) {                   \
    return a.METHOD(static_cast<ap_slong>(b));                                                                       \
  }                                                                                                                  \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline auto operator SYMBOL(T a, const ap_int_base<W, S> &b)->decltype(vetoc_sim::int_like<T>() SYMBOL b) {        \
    return vetoc_sim::int_like<T>(a) SYMBOL b;                                                                       \
  }                                                                                                                  \
  template <int W, bool S, int W2, bool S2>                                                                          \
  inline ap_int_base<W, S> &operator ASSIGN(ap_int_base<W, S> &a, const ap_int_base<W2, S2> &b) {                    \
    return a = a SYMBOL b;                                                                                           \
  }                                                                                                                  \
  template <int W, bool S, typename T, vetoc_sim::if_integer<T> = 0>                                                 \
  inline ap_int_base<W, S> &operator ASSIGN(ap_int_base<W, S> &a, T b) {                                             \
    return a = a.METHOD(static_cast<ap_slong>(b));                                                                   \
  }
VETOC_INT_SHIFT(<<, <<=, shifted_left)
VETOC_INT_SHIFT(>>, >>=, shifted_right)
#undef VETOC_INT_SHIFT

/// `(high, low)` joins two values.
template <int W1, bool S1, int W2, bool S2>
inline typename vetoc_sim::int_of<W1 + W2, false>::type operator,(const ap_int_base<W1, S1> &high,
                                                                  const ap_int_base<W2, S2> &low) {
  return high.concat(low);
}

template <int W, bool S>
inline std::ostream &operator<<(std::ostream &out, const ap_int_base<W, S> &x) {
  const std::ios_base::fmtflags base = out.flags() & std::ios_base::basefield;
  return out << x.to_string(base == std::ios_base::hex ? 16 : base == std::ios_base::oct ? 8 : 10);
}

#endif
