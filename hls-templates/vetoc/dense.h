// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Fully connected layer: one vector a frame through the multipliers.
#ifndef VETOC_DENSE_H
#define VETOC_DENSE_H

#include "matrix_vector.h"

namespace vetoc {

template <typename CONFIG>
void dense(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in,
           const rom_int<CONFIG::weight_t::width> (&weights)[CONFIG::STEPS][CONFIG::MULTIPLIERS],
           const rom_int<CONFIG::bias_t::width> (&bias)[CONFIG::OUT_CHANNELS],
           const rom_uint<6> (&align)[CONFIG::OUT_CHANNELS],
           hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector<CONFIG>(in, weights, bias, align, out);
}

}  // namespace vetoc

#endif
