// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A table from clamped counts to the network's input, or from an activation's input to its output; a copy of the ROM for
// each lane, whose second port is the scrubber's.
#ifndef VETOC_LUT_H
#define VETOC_LUT_H

#include "scrub.h"
#include "word.h"

namespace vetoc {

/// Walks through the copies of a table, an entry at a time.
template <typename CONFIG>
struct table_scrubber {
  scrubber<CONFIG::LANES * CONFIG::ENTRIES> scrub;
  int copy = 0;
  int entry = 0;

  void step(const typename CONFIG::entry_t (&table)[CONFIG::LANES][CONFIG::ENTRIES]) {
#pragma HLS INLINE
    scrub.take(ap_uint<32>(ap_int<32>(table[copy][entry])), CONFIG::CRC);
    const bool last = entry == CONFIG::ENTRIES - 1;
    entry = last ? 0 : entry + 1;
    if (last) copy = copy == CONFIG::LANES - 1 ? 0 : copy + 1;
  }
};

template <typename CONFIG>
void lut(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
         const typename CONFIG::entry_t (&table)[CONFIG::LANES][CONFIG::ENTRIES], hls::stream<bool> &upset,
         hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS ARRAY_PARTITION variable = table complete dim = 1
  VETOC_STATE(table_scrubber<CONFIG>, scrub);
#pragma HLS RESET variable = scrub
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
      y.lane[l] = table[l][index < 0 ? 0 : index >= CONFIG::ENTRIES ? CONFIG::ENTRIES - 1 : index];
    }
    out.write(y);
    scrub.step(table);
  }
  upset.write(scrub.scrub.wrong);
}

}  // namespace vetoc

#endif
