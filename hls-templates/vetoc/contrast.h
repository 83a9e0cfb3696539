// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// How far a pixel stands above its surroundings, DISTANCE pixels away: of each pair of opposite neighbours (in a row, a
// column, a diagonal) the darker one counts, of the four pairs the brightest. What lies outside the image reads 0.
#ifndef VETOC_CONTRAST_H
#define VETOC_CONTRAST_H

#include "sliding_window.h"

namespace vetoc {

/// `windows` of (2 DISTANCE + 1) x (2 DISTANCE + 1) pixels.
template <typename CONFIG>
void above_surroundings(hls::stream<window_word<CONFIG>> &windows,
                        hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  typedef typename CONFIG::output_t value_t;
  constexpr int D = CONFIG::DISTANCE;
  constexpr int SIDE = 2 * D + 1;
  // From the centre to one neighbour of each pair; the other lies as far on the other side.
  constexpr int OFFSETS[4] = {D, D * SIDE, D * SIDE + D, D * SIDE - D};
  constexpr int CENTRE = D * SIDE + D;
WINDOWS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const window_word<CONFIG> x = windows.read();
    word<value_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      value_t level = 0;
    PAIRS:
      for (int p = 0; p < 4; ++p) {
#pragma HLS UNROLL
        const value_t one = x.lane[(CENTRE - OFFSETS[p]) * CONFIG::LANES + l];
        const value_t other = x.lane[(CENTRE + OFFSETS[p]) * CONFIG::LANES + l];
        const value_t darker = one < other ? one : other;
        if (darker > level) level = darker;
      }
      const value_t pixel = x.lane[CENTRE * CONFIG::LANES + l];
      y.lane[l] = pixel > level ? value_t(pixel - level) : value_t(0);
    }
    out.write(y);
  }
}

template <typename CONFIG>
void contrast(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
              hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  above_surroundings<CONFIG>(windows, out);
}

}  // namespace vetoc

#endif
