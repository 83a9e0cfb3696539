// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Residual addition: both inputs aligned to the finer resolution, added exactly, activated, rounded once.
#ifndef VETOC_ADD_H
#define VETOC_ADD_H

#include "requantize.h"

namespace vetoc {

template <typename CONFIG>
void add(hls::stream<word<typename CONFIG::a_t, CONFIG::LANES>> &a,
         hls::stream<word<typename CONFIG::b_t, CONFIG::LANES>> &b,
         hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  typedef typename CONFIG::accumulator_t accumulator_t;
  int group = 0;
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::a_t, CONFIG::LANES> x = a.read();
    const word<typename CONFIG::b_t, CONFIG::LANES> y = b.read();
    word<typename CONFIG::output_t, CONFIG::LANES> sum;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const accumulator_t left = accumulator_t(x.lane[l]) << CONFIG::SHIFT_A;
      const accumulator_t right = accumulator_t(y.lane[l]) << CONFIG::SHIFT_B;
      sum.lane[l] = requantize<CONFIG>(left + right, 0, group * CONFIG::LANES + l);
    }
    out.write(sum);
    group = group == CONFIG::GROUPS - 1 ? 0 : group + 1;
  }
}

}  // namespace vetoc

#endif
