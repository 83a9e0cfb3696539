// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Operators of fixed-point formats and of integers.
#ifndef VETOC_OPERATOR_CASES_H
#define VETOC_OPERATOR_CASES_H

#include <type_traits>

#include "differential_values.h"

namespace {

#define MIX_COMPARISONS(a, b)                                                                               \
  mix(static_cast<std::uint64_t>((a < b) | (a <= b) << 1 | (a > b) << 2 | (a >= b) << 3 | (a == b) << 4 | \
                                 (a != b) << 5))

/// Every operator between two values.
template <typename A, typename B>
void mix_operators(const A &a, const B &b) {
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
      mix_operators(a, b);
    }
  end();
}

/// Every operator on every pair of edge values.
template <typename A, typename B>
void edge_case(int wa, int wb) {
  begin();
  for (int i = 0; i < 12; ++i)
    for (int j = 0; j < 12; ++j)
      mix_operators(from_bits<A>(wa, edge_bits(wa, i)), from_bits<B>(wb, edge_bits(wb, j)));
  end();
}

/// Edge values, and -3 and -4: what ones are once they are shifted.
std::uint64_t comparison_bits(int width, int i) {
  const std::uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
  return i < 12 ? edge_bits(width, i) : ~static_cast<std::uint64_t>(i - 10) & mask;
}
/// Every comparison of every pair of them.
template <typename A, typename B>
void comparison_case(int wa, int wb) {
  begin();
  for (int i = 0; i < 14; ++i)
    for (int j = 0; j < 14; ++j) {
      const A a = from_bits<A>(wa, comparison_bits(wa, i));
      const B b = from_bits<B>(wb, comparison_bits(wb, j));
      MIX_COMPARISONS(a, b);
    }
  end();
}

/// Operators that assign, of every pair of values.
template <typename A, typename B>
void accumulate_case(int wa, int wb, std::uint64_t most, std::uint32_t) {
  begin();
  for (std::uint64_t i = 0; i < test_count(wa, most); ++i)
    for (std::uint64_t j = 0; j < test_count(wb, most); ++j) {
      const A a = from_bits<A>(wa, test_bits(wa, i));
      const B b = from_bits<B>(wb, test_bits(wb, j));
      A c = a;
      mix_bits(c += b, wa);
      c = a;
      mix_bits(c -= b, wa);
      c = a;
      mix_bits(c *= b, wa);
    }
  end();
}

/// Shifts of every value by C++ and by the vendor's integers, both ways.
template <typename A>
void shift_case(int wa) {
  begin();
  for (std::uint64_t i = 0; i < test_count(wa, 0); ++i)
    for (int n = -8; n <= 8; ++n) {
      const A a = from_bits<A>(wa, test_bits(wa, i));
      mix_bits(A(a << n), wa);
      mix_bits(A(a >> n), wa);
      mix_bits(A(a << ap_int<5>(n)), wa);
      mix_bits(A(a >> ap_int<5>(n)), wa);
      A b = a;
      b <<= n;
      mix_bits(b, wa);
      b = a;
      b >>= n;
      mix_bits(b, wa);
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

#endif
