// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Concatenation of channels, pixel by pixel.
#ifndef VETOC_CONCAT_H
#define VETOC_CONCAT_H

#include "word.h"

namespace vetoc {

/// Whole pixels side by side: a word of A_LANES and one of B_LANES make one word a cycle.
template <typename CONFIG>
void concat_wide(hls::stream<word<typename CONFIG::output_t, CONFIG::A_LANES>> &a,
                 hls::stream<word<typename CONFIG::output_t, CONFIG::B_LANES>> &b,
                 hls::stream<word<typename CONFIG::output_t, CONFIG::A_LANES + CONFIG::B_LANES>> &out) {
PIXELS:
  for (int i = 0; i < CONFIG::PIXELS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::output_t, CONFIG::A_LANES> x = a.read();
    const word<typename CONFIG::output_t, CONFIG::B_LANES> y = b.read();
    word<typename CONFIG::output_t, CONFIG::A_LANES + CONFIG::B_LANES> z;
  FROM_A:
    for (int l = 0; l < CONFIG::A_LANES; ++l) {
#pragma HLS UNROLL
      z.lane[l] = x.lane[l];
    }
  FROM_B:
    for (int l = 0; l < CONFIG::B_LANES; ++l) {
#pragma HLS UNROLL
      z.lane[CONFIG::A_LANES + l] = y.lane[l];
    }
    out.write(z);
  }
}

/// One pixel is A_WORDS words of `a`, then B_WORDS words of `b`.
template <typename CONFIG>
void concat(hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &a,
            hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &b,
            hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  constexpr int PIXEL_WORDS = CONFIG::A_WORDS + CONFIG::B_WORDS;
  int w = 0;
WORDS:
  for (int i = 0; i < CONFIG::PIXELS * PIXEL_WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    if (w < CONFIG::A_WORDS)
      out.write(a.read());
    else
      out.write(b.read());
    next<PIXEL_WORDS>(w);
  }
}

}  // namespace vetoc

#endif
