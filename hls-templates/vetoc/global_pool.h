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
  int g = 0;
WORDS:
  for (int i = 0; i < CONFIG::PIXELS * GROUPS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      if (i < GROUPS || x.lane[l] > best[g].lane[l]) best[g].lane[l] = x.lane[l];
    }
    next<GROUPS>(g);
  }
OUTPUT:
  for (g = 0; g < GROUPS; ++g) {
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
  int g = 0;
WORDS:
  for (int i = 0; i < CONFIG::PIXELS * GROUPS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const typename CONFIG::accumulator_t value = x.lane[l];
      sums[g].lane[l] = i < GROUPS ? value : typename CONFIG::accumulator_t(sums[g].lane[l] + value);
    }
    next<GROUPS>(g);
  }
OUTPUT:
  for (g = 0; g < GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
    word<typename CONFIG::output_t, CONFIG::LANES> mean;
  MEAN:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      mean.lane[l] = requantize<CONFIG>(sums[g].lane[l] * CONFIG::RECIPROCAL, 0, l);
    }
    out.write(mean);
  }
}

}  // namespace vetoc

#endif
