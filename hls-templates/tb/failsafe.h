// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a broken link would send, and what the registers do. After each case the next good frame must be bit-exact and
// carry its own number.
#ifndef VETOC_FAILSAFE_H
#define VETOC_FAILSAFE_H

#include <cstdio>
#include <vector>

#include "drive.h"

namespace vetoc {

typedef std::vector<design::pixel_beat> beats;

struct good_frame {
  const std::uint16_t *pixels;
  std::int32_t score;
};

static constexpr bool NUMBERED = design::HEADER_BEATS > 0;
static constexpr std::uint32_t cause(int bit) { return std::uint32_t(1) << bit; }

/// One word that the firmware must send.
struct expectation {
  std::uint32_t causes;
  std::int32_t score;    // not looked at when malformed
  std::uint64_t number;  // of the packet; 0 where its header did not come
  bool numbered;
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
  failsafe(const good_frame &a, const good_frame &b) : a_(a), b_(b) {}

  /// A good frame, and what the firmware must say of it.
  beats next_a() { return next(a_); }
  beats next_b() { return next(b_); }
  /// What is expected of the frame that was asked for last, or the `back`-th before it.
  expectation good(std::size_t back = 0) const { return expected(0, back); }
  expectation bad(std::uint32_t causes, std::size_t back = 0) const { return expected(causes, back); }
  /// A packet whose header did not come.
  static expectation nameless(std::uint32_t causes) { return {causes, 0, 0, false}; }

  /// What waits at the input.
  void sends(const beats &sent) { waiting_ = joined(waiting_, sent); }
  /// Whether the firmware may lose what the bench sends at once: then a packet comes for each one that it takes.
  bool at_once = design::FIFO_BEATS == 0;

  /// Lets the firmware take all that was sent before anyone reads its decisions, then compares.
  bool expect(const char *name, const std::vector<expectation> &words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      feed(at_once || i + 1 == words.size());
      run(frames_, decisions_, registers);
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
    return beats_of(frame.pixels, number_++);
  }
  expectation expected(std::uint32_t causes, std::size_t back) const {
    const std::size_t at = scores_.size() - 1 - back;
    return {causes, scores_[at], NUMBERED ? number_ - 1 - back : 0, NUMBERED};
  }

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
  std::uint64_t number_ = 1000;
  std::uint64_t count_ = 0;
  std::uint64_t kept_ = 0;
  std::uint64_t prescaled_ = 0;
  std::uint64_t malformed_ = 0;
};

/// What every framing survives.
inline bool broken_packets(failsafe &f) {
  const std::uint32_t is_short = cause(SHORT);
  const std::size_t n = f.next_a().size();
  beats a = f.next_a();
  f.sends(joined(cut(a, n / 2), f.next_b()));
  if (!f.expect("short frame, then a good one", {f.bad(is_short, 1), f.good()}))
    return false;
  a = f.next_a();
  const expectation one = design::HEADER_BEATS > 1 ? failsafe::nameless(is_short) : f.bad(is_short);
  f.sends(joined(cut(a, 1), f.next_b()));
  if (!f.expect("one beat, then a good frame", {one, f.good()})) return false;
  a = f.next_a();
  f.sends(joined(cut(a, n - 1), f.next_b()));
  if (!f.expect("TLAST one beat early", {f.bad(is_short, 1), f.good()})) return false;
  a = f.next_a();
  f.sends(joined(with_hole(a), f.next_b()));
  if (!f.expect("a byte that is not valid", {f.bad(cause(BYTES), 1), f.good()}))
    return false;
  a = f.next_a();
  const std::size_t some = design::HEADER_BEATS + 2;
  beats b = f.next_b();
  f.sends(joined(joined(cut(a, some), cut(b, some + 1)), f.next_a()));
  if (!f.expect("two short frames in a row", {f.bad(is_short, 2), f.bad(is_short, 1), f.good()}))
    return false;
  // The rest of a packet that does not end is thrown away.
  a = without_last(f.next_a());
  beats tail = rest(cut(f.next_a(), some + 3), some);
  f.dropped += tail.size();
  f.sends(joined(joined(a, tail), f.next_b()));
  return f.expect("beats behind a frame that does not end", {f.bad(cause(LONG), 2), f.good()});
}

/// What only a marked start survives.
inline bool marked_starts(failsafe &f) {
  const std::size_t n = f.next_a().size();
  beats a = f.next_a();
  beats b = f.next_b();
  f.sends(joined(joined(without_last(a), b), f.next_a()));
  if (!f.expect("no TLAST: the next frame is right all the same", {f.bad(cause(LONG), 2), f.good(1), f.good()}))
    return false;
  a = f.next_a();
  a.resize(n / 2);
  f.sends(joined(a, f.next_b()));
  if (!f.expect("half a frame without TLAST, then a good one", {f.bad(cause(SHORT), 1), f.good()}))
    return false;
  a = rest(f.next_a(), n / 2);
  f.dropped += a.size();
  f.sends(joined(a, f.next_b()));
  if (!f.expect("half a frame without a start", {failsafe::nameless(cause(HEADLESS)), f.good()}))
    return false;
  a = with_error(f.next_a());
  f.sends(joined(a, f.next_b()));
  return f.expect("an error that the sender marks", {f.bad(cause(ERROR), 1), f.good()});
}

/// What only a CRC sees.
inline bool wrong_crcs(failsafe &f) {
  beats a = flipped(f.next_a());
  f.sends(joined(a, f.next_b()));
  if (!f.expect("a flipped bit", {f.bad(cause(CRC_WRONG), 1), f.good()})) return false;
  a = f.next_a();
  const std::size_t half = a.size() / 2;
  a.resize(half);
  const beats b = rest(f.next_b(), half);
  f.sends(joined(joined(a, b), f.next_a()));
  return f.expect("half of one frame and half of the next", {f.bad(cause(CRC_WRONG), 2), f.good()});
}

/// A frame that stops, and what comes of it later.
inline bool stopped_frames(failsafe &f) {
  f.registers.idle_cycles = 100;
  beats a = f.next_a();
  const std::size_t half = a.size() / 2;
  beats first = a;
  first.resize(half);
  f.sends(first);
  if (!f.expect("a frame that stops is given up", {f.bad(cause(TIMEOUT))})) return false;
  const beats late = rest(a, half);
  f.dropped += late.size();
  f.sends(joined(late, f.next_b()));
  if (!f.expect("what still comes of it is thrown away", {f.good()})) return false;
  f.registers.idle_cycles = 0;
  return true;
}

/// A detector that cannot wait: three packets into a FIFO of less.
inline bool overflows(failsafe &f) {
  if (design::FIFO_BEATS == 0) return true;
  const std::size_t n = f.next_a().size();
  const std::size_t packets = static_cast<std::size_t>(design::FIFO_BEATS) / n + 3;
  beats sent;
  std::vector<expectation> words;
  for (std::size_t i = 0; i < packets; ++i) sent = joined(sent, f.next_a());
  const std::size_t whole = static_cast<std::size_t>(design::FIFO_BEATS) / n;
  for (std::size_t i = 0; i < whole; ++i) words.push_back(f.good(packets - 1 - i));
  // The bench sends the next packet once these are out: then the firmware tells what it lost.
  f.registers.idle_cycles = 100;
  f.at_once = true;
  const std::size_t part = static_cast<std::size_t>(design::FIFO_BEATS) % n;
  const bool partly = part > 0;
  if (partly)
    words.push_back(part < design::HEADER_BEATS ? failsafe::nameless(cause(TIMEOUT))
                                                : f.bad(cause(TIMEOUT), packets - 1 - whole));
  f.sends(sent);
  if (!f.expect("more frames at once than the FIFO holds", words)) return false;
  f.at_once = false;
  words.clear();
  for (std::size_t i = whole + (partly ? 1 : 0); i < packets; ++i)
    words.push_back(failsafe::nameless(cause(OVERFLOWED)));
  const beats b = f.next_b();
  words.push_back(f.good());
  f.registers.idle_cycles = 0;
  f.sends(b);
  return f.expect("what was lost is answered before the next frame", words);
}

/// What software can set.
inline bool settings(failsafe &f, const good_frame &a) {
  f.registers.mode = 1 << OWN_THRESHOLD;
  f.threshold = a.score;
  f.registers.threshold = f.threshold;
  f.sends(f.next_a());
  if (!f.expect("threshold register at the score: kept", {f.good()})) return false;
  f.threshold = a.score + 1;
  f.registers.threshold = f.threshold;
  f.sends(f.next_a());
  if (!f.expect("threshold register above the score: vetoed", {f.good()})) return false;
  beats sent = cut(f.next_a(), design::HEADER_BEATS + 1);
  const beats next = f.next_a();
  f.sends(joined(sent, next));
  if (!f.expect("a malformed frame is kept all the same", {f.bad(cause(SHORT), 1), f.good()}))
    return false;
  f.registers.prescale = 3;
  f.registers.prescale_key = 0x5eed;
  sent.clear();
  for (int i = 0; i < 12; ++i) sent = joined(sent, f.next_a());
  std::vector<expectation> words;
  for (std::size_t i = 12; i-- > 0;) words.push_back(f.good(i));
  f.sends(sent);
  if (!f.expect("one miss in three is kept, by the hash of its number", words)) return false;
  f.registers.prescale = MAX_PRESCALE + 1;
  f.sends(f.next_a());
  if (!f.expect("a prescale beyond the largest is refused", {f.good()})) return false;
  if (!f.registers.status.test(PRESCALE_REFUSED)) {
    std::fprintf(stderr, "MISMATCH case \"prescale\": the status does not say that it is refused\n");
    return false;
  }
  f.registers.prescale = 0;
  f.registers.mode = 1 << OWN_THRESHOLD | 1 << PASS_THROUGH;
  f.pass_through = true;
  sent = f.next_a();
  f.sends(joined(sent, f.next_b()));
  return f.expect("pass-through keeps and only counts", {f.good(1), f.good()});
}

/// Counters that are held stand still together, and have missed nothing afterwards.
inline bool held_counters(failsafe &f) {
  const ap_uint<64> before = f.registers.frames;
  hls::stream<design::pixel_beat> frames("frames");
  f.registers.mode = f.registers.mode | 1 << HOLD;
  vetoc::registers held = f.registers;
  hls::stream<decision_beat> decisions("decisions");
  send(frames, f.next_a());
  run(frames, decisions, held);
  take(decisions);
  if (held.frames != before || !held.status.test(HELD)) {
    std::fprintf(stderr, "MISMATCH case \"held counters\": they go on, or the status does not say so\n");
    return false;
  }
  held.mode = 0;
  send(frames, f.next_a());
  run(frames, decisions, held);
  take(decisions);
  if (held.frames != before + 2) {
    std::fprintf(stderr, "MISMATCH case \"held counters\": they have missed a frame\n");
    return false;
  }
  std::printf("PASS counters that are held\n");
  return true;
}

/// Reset in the middle of a frame: what is left of it has no start, or is a frame of its own; the next one is right.
inline bool reset_in_a_frame(failsafe &f, bool built_in_gone) {
  beats a = f.next_a();
  const std::size_t half = a.size() / 2;
  beats first = a;
  first.resize(half);
  f.registers.mode = 1 << CLEAR_COUNTERS;
  f.clear_counters();
  f.threshold = design::THRESHOLD;
  f.pass_through = false;
  f.registers.idle_cycles = 100;
  f.sends(first);
  if (!f.expect("before a reset", {f.bad(cause(TIMEOUT))})) return false;
  reset_firmware();
  f.registers.mode = 0;
  f.clear_counters();
  f.registers.idle_cycles = 0;
  const beats late = rest(a, half);
  // A reset does not bring back the built-in weights where images have taken their place.
  f.upset_expected = built_in_gone;
  if (design::SSI) {
    f.dropped += late.size();
    f.sends(late);
    f.sends(f.next_b());
    return f.expect("a reset in the middle of a frame", {failsafe::nameless(cause(HEADLESS)), f.good()});
  }
  // Without TUSER the rest looks like a frame of its own, of whatever number.
  hls::stream<design::pixel_beat> frames("frames");
  hls::stream<decision_beat> decisions("decisions");
  send(frames, late);
  run(frames, decisions, f.registers);
  const decision d = take(decisions);
  const bool right = d.keep && d.causes == cause(SHORT) && d.count == 0;
  std::printf("%s a reset in the middle of a frame\n", right ? "PASS" : "MISMATCH");
  return right;
}

/// `built_in_gone`: images were loaded into both banks before.
inline bool failsafe_cases(const good_frame &a, const good_frame &b, bool built_in_gone) {
  failsafe f(a, b);
  f.registers.mode = 1 << CLEAR_COUNTERS;
  f.clear_counters();
  f.sends(f.next_a());
  if (!f.expect("counters cleared", {f.good()})) return false;
  f.registers.mode = 0;
  f.sends(f.next_a());
  f.sends(f.next_b());
  f.sends(f.next_b());
  f.sends(f.next_a());
  return f.expect("back to back, decisions read late", {f.good(3), f.good(2), f.good(1), f.good()}) &&
         broken_packets(f) && (!design::SSI || marked_starts(f)) && (design::TRAILER_BEATS == 0 || wrong_crcs(f)) &&
         stopped_frames(f) && overflows(f) && settings(f, a) && held_counters(f) && reset_in_a_frame(f, built_in_gone);
}

}  // namespace vetoc

#endif
