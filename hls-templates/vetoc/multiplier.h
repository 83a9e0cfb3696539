// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Where a product is made: in a DSP block, or in look-up tables. The choice is a type in the stage's config.
#ifndef VETOC_MULTIPLIER_H
#define VETOC_MULTIPLIER_H

#include "word.h"

namespace vetoc {

struct in_dsp {
  /// The exact product: WEIGHT and VALUE are ap_int or ap_uint, one of them signed.
  template <typename WEIGHT, typename VALUE>
  static ap_int<WEIGHT::width + VALUE::width> multiply(const WEIGHT &weight, const VALUE &value) {
#pragma HLS INLINE
    const ap_int<WEIGHT::width + VALUE::width> product = weight * value;
#pragma HLS BIND_OP variable = product op = mul impl = dsp
    return product;
  }
};

struct in_lut {
  template <typename WEIGHT, typename VALUE>
  static ap_int<WEIGHT::width + VALUE::width> multiply(const WEIGHT &weight, const VALUE &value) {
#pragma HLS INLINE
    const ap_int<WEIGHT::width + VALUE::width> product = weight * value;
#pragma HLS BIND_OP variable = product op = mul impl = fabric
    return product;
  }
};

}  // namespace vetoc

#endif
