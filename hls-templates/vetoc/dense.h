// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Fully connected layer: one vector a frame through the multipliers.
#ifndef VETOC_DENSE_H
#define VETOC_DENSE_H

#include "matrix_vector.h"

namespace vetoc {

template <typename CONFIG>
void dense(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in,
           const weight_table<CONFIG> &weights, const bias_table<CONFIG> &bias,
           const align_table<CONFIG> &align, hls::stream<bool> &upset,
           hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector_constants<CONFIG>(in, weights, bias, align, upset, out);
}

}  // namespace vetoc

#endif
