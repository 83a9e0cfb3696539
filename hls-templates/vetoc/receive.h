// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// AXI4-Stream beats -> exactly one frame of words, whatever arrives.
//
// A frame is BEATS beats of PIXELS 16-bit pixels, pixel 0 in the low bits, TLAST with the last beat.
// The pipeline behind this stage always gets a whole frame:
//   TLAST too early  -> the rest of the frame is zeros, flagged malformed; the next beat starts the next frame
//   TLAST missing    -> flagged malformed; what follows is thrown away up to and including the next TLAST
//   a byte not valid -> flagged malformed (TKEEP is not all ones)
// The flag is sent as soon as it is known, so that the decision does not wait for a late TLAST.
#ifndef VETOC_RECEIVE_H
#define VETOC_RECEIVE_H

#include <ap_axi_sdata.h>

#include "word.h"

namespace vetoc {

struct frame_status {
  bool malformed;
};

template <typename CONFIG>
void receive(hls::stream<ap_axiu<16 * CONFIG::PIXELS, 0, 0, 0>> &frames, hls::stream<frame_status> &status,
             hls::stream<word<ap_uint<16>, CONFIG::PIXELS>> &pixels) {
  bool ended = false;
  bool malformed = false;
BEATS:
  for (int i = 0; i < CONFIG::BEATS; ++i) {
#pragma HLS PIPELINE II = 1
    ap_uint<16 * CONFIG::PIXELS> data = 0;
    if (!ended) {
      const ap_axiu<16 * CONFIG::PIXELS, 0, 0, 0> beat = frames.read();
      data = beat.data;
      ended = beat.last == 1;
      const bool whole = beat.keep.and_reduce();
      const bool last = i == CONFIG::BEATS - 1;
      if (ended != last || !whole) malformed = true;
    }
    word<ap_uint<16>, CONFIG::PIXELS> out;
  LANES:
    for (int l = 0; l < CONFIG::PIXELS; ++l) {
#pragma HLS UNROLL
      out.lane[l] = data.range(16 * l + 15, 16 * l);
    }
    pixels.write(out);
  }
  frame_status s;
  s.malformed = malformed;
  status.write(s);
RESYNCHRONISE:
  while (!ended) {
#pragma HLS PIPELINE II = 1
    ended = frames.read().last == 1;
  }
}

}  // namespace vetoc

#endif
