// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The decision: score = max(hit logits) - max(miss logits); keep when score >= threshold, when the frame was
// malformed, or when the firmware only counts (pass-through).
#ifndef VETOC_DECIDE_H
#define VETOC_DECIDE_H

#include <ap_axi_sdata.h>

#include "receive.h"
#include "reload.h"
#include "word.h"

namespace vetoc {

/// One word a frame: bits 31..0 frame number, 63..32 score (two's complement), 64 keep, 65 malformed, 79..72 how often
/// the weights were reloaded (modulo 256), else 0.
typedef ap_axiu<128, 0, 0, 0> decision_beat;

// Mode register, all zero after reset.
static constexpr int PASS_THROUGH = 0;     // bit 0: keep every frame; the counters tell what a veto would have done
static constexpr int OWN_THRESHOLD = 1;    // bit 1: the threshold register instead of the trained threshold
static constexpr int CLEAR_COUNTERS = 2;   // bit 2: counters and frame number to zero before the next decision

/// The highest logit of the hits less that of the misses.
template <typename CONFIG, typename BACKGROUND>
ap_int<32> score_of(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
                    const bool (&hit)[CONFIG::CLASSES], BACKGROUND &background) {
#pragma HLS INLINE
  typename CONFIG::logit_t best_hit = CONFIG::LOWEST;
  typename CONFIG::logit_t best_miss = CONFIG::LOWEST;
CLASSES:
  for (int w = 0; w < CONFIG::CLASSES / CONFIG::LANES; ++w) {
#pragma HLS PIPELINE II = 1
    background();
    const word<typename CONFIG::logit_t, CONFIG::LANES> x = logits.read();
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const bool is_hit = hit[w * CONFIG::LANES + l];
      if (is_hit && x.lane[l] > best_hit) best_hit = x.lane[l];
      if (!is_hit && x.lane[l] > best_miss) best_miss = x.lane[l];
    }
  }
  return best_hit - best_miss;
}

/// Decides one frame; `trained` is the threshold that came with the weights.
template <typename CONFIG, typename BACKGROUND>
void decide_frame(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
                  const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &status, ap_int<32> trained,
                  weight_set set, BACKGROUND &background, ap_uint<32> mode, ap_int<32> threshold, ap_uint<32> &frames,
                  ap_uint<32> &kept, ap_uint<32> &vetoed, ap_uint<32> &malformed_frames,
                  hls::stream<decision_beat> &decisions) {
#pragma HLS INLINE
  // The counters are the only thing in the firmware that outlives a frame.
  static ap_uint<32> frame_count = 0;
  static ap_uint<32> kept_count = 0;
  static ap_uint<32> vetoed_count = 0;
  static ap_uint<32> malformed_count = 0;
  if (mode.test(CLEAR_COUNTERS)) {
    frame_count = 0;
    kept_count = 0;
    vetoed_count = 0;
    malformed_count = 0;
  }

  const ap_int<32> score = score_of<CONFIG>(logits, hit, background);
  const bool malformed = status.read().malformed;
  const ap_int<32> limit = mode.test(OWN_THRESHOLD) ? threshold : trained;
  const bool wanted = malformed || score >= limit;
  const bool keep = wanted || mode.test(PASS_THROUGH);

  decision_beat beat;
  beat.data = 0;
  beat.data.range(31, 0) = frame_count;
  beat.data.range(63, 32) = score.range();
  beat.data.range(64, 64) = ap_uint<1>(keep);
  beat.data.range(65, 65) = ap_uint<1>(malformed);
  beat.data.range(79, 72) = set;
  beat.keep = -1;
  beat.strb = -1;
  beat.last = 1;
  decisions.write(beat);

  frame_count += 1;
  if (wanted)
    kept_count += 1;
  else
    vetoed_count += 1;
  if (malformed) malformed_count += 1;
  frames = frame_count;
  kept = kept_count;
  vetoed = vetoed_count;
  malformed_frames = malformed_count;
}

template <typename CONFIG>
void decide(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
            const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &status, ap_uint<32> mode,
            ap_int<32> threshold, ap_uint<32> &frames, ap_uint<32> &kept, ap_uint<32> &vetoed,
            ap_uint<32> &malformed_frames, hls::stream<decision_beat> &decisions) {
  no_background nothing;
  decide_frame<CONFIG>(logits, hit, status, CONFIG::THRESHOLD, 0, nothing, mode, threshold, frames, kept, vetoed,
                       malformed_frames, decisions);
}

/// With a threshold that is reloaded along with the weights.
template <typename CONFIG>
void decide_reloadable(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
                       hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                       const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &status, ap_uint<32> mode,
                       ap_int<32> threshold, ap_uint<32> &frames, ap_uint<32> &kept, ap_uint<32> &vetoed,
                       ap_uint<32> &malformed_frames, hls::stream<decision_beat> &decisions) {
  static bank_state state;
  static ap_int<32> thresholds[2] = {CONFIG::THRESHOLD, CONFIG::THRESHOLD};
#pragma HLS ARRAY_PARTITION variable = thresholds complete
  auto background = [&] {
    weight_word word;
    if (state.complete || !part.read_nb(word)) return;
    if (word.commit)
      state.complete = true;
    else
      thresholds[state.spare()] = ap_int<32>(word.data);
  };
  const int bank = next_bank(sets, state, background);
  decide_frame<CONFIG>(logits, hit, status, thresholds[bank], state.in_use, background, mode, threshold, frames, kept,
                       vetoed, malformed_frames, decisions);
  after_frame(part, state, background);
}

}  // namespace vetoc

#endif
