// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Assignment between formats, construction from numbers.
#ifndef VETOC_ASSIGNMENT_CASES_H
#define VETOC_ASSIGNMENT_CASES_H

#include <cmath>
#include <initializer_list>

#include "differential_values.h"

namespace {

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

/// Assignment of the listed mantissas of A to B.
template <typename A, typename B>
void listed_case(int wa, int wb, std::initializer_list<std::uint64_t> mantissas) {
  begin();
  for (const std::uint64_t bits : mantissas) {
    B assigned = 0;
    assigned = from_bits<A>(wa, bits);
    mix_bits(assigned, wb);
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

/// Construction from every eighth of a least bit, `most` of them on either side of zero.
template <typename B>
void double_grid_case(int wb, int fraction, int most) {
  begin();
  for (int k = -most; k <= most; ++k) mix_bits(B(std::ldexp(static_cast<double>(k), -3 - fraction)), wb);
  end();
}

/// Construction from integers of C++ and of the vendor's, from -most to most or what their type makes of it.
template <typename B>
void integer_case(int wb, int most) {
  begin();
  for (int i = -most; i <= most; ++i) {
    mix_bits(B(i), wb);
    mix_bits(B(static_cast<unsigned>(i)), wb);
    mix_bits(B(static_cast<long long>(i)), wb);
    mix_bits(B(static_cast<signed char>(i)), wb);
    mix_bits(B(ap_int<9>(i)), wb);
    mix_bits(B(ap_uint<9>(i)), wb);
  }
  end();
}

}  // namespace

#endif
