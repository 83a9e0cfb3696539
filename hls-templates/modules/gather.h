// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Packets of modules, in any order -> frames of words for the decision, in the order of their numbers.
//
// A frame is handed on once all modules have sent theirs, and all frames before it are gone. One that is not whole when
// room is needed, or when nothing has come for `patience` calls, is given up: it goes on marked by the sender (EOFE), so
// that the decision keeps and flags it. So is a frame of which a module came twice, or says that something was wrong.
// A packet that is malformed (length, CRC-32) or of no module is thrown away: its module is then missing. One that comes
// behind its frame is late, and thrown away.
#ifndef VETOC_GATHER_H
#define VETOC_GATHER_H

#include <ap_axi_sdata.h>

#include "link.h"
#include "state.h"
#include "word.h"

namespace vetoc {

/// What became of packets and frames; the last only of the frame that was given up last.
struct gathered {
  ap_uint<32> taken = 0;       // packets that were
  ap_uint<32> refused = 0;     // malformed, or of no module
  ap_uint<32> repeated = 0;    // of a module that had sent one of that frame
  ap_uint<32> late = 0;        // of a frame that is gone
  ap_uint<32> incomplete = 0;  // frames given up
};

/// A frame on its way.
template <typename CONFIG>
struct gathered_frame {
  bool used = false;
  bool wrong = false;  // whole or not: to be kept and flagged
  ap_uint<64> number = 0;
  ap_uint<CONFIG::MODULES> seen = 0;
};

template <typename CONFIG>
struct gather_state {
  gathered_frame<CONFIG> frames[CONFIG::FRAMES];
  ap_uint<16> words[CONFIG::FRAMES][CONFIG::MODULES][CONFIG::FEATURES];
  bool begun = false;      // a frame has been handed on
  ap_uint<64> newest = 0;  // of those handed on
  ap_uint<32> idle = 0;
  gathered count;
  ap_uint<CONFIG::MODULES> missing = 0;
};

/// The frame of the least number; -1 where there is none.
template <typename CONFIG>
int oldest_of(const gather_state<CONFIG> &s) {
#pragma HLS INLINE
  int oldest = -1;
OLDEST:
  for (int f = 0; f < CONFIG::FRAMES; ++f) {
#pragma HLS UNROLL
    if (s.frames[f].used && (oldest < 0 || s.frames[f].number < s.frames[oldest].number)) oldest = f;
  }
  return oldest;
}

template <typename CONFIG>
bool is_whole(const gathered_frame<CONFIG> &frame) {
#pragma HLS INLINE
  return frame.seen.and_reduce();
}

/// Hands frame `f` on: number, a row of words each module; flagged where it is not what it should be.
template <typename CONFIG, typename BEAT>
void hand_on(gather_state<CONFIG> &s, int f, hls::stream<BEAT> &frames) {
  gathered_frame<CONFIG> &frame = s.frames[f];
  const bool whole = is_whole<CONFIG>(frame);
  const bool wrong = frame.wrong || !whole;
  constexpr int WORDS = CONFIG::MODULES * CONFIG::FEATURES;
SEND:
  for (int w = 0; w < CONFIG::NUMBER_WORDS + WORDS; ++w) {
#pragma HLS PIPELINE II = 1
    BEAT beat;
    const int module = (w - CONFIG::NUMBER_WORDS) / CONFIG::FEATURES;
    if (w < CONFIG::NUMBER_WORDS)
      beat.data = frame.number >> (16 * w);
    else
      beat.data = frame.seen.test(module) ? s.words[f][module][(w - CONFIG::NUMBER_WORDS) % CONFIG::FEATURES] : ap_uint<16>(0);
    const bool last = w + 1 == CONFIG::NUMBER_WORDS + WORDS;
    beat.keep = -1;
    beat.strb = -1;
    beat.user = (w == 0 ? 1 << SOF : 0) | (last && wrong ? 1 << EOFE : 0);
    beat.last = ap_uint<1>(last);
    frames.write(beat);
  }
  if (!whole) {
    s.count.incomplete += 1;
    s.missing = ~frame.seen;
  }
  s.begun = true;
  s.newest = frame.number;
  frame = gathered_frame<CONFIG>();
}

/// The place of the frame of `number`: its own, or a free one, for which the oldest may have to go; -1: it is late.
template <typename CONFIG, typename BEAT>
int place_for(gather_state<CONFIG> &s, const ap_uint<64> &number, hls::stream<BEAT> &frames) {
  int place = -1;
FIND:
  for (int f = 0; f < CONFIG::FRAMES; ++f) {
#pragma HLS UNROLL
    if (s.frames[f].used && s.frames[f].number == number) place = f;
  }
  if (place >= 0) return place;
  if (s.begun && number <= s.newest) return -1;
FREE:
  for (int f = 0; f < CONFIG::FRAMES; ++f) {
#pragma HLS UNROLL
    if (!s.frames[f].used) place = f;
  }
  if (place < 0) {
    place = oldest_of<CONFIG>(s);
    // Older than all that wait, and there is no room: it would go at once.
    if (number < s.frames[place].number) return -1;
    hand_on<CONFIG>(s, place, frames);
  }
  s.frames[place].used = true;
  s.frames[place].number = number;
  return place;
}

/// Takes the words of a packet.
template <typename CONFIG, typename BEAT>
void take_packet(gather_state<CONFIG> &s, const frame_status &packet, const ap_uint<16> (&words)[CONFIG::WORDS],
                 hls::stream<BEAT> &frames) {
  const ap_uint<16> module = words[0];
  if (packet.causes != 0 || module >= CONFIG::MODULES) {
    s.count.refused += 1;
    return;
  }
  const int f = place_for<CONFIG>(s, packet.number, frames);
  if (f < 0) {
    s.count.late += 1;
    return;
  }
  gathered_frame<CONFIG> &frame = s.frames[f];
  const int m = module.to_int();
  if (frame.seen.test(m)) {
    s.count.repeated += 1;
    frame.wrong = true;
    return;
  }
  s.count.taken += 1;
  frame.seen.set(m);
  if (words[1] != 0) frame.wrong = true;
KEEP:
  for (int c = 0; c < CONFIG::FEATURES; ++c) {
#pragma HLS PIPELINE II = 1
    s.words[f][m][c] = words[2 + c];
  }
}

/// A packet, or a call without one.
template <typename CONFIG, typename BEAT>
void gather(hls::stream<frame_status> &packets, hls::stream<word<ap_uint<16>, 1>> &values, ap_uint<32> patience,
            hls::stream<BEAT> &frames, ap_uint<32> &taken, ap_uint<32> &refused, ap_uint<32> &repeated,
            ap_uint<32> &late, ap_uint<32> &incomplete, ap_uint<CONFIG::MODULES> &missing) {
  typedef gather_state<CONFIG> state_t;
  VETOC_STATE(state_t, s);
#pragma HLS RESET variable = s
  frame_status packet;
  if (packets.read_nb(packet)) {
    s.idle = 0;
    ap_uint<16> words[CONFIG::WORDS];
  WORDS:
    for (int w = 0; w < CONFIG::WORDS; ++w) {
#pragma HLS PIPELINE II = 1
      words[w] = packet.empty ? ap_uint<16>(0) : values.read().lane[0];
    }
    take_packet<CONFIG>(s, packet, words, frames);
  } else if (oldest_of<CONFIG>(s) >= 0) {
    s.idle += 1;
    if (s.idle >= patience) {
      hand_on<CONFIG>(s, oldest_of<CONFIG>(s), frames);
      s.idle = 0;
    }
  }
  // Frames go on in the order of their numbers.
WHOLE:
  for (int k = 0; k < CONFIG::FRAMES; ++k) {
    const int f = oldest_of<CONFIG>(s);
    if (f >= 0 && is_whole<CONFIG>(s.frames[f])) hand_on<CONFIG>(s, f, frames);
  }
  taken = s.count.taken;
  refused = s.count.refused;
  repeated = s.count.repeated;
  late = s.count.late;
  incomplete = s.count.incomplete;
  missing = s.missing;
}

}  // namespace vetoc

#endif
