// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// An image times a vector, channel by channel: exact products, activated, rounded once. The vector comes first; the image
// waits in its stream until then.
#ifndef VETOC_MULTIPLY_H
#define VETOC_MULTIPLY_H

#include "requantize.h"

namespace vetoc {

template <typename CONFIG>
void multiply(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
              hls::stream<word<typename CONFIG::factor_t, CONFIG::LANES>> &vector,
              hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  typedef typename CONFIG::accumulator_t accumulator_t;
  word<typename CONFIG::factor_t, CONFIG::LANES> factors[CONFIG::GROUPS];
#pragma HLS ARRAY_PARTITION variable = factors complete
VECTOR:
  for (int g = 0; g < CONFIG::GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
    factors[g] = vector.read();
  }
  int group = 0;
WORDS:
  for (int i = 0; i < CONFIG::PIXELS * CONFIG::GROUPS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    const word<typename CONFIG::factor_t, CONFIG::LANES> factor = factors[group];
    word<typename CONFIG::output_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const accumulator_t product = x.lane[l] * factor.lane[l];
      y.lane[l] = requantize<CONFIG>(product, 0, group * CONFIG::LANES + l);
    }
    out.write(y);
    next<CONFIG::GROUPS>(group);
  }
}

}  // namespace vetoc

#endif
