// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Where a product is made: in a DSP block, or in look-up tables. The choice is a type in the stage's config.
#ifndef VETOC_MULTIPLIER_H
#define VETOC_MULTIPLIER_H

#include "word.h"

namespace vetoc {

struct in_dsp {
  template <int WA, int WB>
  static ap_int<WA + WB + 1> multiply(const ap_int<WA> &weight, const ap_uint<WB> &value) {
#pragma HLS INLINE
    const ap_int<WA + WB + 1> product = weight * value;
#pragma HLS BIND_OP variable = product op = mul impl = dsp
    return product;
  }
  template <int WA, int WB>
  static ap_int<WA + WB> multiply(const ap_int<WA> &weight, const ap_int<WB> &value) {
#pragma HLS INLINE
    const ap_int<WA + WB> product = weight * value;
#pragma HLS BIND_OP variable = product op = mul impl = dsp
    return product;
  }
};

struct in_lut {
  template <int WA, int WB>
  static ap_int<WA + WB + 1> multiply(const ap_int<WA> &weight, const ap_uint<WB> &value) {
#pragma HLS INLINE
    const ap_int<WA + WB + 1> product = weight * value;
#pragma HLS BIND_OP variable = product op = mul impl = fabric
    return product;
  }
  template <int WA, int WB>
  static ap_int<WA + WB> multiply(const ap_int<WA> &weight, const ap_int<WB> &value) {
#pragma HLS INLINE
    const ap_int<WA + WB> product = weight * value;
#pragma HLS BIND_OP variable = product op = mul impl = fabric
    return product;
  }
};

}  // namespace vetoc

#endif
