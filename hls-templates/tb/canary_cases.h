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

  /// Words `from` to `to` of an image.
  void load(const weight_image &image, std::size_t from = 0, std::size_t to = SIZE_MAX) {
    send_weights(weights_, image, from, to);
  }
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
  /// A packet that ends after its first beat: it is kept, and counts for neither network.
  bool malformed(const char *name) {
    std::vector<design::pixel_beat> beats(1, frames_.beats(0, number_++)[0]);
    beats[0].last = 1;
    send(input_, beats);
    run(input_, weights_, output_, registers);
    const decision d = take(output_);
    return says(name, d.malformed && d.keep && registers.canary_count == seen_ &&
                          registers.canary_disagreements == disagreements_);
  }
  /// While `hold` is set what can be read stands still.
  bool held(const char *name) {
    const ap_uint<32> mode = registers.mode;
    registers.mode = mode | 1 << HOLD;
    const std::size_t f = number_ % frames_.count;
    send(input_, frames_.beats(f, number_++));
    run(input_, weights_, output_, registers);
    const decision d = take(output_);
    const bool still = registers.canary_count == seen_ && registers.canary_disagreements == disagreements_;
    registers.mode = mode;
    ++seen_;
    disagreements_ += d.by_score != d.shadow_keep ? 1 : 0;
    return says(name, still);
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
  if (!c.malformed("a malformed frame counts for neither") || !c.held("counts that are held stand still") ||
      !c.next("and go on counting", false, built_in, built_in, 0))
    return false;
  std::printf("PASS counts of a network in shadow\n");

  // Half of an image is there when the networks change places: what would decide then must not be touched.
  const std::size_t half = other.size() / 2;
  c.load(other, 0, half);
  if (!c.next("half of an image", false, built_in, built_in, 0)) return false;
  c.registers.mode = 1 << SECOND_DECIDES;
  c.load(other, half);
  c.restart();
  if (!c.next("an image under which the networks change places", true, built_in, built_in, 0) ||
      !c.says("it is refused as busy, too", c.registers.weights_status == static_cast<unsigned>(image_status::busy)))
    return false;
  c.registers.mode = 0;
  c.restart();
  if (!c.next("and back, with the same weights", false, built_in, built_in, 0)) return false;
  std::printf("PASS an image under which the networks change places\n");

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
      !c.says("all swaps are counted", c.registers.canary_swaps == 4))
    return false;
  std::printf("PASS swaps on command\n");

  // 0 frames are no proof of anything.
  c.registers.canary_frames = 0;
  c.registers.canary_bound = 0xffffffffU;
  c.registers.mode = first | 1 << TAKE_OVER;
  for (int i = 0; i < 3; ++i)
    if (!c.next("a shadow that shall never take over", false, built_in, with_other, 0)) return false;
  c.registers.mode = first;
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
  c.registers.canary_frames = static_cast<unsigned>(c.seen() + 3);
  c.registers.canary_bound = 0xffffffffU;
  for (int i = 0; i < 3; ++i)
    if (!c.next("the last frames before the shadow takes over", false, built_in, with_other, 0)) return false;
  c.restart();
  if (!c.next("within the bound it takes over", true, with_other, built_in, 1) ||
      !c.says("it says so", c.registers.status.test(TAKEN_OVER)) ||
      !c.next("and stays", true, with_other, built_in, 1))
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
  c.registers.mode = second;
  c.restart();
  if (!c.next("the second decides, and a reset comes", true, with_other, with_other, 1)) return false;
  reset_firmware();
  c.registers.mode = 0;
  c.registers.canary_frames = 0;
  c.registers.canary_bound = 0;
  c.restart();
  if (!c.next("after a reset the first decides with the built-in weights", false, built_in, built_in, 0) ||
      !c.says("swaps count from the reset on", c.registers.canary_swaps == 0))
    return false;
  std::printf("PASS a reset of two networks\n");

  // Each is held to the threshold that came with its weights: one that no score, or every score, reaches.
  const bool never = built_in.keep(0);
  weight_image extreme = other;
  extreme[extreme.size() - 2] = static_cast<std::uint32_t>(never ? INT32_MAX : INT32_MIN);
  extreme.back() = crc_of_words(extreme);
  golden_results with_extreme = with_other;
  for (std::size_t f = 0; f < frames.count; ++f) with_extreme.decisions[2 * f + 1] = never ? 0 : 1;
  c.load(extreme);
  c.restart();
  if (!c.all("a network in shadow has its own threshold", false, built_in, with_extreme, 0)) return false;
  c.registers.mode = 1 << SECOND_DECIDES;
  c.restart();
  if (!c.all("and keeps it when it decides", true, with_extreme, built_in, 1)) return false;
  c.registers.mode = 0;
  reset_firmware();
  return true;
}

}  // namespace vetoc

#endif
