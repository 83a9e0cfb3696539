// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The end of a front end: the features of a frame as a packet for whoever decides, and a decision word that says what
// became of the frame. Nothing is decided here: each frame is kept.
//
// A packet has the form of receive.h, 16 bits a beat: the frame's number (4 words), the module, what was wrong with the
// frame in this module (bits 7..0: causes, bit 8: a memory holds a flipped bit), the features, the CRC-32 (2 words) of
// all that. A frame without pixels has features of 0, and says why.
#ifndef VETOC_SEND_FEATURES_H
#define VETOC_SEND_FEATURES_H

#include "decide.h"

namespace vetoc {

/// TUSER as SsiPkg, TLAST with the last word.
typedef ap_axiu<16, 2, 0, 0> feature_beat;

static constexpr int UPSET_BIT = 8;  // of the word behind the module

/// A word of a packet, and what the CRC is behind it.
inline void send_word(hls::stream<feature_beat> &sent, ap_uint<16> word, bool first, bool last, std::uint32_t &crc) {
#pragma HLS INLINE
  feature_beat beat;
  beat.data = word;
  beat.keep = -1;
  beat.strb = -1;
  beat.user = first ? 1 << SOF : 0;
  beat.last = ap_uint<1>(last);
  sent.write(beat);
  crc = crc32_next<1>(crc, word);
}

template <typename CONFIG>
void send_features(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &values,
                   hls::stream<feature_beat> &sent, ap_uint<16> module, hls::stream<frame_status> &packets,
                   hls::stream<bool> (&memories)[CONFIG::MEMORIES > 0 ? CONFIG::MEMORIES : 1], ap_uint<32> mode,
                   ap_int<32> /*threshold*/, ap_uint<32> prescale, ap_uint<32> prescale_key, ap_uint<64> &frame_count,
                   ap_uint<64> &kept_count, ap_uint<64> &vetoed_count, ap_uint<64> &prescaled_count,
                   ap_uint<64> &malformed_count, ap_uint<64> &gap_count, ap_uint<64> &dropped_beats,
                   ap_uint<64> &timeout_count, ap_uint<64> &overflow_count, ap_uint<32> &status, ap_uint<32> &upsets,
                   ap_uint<32> &scrub_frames, hls::stream<decision_beat> &decisions) {
  static_assert(CONFIG::NUMBERED, "modules are joined by the numbers of their frames");
  const frame_status packet = packets.read();
  ap_uint<16> features[CONFIG::CLASSES];
TAKE:
  for (int w = 0; w < CONFIG::CLASSES / CONFIG::LANES; ++w) {
#pragma HLS PIPELINE II = 1
    word<typename CONFIG::logit_t, CONFIG::LANES> x;
    if (!packet.empty) x = values.read();
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      features[w * CONFIG::LANES + l] = packet.empty ? ap_uint<16>(0) : ap_uint<16>(x.lane[l]);
    }
  }
  // Score and limit of 0: kept.
  auto judge = [] { return judgement(); };
  ap_uint<32> wrong = 0;
  decide_frame<CONFIG>(packet, judge, memories, mode, prescale, prescale_key, frame_count, kept_count, vetoed_count,
                       prescaled_count, malformed_count, gap_count, dropped_beats, timeout_count, overflow_count,
                       status, wrong, scrub_frames, decisions);
  upsets = wrong;

  ap_uint<16> state = packet.causes;
  state.range(UPSET_BIT, UPSET_BIT) = ap_uint<1>(wrong != 0);
  std::uint32_t crc = CRC_START;
NUMBER:
  for (int w = 0; w < CONFIG::NUMBER_WORDS; ++w) {
#pragma HLS PIPELINE II = 1
    send_word(sent, ap_uint<16>(packet.number.range(16 * w + 15, 16 * w)), w == 0, false, crc);
  }
  send_word(sent, module, false, false, crc);
  send_word(sent, state, false, false, crc);
FEATURES:
  for (int c = 0; c < CONFIG::CLASSES; ++c) {
#pragma HLS PIPELINE II = 1
    send_word(sent, features[c], false, false, crc);
  }
  const ap_uint<32> made = crc32_of(crc);
  send_word(sent, ap_uint<16>(made.range(15, 0)), false, false, crc);
  send_word(sent, ap_uint<16>(made.range(31, 16)), false, true, crc);
}

}  // namespace vetoc

#endif
