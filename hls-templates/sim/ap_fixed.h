// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Stand-in for the vendor's ap_fixed.h, for C simulation without the vendor's tools. Written from AMD UG1399,
// "Arbitrary Precision Fixed-Point Data Types": `ap_fixed<W,I,Q,O,N>`, `ap_ufixed<W,I,Q,O,N>`, every quantization
// and overflow mode, result types that grow, bit and range access on the mantissa. `test/sim-headers` holds it to
// the vendor's public headers.
//
// Left out: arithmetic mixed with floating point (comparisons are there), strings in decimal notation.
#ifndef VETOC_SIM_AP_FIXED_H
#define VETOC_SIM_AP_FIXED_H

#include <cmath>

#include "ap_int.h"

template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_fixed;
template <int W, int I, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_ufixed;

namespace vetoc_sim {

template <int W, int I, bool S>
struct fixed_of {
  typedef ap_fixed<W, I, AP_TRN, AP_WRAP, 0> type;
};
template <int W, int I>
struct fixed_of<W, I, false> {
  typedef ap_ufixed<W, I, AP_TRN, AP_WRAP, 0> type;
};
template <int W, bool S>
using fixed_from_int = ap_fixed_base<W, W, S, AP_TRN, AP_WRAP, 0>;
template <typename T>
using fixed_like = fixed_from_int<integer_shape<T>::width, integer_shape<T>::is_signed>;

/// Result types of binary operators.
template <int W1, int I1, bool S1, int W2, int I2, bool S2>
struct fixed_result {
  static constexpr int f1 = W1 - I1;
  static constexpr int f2 = W2 - I2;
  static constexpr int fraction = larger(f1, f2);
  static constexpr int integer = larger(I1 + (S2 && !S1), I2 + (S1 && !S2));
  typedef typename fixed_of<integer + 1 + fraction, integer + 1, (S1 || S2)>::type sum;
  typedef typename fixed_of<integer + 1 + fraction, integer + 1, true>::type difference;
  typedef typename fixed_of<W1 + W2, I1 + I2, (S1 || S2)>::type product;
  typedef typename fixed_of<S2 + W1 + larger(f2, 0), S2 + I1 + f2, (S1 || S2)>::type quotient;
  typedef typename fixed_of<integer + fraction, integer, (S1 || S2)>::type logic;
  /// Left shifts that bring both mantissas to the common fraction.
  static constexpr int up1 = fraction - f1;
  static constexpr int up2 = fraction - f2;
  /// Holds either mantissa so aligned.
  typedef carrier<larger(W1 + up1, W2 + up2) + 2> aligned;
  /// Widths that a comparison sees: the vendor gives a left operand that is shifted one bit more.
  static constexpr int seen1 = up1 > 0 ? W1 + up1 + 1 : W1;
  static constexpr int seen2 = W2 + up2;
};

/// Whether `floor` goes up by one. `half` is the highest dropped bit, `rest` any bit below it.
template <ap_q_mode Q>
constexpr bool rounds_up(bool half, bool rest, bool negative, bool odd) {
  return Q == AP_TRN             ? false
         : Q == AP_TRN_ZERO      ? negative && (half || rest)
         : Q == AP_RND           ? half
         : Q == AP_RND_ZERO      ? half && (rest || negative)
         : Q == AP_RND_MIN_INF   ? half && rest
         : Q == AP_RND_INF       ? half && (rest || !negative)
                                 : half && (rest || odd);
}

/// floor(x / 2^down) with the rounding of Q; `down` >= 0, any size. C has a bit to spare.
template <ap_q_mode Q, typename C>
constexpr C round_right(const C &x, int down) {
  return down == 0 ? x
         : rounds_up<Q>(bit_at(x, down - 1), any_low_bits(x, down - 1), is_negative(x), bit_at(x, down))
             ? shift_right(x, down) + to<C>(std::int64_t(1))
             : shift_right(x, down);
}

/// What `AP_WRAP` and `AP_WRAP_SM` with N saturated bits keep of an overflowed value: `low` holds its low W bits.
template <int W, bool S, ap_o_mode O, int N, typename C>
inline C wrap_overflowed(C low, bool negative, bool lowest_dropped) {
  const C top = power_of_two<C>(W - 1);
  const C saturated = low_mask<C>(W) ^ low_mask<C>(W - N);
  const C all = low_mask<C>(W);
  if (!S) return N == 0 ? low : low | saturated;
  if (O == AP_WRAP) {
    if (N == 0) return low;
    return negative ? (low & ~saturated) | top : (low | saturated) & ~top;
  }
  const bool kept = bit_at(low, W - 1);
  if (N == 0) {
    if (lowest_dropped != kept) low = (low ^ all);
    return lowest_dropped ? low | top : low & ~top;
  }
  if (N == 1) {
    if (negative != kept) low = low ^ all;
    return negative ? low | top : low & ~top;
  }
  if (bit_at(low, W - N) == negative) low = low ^ all;
  return negative ? (low & ~saturated) | top : (low | saturated) & ~top;
}

/// The mantissa kept of `x`, already rounded to the target's fraction.
template <int W, bool S, ap_o_mode O, int N, typename C>
inline C keep(const C &x, bool lowest_dropped) {
  const C one = to<C>(std::int64_t(1));
  if (O == AP_WRAP && N == 0) return wrap<W, S>(x);
  const C high = low_mask<C>(S ? W - 1 : W);
  const C least = S ? ~high : to<C>(std::int64_t(0));
  // A one-bit signed format has no symmetric range: the vendor's headers keep -1.
  const C low = O == AP_SAT_SYM && S && W > 1 ? least + one : least;
  if (x >= low && x <= high) return x;
  if (O == AP_SAT_ZERO) return to<C>(std::int64_t(0));
  if (O == AP_SAT || O == AP_SAT_SYM) return x > high ? high : low;
  return wrap<W, S>(wrap_overflowed<W, S, O, N>(wrap<W, false>(x), is_negative(x), lowest_dropped));
}

/// The mantissa in a format with F fraction bits of the mantissa `x` with F2.
template <int W, int F, bool S, ap_q_mode Q, ap_o_mode O, int N, int W2, int F2, bool S2, typename V>
inline typename storage_of<W, S>::type assign_fixed(const V &x) {
  constexpr int up = F > F2 ? F - F2 : 0;
  constexpr int down = F2 > F ? F2 - F : 0;
  // A pure wrap needs no more than the low bits.
  constexpr int kept_up = O == AP_WRAP && N == 0 ? smaller(up, W) : up;
  typedef carrier<larger(W + 3, W2 + kept_up + 3)> C;
  const C source = to<C>(x);
  const C floor = shift_right(source, down);
  const C value = down > 0 ? round_right<Q>(source, down) : shift_left(source, kept_up);
  return to<typename storage_of<W, S>::type>(keep<W, S, O, N>(value, bit_at(down > 0 ? floor : value, W)));
}

}  // namespace vetoc_sim

template <int W, int I, bool S, ap_q_mode Q = AP_TRN, ap_o_mode O = AP_WRAP, int N = 0>
struct ap_fixed_base;

template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
struct ap_fixed_base {
  static_assert(W >= 1, "ap_fixed needs at least one bit");
  static_assert(N >= 0 && N <= W, "saturated bits lie within the width");
  static_assert(S || O != AP_WRAP_SM, "ap_ufixed cannot wrap by sign and magnitude");
  typedef typename vetoc_sim::storage_of<W, S>::type storage;
  typedef vetoc_sim::carrier<W + (S ? 0 : 1)> value_type;
  static constexpr int width = W;
  static constexpr int iwidth = I;
  static constexpr int fwidth = W - I;
  static constexpr bool sign_flag = S;
  static constexpr ap_q_mode qmode = Q;
  static constexpr ap_o_mode omode = O;

  /// The mantissa.
  storage V;

  constexpr ap_fixed_base() : V(vetoc_sim::unset<W, S>()) {}
  template <int W2, int I2, bool S2, ap_q_mode Q2, ap_o_mode O2, int N2>
  ap_fixed_base(const ap_fixed_base<W2, I2, S2, Q2, O2, N2> &x)
      : V(vetoc_sim::assign_fixed<W, W - I, S, Q, O, N, W2, W2 - I2, S2>(x.V)) {}
  template <int W2, bool S2>
  ap_fixed_base(const ap_int_base<W2, S2> &x) : V(vetoc_sim::assign_fixed<W, W - I, S, Q, O, N, W2, 0, S2>(x.V)) {}
  template <typename T, vetoc_sim::if_integer<T> = 0>
  ap_fixed_base(T x) : ap_fixed_base(vetoc_sim::int_like<T>(x)) {}
  template <int W2, bool S2>
  ap_fixed_base(const vetoc_sim::range_ref<W2, S2> &x) : ap_fixed_base(ap_int_base<W2, false>(x)) {}
  template <int W2, bool S2>
  ap_fixed_base(const vetoc_sim::bit_ref<W2, S2> &x) : ap_fixed_base(static_cast<bool>(x)) {}
  ap_fixed_base(double x) : V(from_double(x)) {}
  ap_fixed_base(float x) : V(from_double(static_cast<double>(x))) {}

  /// From a carrier whose value is known to fit.
  template <typename C>
  static ap_fixed_base exact(const C &mantissa) {
    ap_fixed_base r;
    r.V = vetoc_sim::to<storage>(mantissa);
    return r;
  }
  constexpr value_type value() const { return vetoc_sim::to<value_type>(V); }

  /// Integer part, truncated towards zero. With no integer bit at all, -1 for every negative value: the one-bit
  /// result of the vendor's headers wraps (below that, with I < 0, theirs is not defined).
  typename vetoc_sim::int_of<vetoc_sim::larger(I, 1), S>::type to_ap_int_base() const {
    typedef typename vetoc_sim::int_of<vetoc_sim::larger(I, 1), S>::type R;
    typedef vetoc_sim::carrier<vetoc_sim::larger(I, W) + 2> C;
    constexpr int down = W > I ? W - I : 0;
    constexpr int up = I > W ? I - W : 0;
    const C x = vetoc_sim::to<C>(V);
    if (down == 0) return R::exact(vetoc_sim::shift_left(x, up));
    if (I == 0) return R::exact(vetoc_sim::to<C>(std::int64_t(vetoc_sim::is_negative(x) ? -1 : 0)));
    return R::exact(vetoc_sim::wrap<vetoc_sim::larger(I, 1), S>(vetoc_sim::round_right<AP_TRN_ZERO>(x, down)));
  }
  bool to_bool() const { return !is_zero(); }
  char to_char() const { return to_ap_int_base().to_char(); }
  int to_int() const { return to_ap_int_base().to_int(); }
  unsigned to_uint() const { return to_ap_int_base().to_uint(); }
  ap_slong to_int64() const { return to_ap_int_base().to_int64(); }
  ap_ulong to_uint64() const { return to_ap_int_base().to_uint64(); }
  double to_double() const { return std::ldexp(vetoc_sim::to_double(value()), I - W); }
  float to_float() const { return static_cast<float>(to_double()); }
  /// The mantissa's digits, without a binary point.
  std::string to_string(int radix = 2) const { return vetoc_sim::to_digits(value(), W, radix); }
  template <typename T, typename std::enable_if<std::is_arithmetic<T>::value, int>::type = 0>
  explicit operator T() const {
    return std::is_same<T, bool>::value           ? static_cast<T>(!is_zero())
           : std::is_floating_point<T>::value ? static_cast<T>(to_double())
                                              : static_cast<T>(to_int64());
  }

  constexpr int length() const { return W; }
  constexpr int wl() const { return W; }
  constexpr int iwl() const { return I; }
  bool is_zero() const { return vetoc_sim::is_zero(value()); }
  bool is_neg() const { return vetoc_sim::is_negative(value()); }
  bool operator!() const { return is_zero(); }

  // --- the mantissa's bits
  vetoc_sim::range_ref<W, S> range(int high, int low) { return {&V, high, low}; }
  vetoc_sim::range_ref<W, S> range(int high, int low) const { return {const_cast<storage *>(&V), high, low}; }
  vetoc_sim::range_ref<W, S> range() { return range(W - 1, 0); }
  vetoc_sim::range_ref<W, S> range() const { return range(W - 1, 0); }
  vetoc_sim::range_ref<W, S> operator()(int high, int low) { return range(high, low); }
  vetoc_sim::range_ref<W, S> operator()(int high, int low) const { return range(high, low); }
  vetoc_sim::bit_ref<W, S> operator[](int index) { return {&V, index}; }
  bool operator[](int index) const { return const_cast<ap_fixed_base &>(*this)[index]; }
  vetoc_sim::bit_ref<W, S> bit(int index) { return {&V, index}; }
  bool bit(int index) const { return (*this)[index]; }
  ap_fixed_base &setBits(ap_ulong bits) {
    V = ap_int_base<W, S>(bits).V;
    return *this;
  }
  static ap_fixed_base bitsToFixed(ap_ulong bits) { return ap_fixed_base().setBits(bits); }

  // --- unary
  ap_fixed_base operator+() const { return *this; }
  typename vetoc_sim::fixed_of<W + 1, I + 1, true>::type operator-() const {
    typedef vetoc_sim::carrier<W + 2> C;
    // -(2^(W-1)) fits in W + 1 bits.
    return vetoc_sim::fixed_of<W + 1, I + 1, true>::type::exact(vetoc_sim::to<C>(std::int64_t(0)) -
                                                                vetoc_sim::to<C>(V));
  }
  typename vetoc_sim::fixed_of<W, I, S>::type operator~() const {
    return vetoc_sim::fixed_of<W, I, S>::type::exact(vetoc_sim::wrap<W, S>(~value()));
  }
  ap_fixed_base &operator++() { return *this = ap_fixed_base(*this + vetoc_sim::fixed_from_int<1, false>(true)); }
  ap_fixed_base &operator--() { return *this = ap_fixed_base(*this - vetoc_sim::fixed_from_int<1, false>(true)); }
  ap_fixed_base operator++(int) {
    const ap_fixed_base before = *this;
    ++*this;
    return before;
  }
  ap_fixed_base operator--(int) {
    const ap_fixed_base before = *this;
    --*this;
    return before;
  }

  // --- shifts keep the format and drop bits without rounding; a negative distance goes the other way
  ap_fixed_base shifted_left(ap_slong distance) const {
    ap_fixed_base r;
    r.V = ap_int_base<W, S>::exact(V).shifted_left(distance).V;
    return r;
  }
  ap_fixed_base shifted_right(ap_slong distance) const {
    ap_fixed_base r;
    r.V = ap_int_base<W, S>::exact(V).shifted_right(distance).V;
    return r;
  }

 private:
  static storage from_double(double x) {
    if (!(x - x == 0.0)) vetoc_sim::fail("a fixed-point value made from infinity or NaN");
    int exponent = 0;
    const std::int64_t mantissa = static_cast<std::int64_t>(std::ldexp(std::frexp(x, &exponent), 53));
    typedef vetoc_sim::carrier<W + 64> C;
    const C source = vetoc_sim::to<C>(mantissa);
    const int down = 53 - exponent - (W - I);
    // Beyond W + 1 every shift overflows alike and leaves the low W bits zero.
    const int up = vetoc_sim::smaller(-down, W + 1);
    const C value = down > 0 ? vetoc_sim::round_right<Q>(source, down) : vetoc_sim::shift_left(source, up);
    const C floor = down > 0 ? vetoc_sim::shift_right(source, down) : value;
    return vetoc_sim::to<storage>(vetoc_sim::keep<W, S, O, N>(value, vetoc_sim::bit_at(floor, W)));
  }
};

template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
struct ap_fixed : ap_fixed_base<W, I, true, Q, O, N> {
  typedef ap_fixed_base<W, I, true, Q, O, N> Base;
  using Base::Base;
  constexpr ap_fixed() : Base() {}
  constexpr ap_fixed(const Base &x) : Base(x) {}
  template <typename C>
  static ap_fixed exact(const C &mantissa) {
    return Base::exact(mantissa);
  }
};
template <int W, int I, ap_q_mode Q, ap_o_mode O, int N>
struct ap_ufixed : ap_fixed_base<W, I, false, Q, O, N> {
  typedef ap_fixed_base<W, I, false, Q, O, N> Base;
  using Base::Base;
  constexpr ap_ufixed() : Base() {}
  constexpr ap_ufixed(const Base &x) : Base(x) {}
  template <typename C>
  static ap_ufixed exact(const C &mantissa) {
    return Base::exact(mantissa);
  }
};

// --- Binary operators ----------------------------------------------------------------------------------------

#define VETOC_FIXED_TEMPLATE                                                                          \
  template <int W1, int I1, bool S1, ap_q_mode Q1, ap_o_mode O1, int N1, int W2, int I2, bool S2,     \
            ap_q_mode Q2, ap_o_mode O2, int N2>
#define VETOC_FIXED_A const ap_fixed_base<W1, I1, S1, Q1, O1, N1> &a
#define VETOC_FIXED_B const ap_fixed_base<W2, I2, S2, Q2, O2, N2> &b

#define VETOC_FIXED_ALIGNED(SYMBOL, RESULT)                                                           \
  VETOC_FIXED_TEMPLATE                                                                                \
  inline typename vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2>::RESULT operator SYMBOL(            \
      VETOC_FIXED_A, VETOC_FIXED_B) {                                                                 \
    typedef vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2> F;                                        \
    typedef typename F::RESULT R;                                                                     \
    typedef typename R::value_type C;                                                                 \
    return R::exact(vetoc_sim::shift_left(vetoc_sim::to<C>(a.V), F::up1)                              \
                        SYMBOL vetoc_sim::shift_left(vetoc_sim::to<C>(b.V), F::up2));                 \
  }
VETOC_FIXED_ALIGNED(+, sum)
VETOC_FIXED_ALIGNED(-, difference)
VETOC_FIXED_ALIGNED(&, logic)
VETOC_FIXED_ALIGNED(|, logic)
VETOC_FIXED_ALIGNED(^, logic)
#undef VETOC_FIXED_ALIGNED

VETOC_FIXED_TEMPLATE
inline typename vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2>::product operator*(VETOC_FIXED_A, VETOC_FIXED_B) {
  typedef typename vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2>::product R;
  typedef typename R::value_type C;
  return R::exact(vetoc_sim::to<C>(a.V) * vetoc_sim::to<C>(b.V));
}

VETOC_FIXED_TEMPLATE
inline typename vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2>::quotient operator/(VETOC_FIXED_A, VETOC_FIXED_B) {
  typedef typename vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2>::quotient R;
  constexpr int up = vetoc_sim::larger(W2 - I2, 0);
  typedef vetoc_sim::carrier<vetoc_sim::larger(W1 + up, W2) + 2> C;
  if (b.is_zero()) vetoc_sim::fail("division by zero");
  return R::exact(vetoc_sim::wrap<R::width, R::sign_flag>(
      vetoc_sim::divide(vetoc_sim::shift_left(vetoc_sim::to<C>(a.V), up), vetoc_sim::to<C>(b.V))));
}

/// The mantissas are aligned first; then the rule of integers holds, for the widths that the alignment gives.
VETOC_FIXED_TEMPLATE
inline bool operator<(VETOC_FIXED_A, VETOC_FIXED_B) {
  typedef vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2> F;
  typedef typename F::aligned C;
  return vetoc_sim::less<F::seen1, S1, F::seen2, S2>(vetoc_sim::shift_left(vetoc_sim::to<C>(a.V), F::up1),
                                                     vetoc_sim::shift_left(vetoc_sim::to<C>(b.V), F::up2));
}
VETOC_FIXED_TEMPLATE
inline bool operator>(VETOC_FIXED_A, VETOC_FIXED_B) {
  typedef vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2> F;
  typedef typename F::aligned C;
  return vetoc_sim::less<F::seen2, S2, F::seen1, S1>(vetoc_sim::shift_left(vetoc_sim::to<C>(b.V), F::up2),
                                                     vetoc_sim::shift_left(vetoc_sim::to<C>(a.V), F::up1));
}
VETOC_FIXED_TEMPLATE
inline bool operator<=(VETOC_FIXED_A, VETOC_FIXED_B) {
  return !(a > b);
}
VETOC_FIXED_TEMPLATE
inline bool operator>=(VETOC_FIXED_A, VETOC_FIXED_B) {
  return !(a < b);
}
VETOC_FIXED_TEMPLATE
inline bool operator==(VETOC_FIXED_A, VETOC_FIXED_B) {
  typedef vetoc_sim::fixed_result<W1, I1, S1, W2, I2, S2> F;
  typedef typename F::aligned C;
  return vetoc_sim::equal<F::seen1, S1, F::seen2, S2>(vetoc_sim::shift_left(vetoc_sim::to<C>(a.V), F::up1),
                                                      vetoc_sim::shift_left(vetoc_sim::to<C>(b.V), F::up2));
}
VETOC_FIXED_TEMPLATE
inline bool operator!=(VETOC_FIXED_A, VETOC_FIXED_B) {
  return !(a == b);
}

#define VETOC_FIXED_COMPARISON(SYMBOL)                                                                \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>                                    \
  inline bool operator SYMBOL(const ap_fixed_base<W, I, S, Q, O, N> &a, double b) {                   \
    return a.to_double() SYMBOL b;                                                                    \
  }                                                                                                   \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>                                    \
  inline bool operator SYMBOL(double a, const ap_fixed_base<W, I, S, Q, O, N> &b) {                   \
    return a SYMBOL b.to_double();                                                                    \
  }
VETOC_FIXED_COMPARISON(==)
VETOC_FIXED_COMPARISON(!=)
VETOC_FIXED_COMPARISON(<)
VETOC_FIXED_COMPARISON(<=)
VETOC_FIXED_COMPARISON(>)
VETOC_FIXED_COMPARISON(>=)
#undef VETOC_FIXED_COMPARISON

// Mixed with integers of either kind.
#define VETOC_FIXED_MIXED(SYMBOL)                                                                     \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, int W2, bool S2>                   \
  inline auto operator SYMBOL(const ap_fixed_base<W, I, S, Q, O, N> &a, const ap_int_base<W2, S2> &b) \
      ->decltype(a SYMBOL vetoc_sim::fixed_from_int<W2, S2>()) {                                      \
    return a SYMBOL vetoc_sim::fixed_from_int<W2, S2>(b);                                             \
  }                                                                                                   \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, int W2, bool S2>                   \
  inline auto operator SYMBOL(const ap_int_base<W2, S2> &a, const ap_fixed_base<W, I, S, Q, O, N> &b) \
      ->decltype(vetoc_sim::fixed_from_int<W2, S2>() SYMBOL b) {                                      \
    return vetoc_sim::fixed_from_int<W2, S2>(a) SYMBOL b;                                             \
  }                                                                                                   \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, typename T,                        \
            vetoc_sim::if_integer<T> = 0>                                                             \
  inline auto operator SYMBOL(const ap_fixed_base<W, I, S, Q, O, N> &a, T b)                          \
      ->decltype(a SYMBOL vetoc_sim::fixed_like<T>()) {                                               \
    return a SYMBOL vetoc_sim::fixed_like<T>(b);                                                      \
  }                                                                                                   \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, typename T,                        \
            vetoc_sim::if_integer<T> = 0>                                                             \
  inline auto operator SYMBOL(T a, const ap_fixed_base<W, I, S, Q, O, N> &b)                          \
      ->decltype(vetoc_sim::fixed_like<T>() SYMBOL b) {                                               \
    return vetoc_sim::fixed_like<T>(a) SYMBOL b;                                                      \
  }
VETOC_FIXED_MIXED(+)
VETOC_FIXED_MIXED(-)
VETOC_FIXED_MIXED(*)
VETOC_FIXED_MIXED(/)
VETOC_FIXED_MIXED(&)
VETOC_FIXED_MIXED(|)
VETOC_FIXED_MIXED(^)
VETOC_FIXED_MIXED(==)
VETOC_FIXED_MIXED(!=)
VETOC_FIXED_MIXED(<)
VETOC_FIXED_MIXED(<=)
VETOC_FIXED_MIXED(>)
VETOC_FIXED_MIXED(>=)
#undef VETOC_FIXED_MIXED

#define VETOC_FIXED_ASSIGN(SYMBOL, ASSIGN)                                                            \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, typename T>                        \
  inline ap_fixed_base<W, I, S, Q, O, N> &operator ASSIGN(ap_fixed_base<W, I, S, Q, O, N> &a,         \
                                                          const T &b) {                               \
    return a = ap_fixed_base<W, I, S, Q, O, N>(a SYMBOL b);                                           \
  }
VETOC_FIXED_ASSIGN(+, +=)
VETOC_FIXED_ASSIGN(-, -=)
VETOC_FIXED_ASSIGN(*, *=)
VETOC_FIXED_ASSIGN(/, /=)
VETOC_FIXED_ASSIGN(&, &=)
VETOC_FIXED_ASSIGN(|, |=)
VETOC_FIXED_ASSIGN(^, ^=)
#undef VETOC_FIXED_ASSIGN

#define VETOC_FIXED_SHIFT(SYMBOL, ASSIGN, METHOD)                                                     \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, int W2, bool S2>                   \
  inline ap_fixed_base<W, I, S, Q, O, N> operator SYMBOL(const ap_fixed_base<W, I, S, Q, O, N> &a,    \
                                                         const ap_int_base<W2, S2> &b) {              \
    return a.METHOD(S2 ? b.to_int() : static_cast<ap_slong>(b.to_uint()));                            \
  }                                                                                                   \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, typename T,                        \
            vetoc_sim::if_integer<T> = 0>                                                             \
  inline ap_fixed_base<W, I, S, Q, O, N> operator SYMBOL(const ap_fixed_base<W, I, S, Q, O, N> &a,    \
                                                         T b) {                                       \
    return a.METHOD(static_cast<ap_slong>(b));                                                        \
  }                                                                                                   \
  template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N, typename T>                        \
  inline ap_fixed_base<W, I, S, Q, O, N> &operator ASSIGN(ap_fixed_base<W, I, S, Q, O, N> &a,         \
                                                          const T &b) {                               \
    return a = a SYMBOL b;                                                                            \
  }
VETOC_FIXED_SHIFT(<<, <<=, shifted_left)
VETOC_FIXED_SHIFT(>>, >>=, shifted_right)
#undef VETOC_FIXED_SHIFT
#undef VETOC_FIXED_TEMPLATE
#undef VETOC_FIXED_A
#undef VETOC_FIXED_B

template <int W, int I, bool S, ap_q_mode Q, ap_o_mode O, int N>
inline std::ostream &operator<<(std::ostream &out, const ap_fixed_base<W, I, S, Q, O, N> &x) {
  return out << x.to_double();
}

#endif
