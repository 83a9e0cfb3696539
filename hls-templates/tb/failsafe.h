// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a broken link would send, and what the registers do. After each case the next good frame must be bit-exact and
// carry its own number.
#ifndef VETOC_FAILSAFE_H
#define VETOC_FAILSAFE_H

#include "failsafe_link.h"

namespace vetoc {

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
#if defined(VETOC_FEATURES)
  // A front end decides nothing.
  f.registers.threshold = a.score + 1;
  f.sends(f.next_a());
  return f.expect("no threshold vetoes what a module sends", {f.good()});
#endif
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
