// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The FIFO in front of the receiver. With CONFIG::DROP it never holds up the detector: a beat that finds no room is lost
// with the rest of its packet, and the next packet that gets in says so (`cut`, `lost`).
#ifndef VETOC_ABSORB_H
#define VETOC_ABSORB_H

#include "link.h"
#include "state.h"

namespace vetoc {

struct absorb_state {
  bool between = true;   // the next beat begins a packet
  bool dropping = false; // what is left of a packet is thrown away
  bool cut = false;      // a packet in the FIFO lacks its end
  ap_uint<8> lost = 0;   // whole packets thrown away since the last one that got in, at most 255
};

/// As long as there are beats.
template <typename CONFIG, typename BEAT, typename QUEUE>
void absorb(hls::stream<BEAT> &frames, QUEUE &queue) {
  VETOC_STATE(absorb_state, s);
#pragma HLS RESET variable = s
BEATS:
#ifdef __SYNTHESIS__
  for (;;) {
#else
  while (!frames.empty()) {
#endif
#pragma HLS PIPELINE II = 1
    link_beat<CONFIG::PIXELS> beat = beat_of<CONFIG>(frames.read());
    const bool starts = CONFIG::SSI ? beat.start : s.between;
    s.between = beat.last;
    if (!CONFIG::DROP) {
      queue.write(beat);
      continue;
    }
    if (s.dropping && !starts) continue;
    beat.cut = starts && s.cut;
    beat.lost = starts ? s.lost : ap_uint<8>(0);
    const bool room = queue.write_nb(beat);
    if (room) {
      s.dropping = false;
      if (starts) {
        s.cut = false;
        s.lost = 0;
      }
    } else {
      s.dropping = true;
      if (!starts)
        s.cut = true;
      else if (s.lost != 255)
        s.lost += 1;
    }
  }
}

}  // namespace vetoc

#endif
