// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A table from clamped counts to the network's input, one copy of the ROM for each two lanes (dual port).
#ifndef VETOC_LUT_H
#define VETOC_LUT_H

#include "word.h"

namespace vetoc {

template <typename CONFIG>
void lut(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
         const typename CONFIG::entry_t (&table)[CONFIG::ENTRIES],
         hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    word<typename CONFIG::output_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      // Lanes beyond the end of a row carry anything: they must not lead outside the table.
      const int index = x.lane[l].to_int() - CONFIG::FIRST;
      y.lane[l] = table[index < 0 ? 0 : index >= CONFIG::ENTRIES ? CONFIG::ENTRIES - 1 : index];
    }
    out.write(y);
  }
}

}  // namespace vetoc

#endif
