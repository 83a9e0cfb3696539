// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a broken link is tried with: packets cut, joined and flipped, and what the firmware must answer to each.
#ifndef VETOC_FAILSAFE_LINK_H
#define VETOC_FAILSAFE_LINK_H

#include <cstdio>
#include <vector>

#include "drive.h"

namespace vetoc {

typedef std::vector<design::pixel_beat> beats;

struct good_frame {
  const std::uint16_t *pixels;
  std::int32_t score;
  const std::int32_t *logits;  // null where they are not known
};

static constexpr bool NUMBERED = design::HEADER_BEATS > 0;
static constexpr std::uint32_t cause(int bit) { return std::uint32_t(1) << bit; }

/// One word that the firmware must send.
struct expectation {
  std::uint32_t causes;
  std::int32_t score;    // not looked at when malformed
  std::uint64_t number;  // of the packet; 0 where its header did not come
  bool numbered;
  const std::int32_t *logits;  // likewise
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

/// Its beats from `first` on.
inline beats rest(beats frame, std::size_t first) {
  frame.erase(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(first));
  return frame;
}

inline beats without_last(beats frame) {
  frame.back().last = 0;
  return frame;
}

inline beats with_hole(beats frame) {
  frame[frame.size() / 2].keep[0] = 0;
  return frame;
}

/// A bit of its middle beat flipped.
inline beats flipped(beats frame) {
  design::pixel_beat &middle = frame[frame.size() / 2];
  middle.data[3] = middle.data.test(3) ? 0 : 1;
  return frame;
}

template <typename BEAT>
void mark_error(BEAT &beat, std::true_type /*ssi*/) {
  beat.user = beat.user | (1 << EOFE);
}
template <typename BEAT>
void mark_error(BEAT & /*beat*/, std::false_type /*ssi*/) {}

/// EOFE with its last beat.
inline beats with_error(beats frame) {
  mark_error(frame.back(), std::integral_constant<bool, design::SSI>());
  return frame;
}

class failsafe {
 public:
  failsafe(const good_frame &a, const good_frame &b) : a_(a), b_(b) {
#if defined(VETOC_FEATURES)
    module_number() = 0x5a3c;
#endif
  }

  /// A good frame, and what the firmware must say of it.
  beats next_a() { return next(a_); }
  beats next_b() { return next(b_); }
  /// What is expected of the frame that was asked for last, or the `back`-th before it.
  expectation good(std::size_t back = 0) const { return expected(0, back); }
  expectation bad(std::uint32_t causes, std::size_t back = 0) const { return expected(causes, back); }
  /// A packet whose header did not come.
  static expectation nameless(std::uint32_t causes) { return {causes, 0, 0, false, nullptr}; }

  /// What waits at the input.
  void sends(const beats &sent) { waiting_ = joined(waiting_, sent); }
  /// Whether the firmware may lose what the bench sends at once: then a packet comes for each one that it takes.
  bool at_once = design::FIFO_BEATS == 0;

  /// Lets the firmware take all that was sent before anyone reads its decisions, then compares.
  bool expect(const char *name, const std::vector<expectation> &words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      feed(at_once || i + 1 == words.size());
      run(frames_, decisions_, registers);
#if defined(VETOC_FEATURES)
      if (!same_packet(name, i, words[i])) return false;
#endif
    }
    for (std::size_t i = 0; i < words.size(); ++i)
      if (!same(name, i, take(decisions_), words[i])) return false;
    if (!frames_.empty()) {
      std::fprintf(stderr, "MISMATCH case \"%s\": beats left over\n", name);
      return false;
    }
    if (registers.frames != count_ || registers.kept != kept_ || registers.vetoed != count_ - kept_ ||
        registers.prescaled != prescaled_ || registers.malformed != malformed_ || registers.dropped != dropped) {
      std::fprintf(stderr,
                   "MISMATCH case \"%s\": counters {%llu, %llu, %llu, %llu, %llu, %llu} instead of {%llu, %llu, %llu, %llu, "
                   "%llu, %llu}\n",
                   name, plain(registers.frames), plain(registers.kept), plain(registers.vetoed),
                   plain(registers.prescaled), plain(registers.malformed), plain(registers.dropped), plain(count_),
                   plain(kept_), plain(count_ - kept_), plain(prescaled_), plain(malformed_), plain(dropped));
      return false;
    }
    std::printf("PASS %s\n", name);
    return true;
  }

  /// The counters start again with the next frame.
  void clear_counters() {
    count_ = 0;
    kept_ = 0;
    prescaled_ = 0;
    malformed_ = 0;
    dropped = 0;
  }

  vetoc::registers registers;
  std::int32_t threshold = design::THRESHOLD;
  bool pass_through = false;
  std::uint64_t dropped = 0;  // beats thrown away so far
  bool upset_expected = false;

 private:
  static unsigned long long plain(const ap_uint<64> &count) { return count.to_uint64(); }

  /// To the next TLAST, or all that waits.
  void feed(bool all) {
    std::size_t count = 0;
    while (count < waiting_.size() && (all || count == 0 || waiting_[count - 1].last != 1)) ++count;
    for (std::size_t i = 0; i < count; ++i) frames_.write(waiting_[i]);
    waiting_ = rest(waiting_, count);
  }

  beats next(const good_frame &frame) {
    scores_.push_back(frame.score);
    logits_.push_back(frame.logits);
    return beats_of(frame.pixels, number_++);
  }
  expectation expected(std::uint32_t causes, std::size_t back) const {
    const std::size_t at = scores_.size() - 1 - back;
    return {causes, scores_[at], NUMBERED ? number_ - 1 - back : 0, NUMBERED, logits_[at]};
  }

#if defined(VETOC_FEATURES)
  /// The packet of an answer: it says what was wrong; without pixels its features are 0, of others that are malformed any.
  bool same_packet(const char *name, std::size_t place, const expectation &word) const {
    static const std::vector<std::int32_t> none(design::CLASSES, 0);
    const bool empty = !word.numbered && word.causes != 0;
    const std::int32_t *features = empty ? none.data() : word.causes != 0 ? nullptr : word.logits;
    const std::uint32_t state = word.causes | (upset_expected && !empty ? 1U << UPSET_BIT : 0U);
    if (is_sent(take_sent(), word.number, state, design::CLASSES, features)) return true;
    std::fprintf(stderr, "MISMATCH case \"%s\", word %zu: another packet of features\n", name, place);
    return false;
  }
#endif

  bool same(const char *name, std::size_t place, const decision &d, const expectation &word) {
    const bool malformed = word.causes != 0;
    const bool by_score = !malformed && word.score >= threshold;
    // A packet without pixels brings no news of the memories.
    const bool upset = upset_expected && (word.causes & cause(HEADLESS)) == 0;
    const bool wanted = malformed || by_score || upset;
    const std::uint64_t number = NUMBERED ? word.number : count_;
    const bool by_prescale =
        !wanted && prescale_chooses(number, registers.prescale, registers.prescale_key);
    const bool keep = wanted || by_prescale || pass_through;
    const std::uint32_t weight = !keep ? 0 : by_prescale && !pass_through ? registers.prescale.to_uint() : 1;
    const bool right = d.number == number && d.numbered == word.numbered && (malformed || d.score == word.score) &&
                       d.keep == keep && d.by_score == by_score && d.by_prescale == by_prescale &&
                       d.malformed == malformed && d.causes == word.causes && d.by_pass_through == pass_through &&
                       d.weight == weight && d.count == static_cast<std::uint32_t>(count_) && d.threshold == threshold &&
                       d.upset == upset;
    if (!right)
      std::fprintf(stderr,
                   "MISMATCH case \"%s\", word %zu: expected {number %llu, score %d%s, keep %d, weight %u, malformed %d, "
                   "causes %02x}, found {number %llu, score %d, keep %d, weight %u, malformed %d, causes %02x}\n",
                   name, place, plain(number), word.score, malformed ? " or any" : "", keep, weight, malformed,
                   word.causes, plain(d.number), d.score, d.keep, d.weight, d.malformed, d.causes);
    ++count_;
    if (wanted) ++kept_;
    if (by_prescale) ++prescaled_;
    if (malformed) ++malformed_;
    return right;
  }

  const good_frame a_;
  const good_frame b_;
  hls::stream<design::pixel_beat> frames_{"frames"};
  hls::stream<decision_beat> decisions_{"decisions"};
  beats waiting_;
  std::vector<std::int32_t> scores_;
  std::vector<const std::int32_t *> logits_;
  std::uint64_t number_ = 1000;
  std::uint64_t count_ = 0;
  std::uint64_t kept_ = 0;
  std::uint64_t prescaled_ = 0;
  std::uint64_t malformed_ = 0;
};

}  // namespace vetoc

#endif
