// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The largest or the mean of a whole image, per channel.
#ifndef VETOC_GLOBAL_POOL_H
#define VETOC_GLOBAL_POOL_H

#include "requantize.h"

namespace vetoc {

template <typename CONFIG>
void global_max_pool(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                     hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  constexpr int GROUPS = CONFIG::CHANNELS / CONFIG::LANES;
  word<typename CONFIG::output_t, CONFIG::LANES> best[GROUPS];
#pragma HLS ARRAY_PARTITION variable = best complete
PIXELS:
  for (int i = 0; i < CONFIG::PIXELS; ++i) {
  GROUPS:
    for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
      const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    LANES:
      for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
        if (i == 0 || x.lane[l] > best[g].lane[l]) best[g].lane[l] = x.lane[l];
      }
    }
  }
OUTPUT:
  for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
    out.write(best[g]);
  }
}

/// The exact sum times RECIPROCAL, a constant with the fraction that CONFIG::exact_t accounts for.
template <typename CONFIG>
void global_avg_pool(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                     hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  constexpr int GROUPS = CONFIG::CHANNELS / CONFIG::LANES;
  word<typename CONFIG::accumulator_t, CONFIG::LANES> sums[GROUPS];
#pragma HLS ARRAY_PARTITION variable = sums complete
PIXELS:
  for (int i = 0; i < CONFIG::PIXELS; ++i) {
  GROUPS:
    for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
      const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    LANES:
      for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
        const typename CONFIG::accumulator_t value = x.lane[l];
        sums[g].lane[l] = i == 0 ? value : typename CONFIG::accumulator_t(sums[g].lane[l] + value);
      }
    }
  }
OUTPUT:
  for (int g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
    word<typename CONFIG::output_t, CONFIG::LANES> mean;
  MEAN:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      mean.lane[l] = requantize<CONFIG>(sums[g].lane[l] * CONFIG::RECIPROCAL, 0);
    }
    out.write(mean);
  }
}

}  // namespace vetoc

#endif
