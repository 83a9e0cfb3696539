// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Two networks, one in shadow: new weights do not decide until they are told to, or have agreed often enough; back at once.
#ifndef VETOC_CANARY_CASES_H
#define VETOC_CANARY_CASES_H

#include "reload_cases.h"

namespace vetoc {

class canary {
 public:
  canary(const golden_frames &frames, const golden_results &built_in, const golden_results &other)
      : frames_(frames), built_in_(built_in), other_(other) {}

  vetoc::registers registers;

  void load(const weight_image &image) { send_weights(weights_, image); }
  /// A threshold between the scores of the first frame, so that the networks disagree about that.
  void let_them_disagree() {
    const std::int32_t a = built_in_.score(0);
    const std::int32_t b = other_.score(0);
    registers.mode = registers.mode | 1 << OWN_THRESHOLD;
    registers.threshold = a > b ? a : b;
  }

  /// The next frame: decided by the `decider` network with `decides`, while the other one has `shadows`.
  bool next(const char *name, bool second, const golden_results &decides, const golden_results &shadows,
            std::uint32_t weights) {
    const std::size_t f = number_ % frames_.count;
    send(input_, frames_.beats(f, number_++));
    run(input_, weights_, output_, registers);
    const decision d = take(output_);
    const bool own = registers.mode.test(OWN_THRESHOLD);
    const bool right = d.second == second && d.score == decides.score(f) && d.shadow_score == shadows.score(f) &&
                       d.weights == weights && !d.upset && registers.status.test(SECOND) == second &&
                       (own || (d.keep == decides.keep(f) && d.shadow_keep == shadows.keep(f)));
    disagreements_ += d.by_score != d.shadow_keep ? 1 : 0;
    ++seen_;
    if (!right || registers.canary_count != seen_ || registers.canary_disagreements != disagreements_) {
      std::fprintf(stderr,
                   "MISMATCH case \"%s\": second %d, score %d, shadow %d, weights %u, count %llu, disagreements %llu instead of "
                   "%d, %d, %d, %u, %llu, %llu\n",
                   name, d.second, d.score, d.shadow_score, d.weights,
                   static_cast<unsigned long long>(registers.canary_count.to_uint64()),
                   static_cast<unsigned long long>(registers.canary_disagreements.to_uint64()), second, decides.score(f),
                   shadows.score(f), weights, static_cast<unsigned long long>(seen_),
                   static_cast<unsigned long long>(disagreements_));
      return false;
    }
    return true;
  }
  /// All frames once.
  bool all(const char *name, bool second, const golden_results &decides, const golden_results &shadows,
           std::uint32_t weights) {
    for (std::size_t i = 0; i < frames_.count; ++i)
      if (!next(name, second, decides, shadows, weights)) return false;
    std::printf("PASS %s\n", name);
    return true;
  }
  /// The counts start again: other weights, or other places.
  void restart() {
    seen_ = 0;
    disagreements_ = 0;
  }
  bool says(const char *name, bool right) {
    if (!right) std::fprintf(stderr, "MISMATCH case \"%s\"\n", name);
    return right;
  }
  std::uint64_t seen() const { return seen_; }
  std::uint64_t disagreements() const { return disagreements_; }
  /// The next frame is the first one again.
  void rewind() {
    while (number_ % frames_.count != 0) ++number_;
  }

 private:
  const golden_frames &frames_;
  const golden_results &built_in_;
  const golden_results &other_;
  hls::stream<design::pixel_beat> input_{"frames"};
  hls::stream<weight_beat> weights_{"weights"};
  hls::stream<decision_beat> output_{"decisions"};
  std::size_t number_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t disagreements_ = 0;
};

inline bool canary_cases(const std::string &folder, const golden_frames &frames, const golden_results &built_in) {
  weight_image own;
  weight_image other;
  golden_results with_other;
  if (!load(folder + "/reload/built_in.bin", own) || !load(folder + "/reload/other.bin", other) ||
      !load_results(folder + "/reload", frames, compared::decisions, with_other))
    return false;
  reset_firmware();
  canary c(frames, built_in, with_other);
  if (!c.all("two networks with the same weights agree", false, built_in, built_in, 0) ||
      !c.says("no disagreement", c.disagreements() == 0))
    return false;

  c.load(other);
  c.restart();
  c.let_them_disagree();
  if (!c.all("new weights are in shadow and do not decide", false, built_in, with_other, 0) ||
      !c.says("the networks disagree", c.disagreements() > 0) ||
      !c.says("the image was taken", c.registers.weights_loaded == 1))
    return false;

  const ap_uint<32> first = c.registers.mode;
  const ap_uint<32> second = first | 1 << SECOND_DECIDES;
  c.registers.mode = second;
  c.restart();
  if (!c.next("they change places on command, with the next frame", true, with_other, built_in, 1)) return false;
  c.registers.mode = first;
  c.restart();
  if (!c.next("and back, with the next frame", false, built_in, with_other, 0) ||
      !c.says("two swaps are counted", c.registers.canary_swaps == 2))
    return false;
  std::printf("PASS swaps on command\n");

  // They disagree about the first frame: a bound of 0 is never kept.
  c.rewind();
  c.registers.canary_frames = static_cast<unsigned>(c.seen() + 1);
  c.registers.canary_bound = 0;
  c.registers.mode = first | 1 << TAKE_OVER;
  for (std::size_t i = 0; i < 2 * frames.count; ++i)
    if (!c.next("beyond the bound the shadow does not take over", false, built_in, with_other, 0)) return false;
  if (!c.says("it did not take over", !c.registers.status.test(TAKEN_OVER))) return false;
  // An image while it may take over is refused.
  c.load(own);
  if (!c.next("an image while the shadow may take over", false, built_in, with_other, 0) ||
      !c.says("it is refused as busy", c.registers.weights_status == static_cast<unsigned>(image_status::busy)))
    return false;
  c.registers.canary_frames = static_cast<unsigned>(c.seen() + 1);
  c.registers.canary_bound = 0xffffffffU;
  if (!c.next("the last frame before the shadow takes over", false, built_in, with_other, 0)) return false;
  c.restart();
  if (!c.next("within the bound it takes over", true, with_other, built_in, 1) ||
      !c.says("it says so", c.registers.status.test(TAKEN_OVER)))
    return false;
  c.registers.mode = second;
  if (!c.next("software follows, and nothing changes", true, with_other, built_in, 1) ||
      !c.says("software decides again", !c.registers.status.test(TAKEN_OVER)))
    return false;
  std::printf("PASS taking over within a bound\n");

  // Now the first network is in shadow: an image goes to that one, and the second decides on.
  c.load(other);
  c.restart();
  if (!c.all("an image goes to whichever is in shadow", true, with_other, with_other, 1)) return false;
  c.registers.mode = 0;
  c.restart();
  if (!c.next("and that one decides with it", false, with_other, with_other, 1)) return false;
  reset_firmware();
  c.restart();
  return true;
}

}  // namespace vetoc

#endif
