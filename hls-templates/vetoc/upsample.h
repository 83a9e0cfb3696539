// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Every pixel as a block of FACTOR_Y times FACTOR_X pixels. A row is written while it arrives, and then FACTOR_Y - 1 times
// out of a buffer.
#ifndef VETOC_UPSAMPLE_H
#define VETOC_UPSAMPLE_H

#include "word.h"

namespace vetoc {

template <typename CONFIG>
void upsample(hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &in,
              hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &out) {
  typedef word<typename CONFIG::value_t, CONFIG::LANES> word_t;
  constexpr int WORDS_OF_ROW = CONFIG::WIDTH * CONFIG::GROUPS;
  constexpr int NEXT_ROW = WORDS_OF_ROW * CONFIG::FACTOR_X;
  word_t row[WORDS_OF_ROW];
#pragma HLS AGGREGATE variable = row
  word_t pixel[CONFIG::GROUPS];  // that is repeated
#pragma HLS AGGREGATE variable = pixel
  static_assert(bears(WORDS_OF_ROW, NEXT_ROW) && bears(CONFIG::GROUPS, CONFIG::GROUPS), "read before it is written");
  int g = 0;   // group of channels
  int dx = 0;  // copy of a pixel
  int x = 0;
  int dy = 0;  // copy of a row
WORDS:
  for (int i = 0; i < CONFIG::HEIGHT * CONFIG::FACTOR_Y * NEXT_ROW; ++i) {
#pragma HLS PIPELINE II = 1
// A row is read again with its first copy, a pixel with its next one.
#pragma HLS DEPENDENCE variable = row type = inter direction = RAW distance = NEXT_ROW true
#pragma HLS DEPENDENCE variable = pixel type = inter direction = RAW distance = CONFIG::GROUPS true
    const int at = x * CONFIG::GROUPS + g;
    word_t value;
    if (dx > 0) {
      value = pixel[g];
    } else {
      if (dy > 0) {
        value = row[at];
      } else {
        value = in.read();
        row[at] = value;
      }
      pixel[g] = value;
    }
    out.write(value);
    if (next<CONFIG::GROUPS>(g) && next<CONFIG::FACTOR_X>(dx) && next<CONFIG::WIDTH>(x)) next<CONFIG::FACTOR_Y>(dy);
  }
}

}  // namespace vetoc

#endif
