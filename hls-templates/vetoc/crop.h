// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Cuts a rectangle out of the frame, PIXELS pixels a word. A left edge inside a word shifts every row by a constant
// number of lanes, so that the first pixel that is kept lands in lane 0.
#ifndef VETOC_CROP_H
#define VETOC_CROP_H

#include "word.h"

namespace vetoc {

template <typename CONFIG>
void crop(hls::stream<word<typename CONFIG::input_t, CONFIG::PIXELS>> &in,
          hls::stream<word<typename CONFIG::output_t, CONFIG::PIXELS>> &out) {
  typedef typename CONFIG::output_t value_t;
  constexpr int IN_WORDS = divide_up(CONFIG::IN_WIDTH, CONFIG::PIXELS);
  constexpr int OUT_WORDS = divide_up(CONFIG::OUT_WIDTH, CONFIG::PIXELS);
  constexpr int FIRST = CONFIG::LEFT / CONFIG::PIXELS;
  constexpr int SHIFT = CONFIG::LEFT % CONFIG::PIXELS;
  // A shifted row ends one word later: its last output word may need a word beyond the end of the row.
  constexpr int LATE = SHIFT > 0 ? 1 : 0;
  constexpr int STEPS = FIRST + LATE + OUT_WORDS > IN_WORDS ? FIRST + LATE + OUT_WORDS : IN_WORDS;
  word<value_t, CONFIG::PIXELS> previous;
#pragma HLS ARRAY_PARTITION variable = previous.lane complete
  int x = 0;
  int y = 0;
WORDS:
  for (int i = 0; i < CONFIG::IN_HEIGHT * STEPS; ++i) {
#pragma HLS PIPELINE II = 1
    word<value_t, CONFIG::PIXELS> current;
    if (x < IN_WORDS) current = in.read();
    word<value_t, CONFIG::PIXELS> joined;
  LANES:
    for (int l = 0; l < CONFIG::PIXELS; ++l) {
#pragma HLS UNROLL
      const int from = l + SHIFT;
      joined.lane[l] = SHIFT == 0                ? current.lane[l]
                       : from < CONFIG::PIXELS ? previous.lane[from % CONFIG::PIXELS]
                                                 : current.lane[from % CONFIG::PIXELS];
    }
    previous = current;
    const bool row_kept = y >= CONFIG::TOP && y < CONFIG::TOP + CONFIG::OUT_HEIGHT;
    if (row_kept && x >= FIRST + LATE && x < FIRST + LATE + OUT_WORDS) out.write(joined);
    if (next<STEPS>(x)) ++y;
  }
}

}  // namespace vetoc

#endif
