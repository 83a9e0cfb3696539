// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a broken link would send, and what the registers do. After each case the next good frame must be bit-exact.
#ifndef VETOC_FAILSAFE_H
#define VETOC_FAILSAFE_H

#include <cstdio>
#include <vector>

#include "drive.h"

namespace vetoc {

typedef std::vector<design::pixel_beat> beats;

struct good_frame {
  beats sent;
  std::int32_t score;
};

/// One word that the firmware must send.
struct expectation {
  bool malformed;
  std::int32_t score;  // not looked at when malformed
};

inline beats joined(beats a, const beats &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The first `count` beats of a frame, TLAST with the last of them.
inline beats cut(beats frame, std::size_t count) {
  frame.resize(count);
  frame.back().last = 1;
  return frame;
}

inline beats without_last(beats frame) {
  frame.back().last = 0;
  return frame;
}

inline beats with_hole(beats frame) {
  design::pixel_beat &middle = frame[frame.size() / 2];
  middle.keep[0] = 0;
  return frame;
}

class failsafe {
 public:
  /// Sends everything at once, lets the firmware take all frames before anyone reads its decisions, then compares.
  bool expect(const char *name, const beats &sent, const std::vector<expectation> &words) {
    send(frames_, sent);
    for (std::size_t i = 0; i < words.size(); ++i) run(frames_, decisions_, registers);
    for (std::size_t i = 0; i < words.size(); ++i) {
      const decision d = take(decisions_);
      const bool keep = words[i].malformed || words[i].score >= threshold || pass_through;
      const bool right = d.malformed == words[i].malformed && d.keep == keep && d.frame == next_frame_ &&
                         (words[i].malformed || d.score == words[i].score);
      if (!right) {
        std::fprintf(stderr,
                     "MISMATCH case \"%s\", word %zu: expected {frame %u, score %d%s, keep %d, malformed %d}, "
                     "found {frame %u, score %d, keep %d, malformed %d}\n",
                     name, i, next_frame_, words[i].score, words[i].malformed ? " or any" : "", keep,
                     words[i].malformed, d.frame, d.score, d.keep, d.malformed);
        return false;
      }
      ++next_frame_;
      if (words[i].malformed) ++malformed_;
      if (words[i].malformed || words[i].score >= threshold) ++kept_;
    }
    if (!frames_.empty()) {
      std::fprintf(stderr, "MISMATCH case \"%s\": beats left over\n", name);
      return false;
    }
    if (registers.frames != next_frame_ || registers.kept != kept_ || registers.vetoed != next_frame_ - kept_ ||
        registers.malformed != malformed_) {
      std::fprintf(stderr, "MISMATCH case \"%s\": counters {%u, %u, %u, %u} instead of {%u, %u, %u, %u}\n", name,
                   registers.frames.to_uint(), registers.kept.to_uint(), registers.vetoed.to_uint(),
                   registers.malformed.to_uint(), next_frame_, kept_, next_frame_ - kept_, malformed_);
      return false;
    }
    std::printf("PASS %s\n", name);
    return true;
  }

  /// The counters and the frame number start again with the next frame.
  void clear_counters() {
    next_frame_ = 0;
    kept_ = 0;
    malformed_ = 0;
  }

  vetoc::registers registers;
  std::int32_t threshold = design::THRESHOLD;
  bool pass_through = false;

 private:
  hls::stream<design::pixel_beat> frames_{"frames"};
  hls::stream<decision_beat> decisions_{"decisions"};
  std::uint32_t next_frame_ = 0;
  std::uint32_t kept_ = 0;
  std::uint32_t malformed_ = 0;
};

inline bool failsafe_cases(const good_frame &a, const good_frame &b) {
  const expectation bad = {true, 0};
  const expectation good_a = {false, a.score};
  const expectation good_b = {false, b.score};
  const std::size_t n = a.sent.size();
  failsafe f;

  f.registers.mode = 1 << CLEAR_COUNTERS;
  f.clear_counters();
  if (!f.expect("counters cleared", a.sent, {good_a})) return false;
  f.registers.mode = 0;
  if (!f.expect("short frame, then a good one", joined(cut(a.sent, n / 2), b.sent), {bad, good_b})) return false;
  if (!f.expect("one beat, then a good frame", joined(cut(a.sent, 1), b.sent), {bad, good_b})) return false;
  if (!f.expect("TLAST one beat early", joined(cut(a.sent, n - 1), b.sent), {bad, good_b})) return false;
  if (!f.expect("one beat too many", joined(joined(without_last(a.sent), cut(b.sent, 1)), b.sent), {bad, good_b}))
    return false;
  if (!f.expect("a frame and a half", joined(joined(without_last(a.sent), cut(a.sent, n / 2)), b.sent), {bad, good_b}))
    return false;
  if (!f.expect("no TLAST: two frames count as one", joined(joined(without_last(a.sent), b.sent), a.sent), {bad, good_a}))
    return false;
  if (!f.expect("a byte that is not valid", joined(with_hole(a.sent), b.sent), {bad, good_b})) return false;
  if (!f.expect("two short frames in a row", joined(joined(cut(a.sent, 2), cut(b.sent, 3)), a.sent), {bad, bad, good_a}))
    return false;
  if (!f.expect("back to back, decisions read late", joined(joined(a.sent, b.sent), joined(b.sent, a.sent)),
                {good_a, good_b, good_b, good_a}))
    return false;

  f.registers.mode = 1 << OWN_THRESHOLD;
  f.threshold = a.score;
  f.registers.threshold = f.threshold;
  if (!f.expect("threshold register at the score: kept", a.sent, {good_a})) return false;
  f.threshold = a.score + 1;
  f.registers.threshold = f.threshold;
  if (!f.expect("threshold register above the score: vetoed", a.sent, {good_a})) return false;
  if (!f.expect("a malformed frame is kept all the same", joined(cut(a.sent, 1), a.sent), {bad, good_a})) return false;
  f.registers.mode = 1 << OWN_THRESHOLD | 1 << PASS_THROUGH;
  f.pass_through = true;
  return f.expect("pass-through keeps and only counts", joined(a.sent, b.sent), {good_a, good_b});
}

}  // namespace vetoc

#endif
