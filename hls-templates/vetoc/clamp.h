// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Limits raw counts to [MIN, MAX].
#ifndef VETOC_CLAMP_H
#define VETOC_CLAMP_H

#include "word.h"

namespace vetoc {

template <typename CONFIG>
void clamp(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
           hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  typedef typename CONFIG::output_t value_t;
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    word<value_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      y.lane[l] = x.lane[l] < CONFIG::MIN   ? value_t(CONFIG::MIN)
                  : x.lane[l] > CONFIG::MAX ? value_t(CONFIG::MAX)
                                            : value_t(x.lane[l]);
    }
    out.write(y);
  }
}

}  // namespace vetoc

#endif
