// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The decision: score = max(hit logits) - max(miss logits); keep when score >= threshold, when the frame was
// malformed, or when the firmware only counts (pass-through).
#ifndef VETOC_DECIDE_H
#define VETOC_DECIDE_H

#include <ap_axi_sdata.h>

#include "receive.h"
#include "word.h"

namespace vetoc {

/// One word a frame: bits 31..0 frame number, 63..32 score (two's complement), 64 keep, 65 malformed, else 0.
typedef ap_axiu<128, 0, 0, 0> decision_beat;

// Mode register, all zero after reset.
static constexpr int PASS_THROUGH = 0;     // bit 0: keep every frame; the counters tell what a veto would have done
static constexpr int OWN_THRESHOLD = 1;    // bit 1: the threshold register instead of the trained threshold
static constexpr int CLEAR_COUNTERS = 2;   // bit 2: counters and frame number to zero before the next decision

template <typename CONFIG>
void decide(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
            const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &status, ap_uint<32> mode,
            ap_int<32> threshold, ap_uint<32> &frames, ap_uint<32> &kept, ap_uint<32> &vetoed,
            ap_uint<32> &malformed_frames, hls::stream<decision_beat> &decisions) {
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

  typename CONFIG::logit_t best_hit = CONFIG::LOWEST;
  typename CONFIG::logit_t best_miss = CONFIG::LOWEST;
CLASSES:
  for (int w = 0; w < CONFIG::CLASSES / CONFIG::LANES; ++w) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::logit_t, CONFIG::LANES> x = logits.read();
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const bool is_hit = hit[w * CONFIG::LANES + l];
      if (is_hit && x.lane[l] > best_hit) best_hit = x.lane[l];
      if (!is_hit && x.lane[l] > best_miss) best_miss = x.lane[l];
    }
  }
  const ap_int<32> score = best_hit - best_miss;
  const bool malformed = status.read().malformed;
  const ap_int<32> limit = mode.test(OWN_THRESHOLD) ? threshold : ap_int<32>(CONFIG::THRESHOLD);
  const bool wanted = malformed || score >= limit;
  const bool keep = wanted || mode.test(PASS_THROUGH);

  decision_beat beat;
  beat.data = 0;
  beat.data.range(31, 0) = frame_count;
  beat.data.range(63, 32) = score.range();
  beat.data.range(64, 64) = ap_uint<1>(keep);
  beat.data.range(65, 65) = ap_uint<1>(malformed);
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

}  // namespace vetoc

#endif
