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
  word<typename CONFIG::value_t, CONFIG::LANES> row[CONFIG::WIDTH * CONFIG::GROUPS];
ROWS:
  for (int y = 0; y < CONFIG::HEIGHT; ++y) {
  COPIES:
    for (int dy = 0; dy < CONFIG::FACTOR_Y; ++dy) {
    PIXELS:
      for (int x = 0; x < CONFIG::WIDTH; ++x) {
      REPEATS:
        for (int dx = 0; dx < CONFIG::FACTOR_X; ++dx) {
        GROUPS:
          for (int g = 0; g < CONFIG::GROUPS; ++g) {
#pragma HLS PIPELINE II = 1
#pragma HLS DEPENDENCE variable = row type = inter false
            const int at = x * CONFIG::GROUPS + g;
            word<typename CONFIG::value_t, CONFIG::LANES> value;
            if (dy == 0 && dx == 0) {
              value = in.read();
              row[at] = value;
            } else {
              value = row[at];
            }
            out.write(value);
          }
        }
      }
    }
  }
}

}  // namespace vetoc

#endif
