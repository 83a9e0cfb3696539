// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The decision: score = max(hit logits) - max(miss logits); keep when score >= threshold, when the frame was malformed,
// when a memory holds a flipped bit, when the prescale chooses it, or when the firmware only counts (pass-through).
#ifndef VETOC_DECIDE_H
#define VETOC_DECIDE_H

#include <ap_axi_sdata.h>

#include "link.h"
#include "prescale.h"
#include "reload.h"
#include "state.h"
#include "word.h"

namespace vetoc {

/// One word a frame; its fields stand in registers.h.
typedef ap_axiu<256, 0, 0, 0> decision_beat;

// Mode register, all zero after reset.
static constexpr int PASS_THROUGH = 0;     // bit 0: keep every frame; the counters tell what a veto would have done
static constexpr int OWN_THRESHOLD = 1;    // bit 1: the threshold register instead of the trained threshold
static constexpr int CLEAR_COUNTERS = 2;   // bit 2: counters to zero before the next decision
static constexpr int HOLD = 3;             // bit 3: the counters that can be read stand still

// Status register.
static constexpr int HELD = 0;
static constexpr int PRESCALE_REFUSED = 1;
static constexpr int UPSET = 2;
static constexpr int SECOND = 3;
static constexpr int TAKEN_OVER = 4;

/// The counters, the only thing here that outlives a frame.
struct decision_counts {
  ap_uint<64> frames = 0;
  ap_uint<64> kept = 0;
  ap_uint<64> vetoed = 0;
  ap_uint<64> prescaled = 0;
  ap_uint<64> malformed = 0;
  ap_uint<64> gaps = 0;
  ap_uint<64> dropped = 0;
  ap_uint<64> timeouts = 0;
  ap_uint<64> overflows = 0;
};

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

/// The trained threshold of each bank.
template <typename CONFIG>
struct threshold_banks {
  bank_state state;
  ap_int<32> value[2] = {CONFIG::THRESHOLD, CONFIG::THRESHOLD};
};

/// What the memories' stages said last: a bit each, those from 31 on share one. A packet without pixels brings no news.
template <typename CONFIG>
ap_uint<32> wrong_memories(hls::stream<bool> (&memories)[CONFIG::MEMORIES > 0 ? CONFIG::MEMORIES : 1],
                           const frame_status &packet) {
  VETOC_STATE(ap_uint<32>, wrong);
#pragma HLS RESET variable = wrong
  if (packet.empty) return wrong;
  wrong = 0;
MEMORIES:
  for (int m = 0; m < CONFIG::MEMORIES; ++m) {
#pragma HLS UNROLL
    if (memories[m].read()) wrong.set(m < 31 ? m : 31);
  }
  return wrong;
}

/// What the network, or of two the one that decides, says of a frame.
struct judgement {
  ap_int<32> score = 0;
  ap_int<32> limit = 0;  // that the score is compared with
  weight_set set = 0;
  bool second = false;        // the second network decides
  bool shadow_keep = false;   // what the other one would do
  ap_int<32> shadow_score = 0;
};

/// Decides one frame; `judge` gives its judgement, `memories` tell whether theirs are still right.
template <typename CONFIG, typename JUDGE>
void decide_frame(const frame_status &packet, const JUDGE &judge,
                  hls::stream<bool> (&memories)[CONFIG::MEMORIES > 0 ? CONFIG::MEMORIES : 1], ap_uint<32> mode,
                  ap_uint<32> prescale, ap_uint<32> prescale_key, ap_uint<64> &frame_count, ap_uint<64> &kept_count,
                  ap_uint<64> &vetoed_count, ap_uint<64> &prescaled_count, ap_uint<64> &malformed_count,
                  ap_uint<64> &gap_count, ap_uint<64> &dropped_beats, ap_uint<64> &timeout_count,
                  ap_uint<64> &overflow_count, ap_uint<32> &status, ap_uint<32> &upsets, ap_uint<32> &scrub_frames,
                  hls::stream<decision_beat> &decisions) {
#pragma HLS INLINE
  VETOC_STATE(decision_counts, count);
#pragma HLS RESET variable = count
  if (mode.test(CLEAR_COUNTERS)) count = decision_counts();

  // The hash is ready before the logits are.
  const ap_uint<64> number = CONFIG::NUMBERED ? packet.number : count.frames;
  const bool chosen = prescale_chooses(number, prescale, prescale_key);
  const judgement judged = judge();

  const ap_uint<32> wrong = wrong_memories<CONFIG>(memories, packet);
  const ap_int<32> score = judged.score;
  const ap_int<32> limit = judged.limit;
  const bool malformed = packet.causes != 0;
  const bool upset = wrong != 0;
  const bool by_score = !malformed && score >= limit;
  const bool wanted = by_score || malformed || upset;
  const bool by_prescale = !wanted && chosen;
  const bool pass_through = mode.test(PASS_THROUGH);
  const bool keep = wanted || by_prescale || pass_through;
  ap_uint<32> weight = 0;
  if (keep) weight = by_prescale && !pass_through ? prescale : ap_uint<32>(1);

  decision_beat beat;
  beat.data = 0;
  beat.data.range(63, 0) = number;
  beat.data.range(95, 64) = score.range();
  beat.data.range(96, 96) = ap_uint<1>(keep);
  beat.data.range(97, 97) = ap_uint<1>(by_score);
  beat.data.range(98, 98) = ap_uint<1>(by_prescale);
  beat.data.range(99, 99) = ap_uint<1>(malformed);
  beat.data.range(100, 100) = ap_uint<1>(pass_through);
  beat.data.range(101, 101) = ap_uint<1>(upset);
  beat.data.range(102, 102) = ap_uint<1>(packet.gap);
  beat.data.range(103, 103) = ap_uint<1>(packet.numbered);
  beat.data.range(111, 104) = judged.set;
  beat.data.range(119, 112) = packet.causes;
  beat.data.range(159, 128) = weight;
  beat.data.range(191, 160) = count.frames.range(31, 0);
  beat.data.range(223, 192) = limit.range();
  if (CONFIG::CANARY) {
    beat.data.range(120, 120) = ap_uint<1>(judged.second);
    beat.data.range(121, 121) = ap_uint<1>(judged.shadow_keep);
    beat.data.range(255, 224) = judged.shadow_score.range();
  }
  beat.keep = -1;
  beat.strb = -1;
  beat.last = 1;
  decisions.write(beat);

  count.frames += 1;
  if (wanted)
    count.kept += 1;
  else
    count.vetoed += 1;
  if (by_prescale) count.prescaled += 1;
  if (malformed) count.malformed += 1;
  if (packet.gap) count.gaps += 1;
  if (packet.causes.test(TIMEOUT)) count.timeouts += 1;
  if (packet.causes.test(OVERFLOWED)) count.overflows += 1;
  count.dropped += packet.dropped;
  const bool hold = mode.test(HOLD);
  if (!hold) {
    frame_count = count.frames;
    kept_count = count.kept;
    vetoed_count = count.vetoed;
    prescaled_count = count.prescaled;
    malformed_count = count.malformed;
    gap_count = count.gaps;
    dropped_beats = count.dropped;
    timeout_count = count.timeouts;
    overflow_count = count.overflows;
  }
  ap_uint<32> now = 0;
  now.range(HELD, HELD) = ap_uint<1>(hold);
  now.range(PRESCALE_REFUSED, PRESCALE_REFUSED) = ap_uint<1>(prescale > MAX_PRESCALE);
  now.range(UPSET, UPSET) = ap_uint<1>(upset);
  now.range(SECOND, SECOND) = ap_uint<1>(judged.second);
  now.range(TAKEN_OVER, TAKEN_OVER) = ap_uint<1>(judged.second != (CONFIG::CANARY && mode.test(SECOND_DECIDES)));
  status = now;
  upsets = wrong;
  scrub_frames = CONFIG::SCRUB_FRAMES;
}

template <typename CONFIG>
void decide(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
            const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &packets,
            hls::stream<bool> (&memories)[CONFIG::MEMORIES > 0 ? CONFIG::MEMORIES : 1], ap_uint<32> mode,
            ap_int<32> threshold, ap_uint<32> prescale, ap_uint<32> prescale_key, ap_uint<64> &frame_count,
            ap_uint<64> &kept_count, ap_uint<64> &vetoed_count, ap_uint<64> &prescaled_count,
            ap_uint<64> &malformed_count, ap_uint<64> &gap_count, ap_uint<64> &dropped_beats,
            ap_uint<64> &timeout_count, ap_uint<64> &overflow_count, ap_uint<32> &status, ap_uint<32> &upsets,
            ap_uint<32> &scrub_frames, hls::stream<decision_beat> &decisions) {
  no_background nothing;
  const frame_status packet = packets.read();
  auto judge = [&] {
#pragma HLS INLINE
    judgement j;
    j.limit = mode.test(OWN_THRESHOLD) ? threshold : ap_int<32>(CONFIG::THRESHOLD);
    if (!packet.empty) j.score = score_of<CONFIG>(logits, hit, nothing);
    return j;
  };
  decide_frame<CONFIG>(packet, judge, memories, mode, prescale, prescale_key, frame_count, kept_count, vetoed_count,
                       prescaled_count, malformed_count, gap_count, dropped_beats, timeout_count, overflow_count,
                       status, upsets, scrub_frames, decisions);
}

/// A word of a new threshold, if one waits and there is room for it.
template <typename CONFIG>
void take_threshold(hls::stream<weight_word> &part, threshold_banks<CONFIG> &kept) {
#pragma HLS INLINE
  weight_word word;
  if (kept.state.complete || !part.read_nb(word)) return;
  if (word.commit)
    kept.state.complete = true;
  else
    kept.value[kept.state.spare()] = ap_int<32>(word.data);
}

/// The next packet's status; until there is one, `background` does what comes between frames.
template <typename BACKGROUND>
frame_status next_packet(hls::stream<frame_status> &packets, BACKGROUND &background) {
#pragma HLS INLINE
BETWEEN_FRAMES:
  while (packets.empty()) {
#pragma HLS PIPELINE II = 1
    background();
  }
  return packets.read();
}

/// With a threshold that is reloaded along with the weights.
template <typename CONFIG>
void decide_reloadable(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
                       hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                       const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &packets,
                       hls::stream<bool> (&memories)[CONFIG::MEMORIES > 0 ? CONFIG::MEMORIES : 1], ap_uint<32> mode,
                       ap_int<32> threshold, ap_uint<32> prescale, ap_uint<32> prescale_key,
                       ap_uint<64> &frame_count, ap_uint<64> &kept_count, ap_uint<64> &vetoed_count,
                       ap_uint<64> &prescaled_count, ap_uint<64> &malformed_count, ap_uint<64> &gap_count,
                       ap_uint<64> &dropped_beats, ap_uint<64> &timeout_count, ap_uint<64> &overflow_count,
                       ap_uint<32> &status, ap_uint<32> &upsets, ap_uint<32> &scrub_frames,
                       hls::stream<decision_beat> &decisions) {
  VETOC_STATE(threshold_banks<CONFIG>, kept);
#pragma HLS RESET variable = kept
  auto background = [&] {
#pragma HLS INLINE
    take_threshold<CONFIG>(part, kept);
  };
  const frame_status packet = next_packet(packets, background);
  // A packet without pixels passes the stages by: no set was told for it.
  if (!packet.empty) next_bank(sets, kept.state, background);
  auto judge = [&] {
#pragma HLS INLINE
    judgement j;
    j.limit = mode.test(OWN_THRESHOLD) ? threshold : kept.value[kept.state.bank()];
    if (!packet.empty) j.score = score_of<CONFIG>(logits, hit, background);
    j.set = kept.state.in_use;
    return j;
  };
  decide_frame<CONFIG>(packet, judge, memories, mode, prescale, prescale_key, frame_count, kept_count, vetoed_count,
                       prescaled_count, malformed_count, gap_count, dropped_beats, timeout_count, overflow_count,
                       status, upsets, scrub_frames, decisions);
  after_frame(part, kept.state, background);
}

/// Two networks: which one decides, and how often they have disagreed.
struct canary_state {
  ap_uint<64> frames = 0;         // that both decided, since either was loaded or they changed places
  ap_uint<64> disagreements = 0;
  ap_uint<32> swaps = 0;          // at most 2^32 - 1
  weight_set first = 0;           // the weights that these hold of
  weight_set second = 0;
  bool second_decides = false;
  bool taken_over = false;        // the shadow has taken over by itself
};

/// With a second network that sees the same frames in shadow.
template <typename CONFIG>
void decide_canary(hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &logits,
                   hls::stream<word<typename CONFIG::logit_t, CONFIG::LANES>> &second_logits,
                   hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                   hls::stream<weight_word> &second_part, hls::stream<weight_set> &second_sets,
                   const bool (&hit)[CONFIG::CLASSES], hls::stream<frame_status> &packets,
                   hls::stream<bool> (&memories)[CONFIG::MEMORIES > 0 ? CONFIG::MEMORIES : 1], ap_uint<32> mode,
                   ap_int<32> threshold, ap_uint<32> prescale, ap_uint<32> prescale_key, ap_uint<32> canary_frames,
                   ap_uint<32> canary_bound, ap_uint<64> &frame_count, ap_uint<64> &kept_count,
                   ap_uint<64> &vetoed_count, ap_uint<64> &prescaled_count, ap_uint<64> &malformed_count,
                   ap_uint<64> &gap_count, ap_uint<64> &dropped_beats, ap_uint<64> &timeout_count,
                   ap_uint<64> &overflow_count, ap_uint<32> &status, ap_uint<32> &upsets, ap_uint<32> &scrub_frames,
                   ap_uint<64> &canary_count, ap_uint<64> &canary_disagreements, ap_uint<32> &canary_swaps,
                   hls::stream<decision_beat> &decisions) {
  VETOC_STATE(threshold_banks<CONFIG>, kept);
#pragma HLS RESET variable = kept
  VETOC_STATE(threshold_banks<CONFIG>, second_kept);
#pragma HLS RESET variable = second_kept
  VETOC_STATE(canary_state, s);
#pragma HLS RESET variable = s
  auto background = [&] {
#pragma HLS INLINE
    take_threshold<CONFIG>(part, kept);
    take_threshold<CONFIG>(second_part, second_kept);
  };
  const frame_status packet = next_packet(packets, background);
  if (!packet.empty) {
    next_bank(sets, kept.state, background);
    next_bank(second_sets, second_kept.state, background);
  }

  // Who decides: as software says, or the other one where that has taken over.
  if (!mode.test(TAKE_OVER)) s.taken_over = false;
  const bool second_decides = mode.test(SECOND_DECIDES) != s.taken_over;
  if (second_decides != s.second_decides) s.swaps = saturated(s.swaps);
  if (second_decides != s.second_decides || kept.state.in_use != s.first || second_kept.state.in_use != s.second) {
    s.frames = 0;
    s.disagreements = 0;
  }
  s.second_decides = second_decides;
  s.first = kept.state.in_use;
  s.second = second_kept.state.in_use;

  auto judge = [&] {
#pragma HLS INLINE
    ap_int<32> score = 0;
    ap_int<32> second_score = 0;
    if (!packet.empty) {
      score = score_of<CONFIG>(logits, hit, background);
      second_score = score_of<CONFIG>(second_logits, hit, background);
    }
    const bool own = mode.test(OWN_THRESHOLD);
    const ap_int<32> limit = own ? threshold : kept.value[kept.state.bank()];
    const ap_int<32> second_limit = own ? threshold : second_kept.value[second_kept.state.bank()];
    const bool keeps = score >= limit;
    const bool second_keeps = second_score >= second_limit;
    if (packet.causes == 0) {
      s.frames += 1;
      if (keeps != second_keeps) s.disagreements += 1;
    }
    judgement j;
    j.score = second_decides ? second_score : score;
    j.limit = second_decides ? second_limit : limit;
    j.set = second_decides ? s.second : s.first;
    j.second = second_decides;
    j.shadow_keep = second_decides ? keeps : second_keeps;
    j.shadow_score = second_decides ? score : second_score;
    return j;
  };
  decide_frame<CONFIG>(packet, judge, memories, mode, prescale, prescale_key, frame_count, kept_count, vetoed_count,
                       prescaled_count, malformed_count, gap_count, dropped_beats, timeout_count, overflow_count,
                       status, upsets, scrub_frames, decisions);
  // It counts with the next frame.
  if (mode.test(TAKE_OVER) && canary_frames != 0 && s.frames >= canary_frames && s.disagreements <= canary_bound)
    s.taken_over = true;
  if (!mode.test(HOLD)) {
    canary_count = s.frames;
    canary_disagreements = s.disagreements;
    canary_swaps = s.swaps;
  }
  after_frame(part, kept.state, background);
  after_frame(second_part, second_kept.state, background);
}

}  // namespace vetoc

#endif
