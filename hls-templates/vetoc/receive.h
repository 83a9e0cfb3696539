// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// AXI4-Stream beats -> exactly one frame of words and one status a packet, whatever arrives.
//
// A packet is HEADER beats of frame number, BEATS beats of PIXELS 16-bit pixels, TRAILER beats of CRC-32, all low bits
// first, TLAST with the last. With CONFIG::SSI its first beat is marked in TUSER; without, it is the beat behind a TLAST.
//   ends too early, or the next one starts -> the rest is zeros, flagged
//   does not end                           -> flagged at once; what follows up to TLAST or the next start is thrown away
//   stops for idle_cycles cycles           -> given up and flagged; what still follows is thrown away likewise
//   has no start                           -> answered without pixels, flagged
// A packet that brings no pixel is answered with a status alone.
#ifndef VETOC_RECEIVE_H
#define VETOC_RECEIVE_H

#include <ap_axi_sdata.h>

#include "crc32.h"
#include "link.h"
#include "state.h"
#include "word.h"

namespace vetoc {

/// Where the receiver is when a call ends, and the beat that the next packet begins with.
template <int PIXELS>
struct receiver_state {
  bool tail = false;  // in what follows a packet that was answered already
  bool held = false;
  link_beat<PIXELS> beat;
  bool counting = false;  // a numbered packet came before
  ap_uint<64> expected = 0;
};

/// What the receiver does with a cycle.
enum class receiving { hunting, inside, filling, answered };

/// One packet.
template <typename CONFIG, typename BEAT>
void receive(hls::stream<BEAT> &frames, ap_uint<32> idle_cycles, ap_uint<32> number_step,
             hls::stream<frame_status> &status, hls::stream<word<ap_uint<16>, CONFIG::PIXELS>> &pixels) {
  constexpr int P = CONFIG::PIXELS;
  constexpr int FIRST_PIXEL = CONFIG::HEADER;
  constexpr int FIRST_CRC = CONFIG::HEADER + CONFIG::BEATS;
  constexpr int LENGTH = CONFIG::HEADER + CONFIG::BEATS + CONFIG::TRAILER;
  typedef receiver_state<P> state_t;
  VETOC_STATE(state_t, s);
#pragma HLS RESET variable = s
  const ap_uint<32> idle_limit = idle_cycles == 0 ? ap_uint<32>(CONFIG::IDLE_CYCLES) : idle_cycles;
  const ap_uint<32> step = number_step == 0 ? ap_uint<32>(CONFIG::NUMBER_STEP) : number_step;

  receiving phase = receiving::hunting;
  int place = 0;  // beats of the packet so far
  int words = 0;  // words handed on
  ap_uint<32> idle = 0;
  ap_uint<32> dropped = 0;
  ap_uint<8> causes = 0;
  ap_uint<64> number = 0;
  std::uint32_t crc = CRC_START;
  std::uint32_t sent_crc = 0;
CYCLES:
  while (phase != receiving::answered) {
#pragma HLS PIPELINE II = 1
    link_beat<P> beat = s.beat;
    bool here = true;
    if (phase == receiving::hunting) {
      if (!s.held) beat = beat_of<CONFIG>(frames.read());
      s.held = false;
    } else if (phase == receiving::inside) {
      BEAT next;
      here = frames.read_nb(next);
      if (here) beat = beat_of<CONFIG>(next);
    }
    bool taken = false;  // the beat belongs to the packet
    if (phase == receiving::hunting) {
      const bool starts = CONFIG::SSI ? beat.start : !s.tail || beat.cut;
      if (beat.lost > 0) {
        // Packets that the FIFO in front had no room for are answered first.
        beat.lost -= 1;
        s.beat = beat;
        s.held = true;
        causes.set(OVERFLOWED);
        phase = receiving::answered;
      } else if (starts) {
        phase = receiving::inside;
        taken = true;
      } else {
        dropped = saturated(dropped);
        if (!s.tail) {
          causes.set(HEADLESS);
          phase = receiving::answered;
        }
        s.tail = !beat.last;
      }
    } else if (phase == receiving::inside) {
      if (here && ((CONFIG::SSI && beat.start) || beat.cut)) {
        s.beat = beat;
        s.held = true;
        causes.set(SHORT);
        if (beat.cut) causes.set(OVERFLOWED);
        phase = receiving::filling;
      } else if (here) {
        taken = true;
      } else if (++idle >= idle_limit) {
        causes.set(TIMEOUT);
        s.tail = true;
        phase = receiving::filling;
      }
    }
    ap_uint<16 * P> data = 0;
    bool hand_on = phase == receiving::filling && words > 0 && words < CONFIG::BEATS;
    if (taken) {
      idle = 0;
      data = beat.data;
      const bool complete = place == LENGTH - 1;
      if (!beat.whole) causes.set(BYTES);
      if (beat.last && beat.error) causes.set(ERROR);
      if (beat.last && !complete) causes.set(SHORT);
      if (complete && !beat.last) causes.set(LONG);
      if (place < FIRST_PIXEL) number = with_part<16 * P>(number, place, data);
      if (place < FIRST_CRC)
        crc = crc_of_beat<CONFIG>(crc, data);
      else
        sent_crc = with_part<16 * P>(sent_crc, place - FIRST_CRC, data).to_uint();
      hand_on = place >= FIRST_PIXEL && place < FIRST_CRC;
      if (beat.last || complete) {
        s.tail = !beat.last;
        phase = receiving::filling;
      }
      ++place;
    }
    if (hand_on) {
      word<ap_uint<16>, P> out;
    LANES:
      for (int l = 0; l < P; ++l) {
#pragma HLS UNROLL
        out.lane[l] = data.range(16 * l + 15, 16 * l);
      }
      pixels.write(out);
      ++words;
    }
    if (phase == receiving::filling && (words == 0 || words == CONFIG::BEATS)) phase = receiving::answered;
  }

  if (CONFIG::TRAILER > 0 && place == LENGTH && sent_crc != crc32_of(crc)) causes.set(CRC_WRONG);
  frame_status answer;
  answer.number = number;
  answer.causes = causes;
  answer.numbered = CONFIG::HEADER > 0 && place >= CONFIG::HEADER;
  answer.gap = false;
  answer.empty = words == 0;
  answer.dropped = dropped;
  if (!answer.numbered) answer.number = 0;
  if (answer.numbered && !causes.test(CRC_WRONG)) {
    answer.gap = s.counting && number != s.expected;
    s.expected = number + step;
    s.counting = true;
  }
  status.write(answer);
}

}  // namespace vetoc

#endif
