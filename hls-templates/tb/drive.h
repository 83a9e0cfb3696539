// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Driving the firmware in C simulation: frames in as beats, decisions out, and each stage's values.
// `design.h` is generated: it names the top function and lists the stages.
#ifndef VETOC_DRIVE_H
#define VETOC_DRIVE_H

#include <cstdint>
#include <type_traits>
#include <vector>

#include "design.h"
#include "probe.h"
/// What stands behind the frames among the arguments.
#if defined(VETOC_MAPS)
#include "maps.h"
#define VETOC_MAPS_BESIDE vetoc::maps_stream(),
#else
#define VETOC_MAPS_BESIDE
#endif
#if defined(VETOC_FEATURES)
#include "sent.h"
#define VETOC_BESIDE VETOC_MAPS_BESIDE vetoc::features_sent(), vetoc::module_number(),
#else
#define VETOC_BESIDE VETOC_MAPS_BESIDE
#endif

namespace vetoc {

/// The decision word; its fields are those of registers.h.
struct decision {
  std::uint64_t number;
  std::int32_t score;
  bool keep;
  bool by_score;
  bool by_prescale;
  bool malformed;
  bool by_pass_through;
  bool upset;
  bool gap;
  bool numbered;
  std::uint32_t weights;
  std::uint32_t causes;
  bool second;         // these three: only with a second network in shadow
  bool shadow_keep;
  std::int32_t shadow_score;
  std::uint32_t weight;
  std::uint32_t count;
  std::int32_t threshold;
};

struct registers {
  ap_uint<32> mode = 0;
  ap_int<32> threshold = 0;
  ap_uint<32> idle_cycles = 0;
  ap_uint<32> number_step = 0;
  ap_uint<32> prescale = 0;
  ap_uint<32> prescale_key = 0;
  ap_uint<64> frames = 0;
  ap_uint<64> kept = 0;
  ap_uint<64> vetoed = 0;
  ap_uint<64> prescaled = 0;
  ap_uint<64> malformed = 0;
  ap_uint<64> gaps = 0;
  ap_uint<64> dropped = 0;
  ap_uint<64> timeouts = 0;
  ap_uint<64> overflows = 0;
  ap_uint<32> status = 0;
  ap_uint<32> upsets = 0;
  ap_uint<32> scrub_frames = 0;
  ap_uint<32> weights_loaded = 0;   // these three and `weights`: only where weights can be reloaded
  ap_uint<32> weights_refused = 0;
  ap_uint<32> weights_status = 0;
  ap_uint<32> canary_frames = 0;  // from here on: only with a second network in shadow
  ap_uint<32> canary_bound = 0;
  ap_uint<64> canary_count = 0;
  ap_uint<64> canary_disagreements = 0;
  ap_uint<32> canary_swaps = 0;
};

/// TUSER, where there is one.
template <typename BEAT>
void mark(BEAT &beat, bool first, std::true_type /*ssi*/) {
  beat.user = first ? 1 << SOF : 0;
}
template <typename BEAT>
void mark(BEAT & /*beat*/, bool /*first*/, std::false_type /*ssi*/) {}

/// A packet without its CRC gets one, bit by bit: not the way the firmware computes it.
inline std::uint32_t crc_of(const std::vector<design::pixel_beat> &beats) {
  std::uint32_t state = 0xffffffffU;
  for (const design::pixel_beat &beat : beats)
    for (int b = 0; b < 16 * design::PIXELS_PER_CLOCK; ++b) {
      const bool odd = (state & 1U) != (beat.data.test(b) ? 1U : 0U);
      state = (state >> 1) ^ (odd ? 0xedb88320U : 0U);
    }
  return ~state;
}

/// `value` in the low bits of `count` beats, the lowest first.
inline void append_value(std::vector<design::pixel_beat> &beats, std::uint64_t value, int count) {
  for (int b = 0; b < count; ++b) {
    design::pixel_beat beat;
    beat.data = 0;
    for (int l = 0; l < design::PIXELS_PER_CLOCK && l < 4; ++l) {
      beat.data.range(16 * l + 15, 16 * l) = value & 0xffffU;
      value >>= 16;
    }
    beats.push_back(beat);
  }
}

/// A packet: the number where there is a header, each row from a fresh beat, the CRC where there is one.
inline std::vector<design::pixel_beat> beats_of(const std::uint16_t *pixels, std::uint64_t number) {
  std::vector<design::pixel_beat> beats;
  append_value(beats, number, design::HEADER_BEATS);
  for (int y = 0; y < design::HEIGHT; ++y)
    for (int x = 0; x < design::WIDTH; x += design::PIXELS_PER_CLOCK) {
      design::pixel_beat beat;
      beat.data = 0;
      for (int l = 0; l < design::PIXELS_PER_CLOCK && x + l < design::WIDTH; ++l)
        beat.data.range(16 * l + 15, 16 * l) = pixels[static_cast<std::size_t>(y) * design::WIDTH + x + l];
      beats.push_back(beat);
    }
  append_value(beats, design::TRAILER_BEATS > 0 ? crc_of(beats) : 0, design::TRAILER_BEATS);
  for (std::size_t i = 0; i < beats.size(); ++i) {
    beats[i].keep = -1;
    beats[i].strb = -1;
    beats[i].last = i + 1 == beats.size();
    mark(beats[i], i == 0, std::integral_constant<bool, design::SSI>());
  }
  return beats;
}

inline void send(hls::stream<design::pixel_beat> &frames, const std::vector<design::pixel_beat> &beats) {
  for (const design::pixel_beat &beat : beats) frames.write(beat);
}

/// Lets the firmware take one frame and, where its weights can be reloaded, one image of weights that waits.
inline void run(hls::stream<design::pixel_beat> &frames, hls::stream<weight_beat> &weights,
                hls::stream<decision_beat> &decisions, registers &r) {
#if defined(VETOC_FEATURES)
  forget_features();
#endif
#if defined(VETOC_CANARY)
  design::top(frames, VETOC_BESIDE weights, decisions, r.mode, r.threshold, r.idle_cycles, r.number_step, r.prescale, r.prescale_key,
              r.canary_frames, r.canary_bound, r.frames, r.kept, r.vetoed, r.prescaled, r.malformed, r.gaps, r.dropped,
              r.timeouts, r.overflows, r.status, r.upsets, r.scrub_frames, r.weights_loaded, r.weights_refused,
              r.weights_status, r.canary_count, r.canary_disagreements, r.canary_swaps);
#elif defined(VETOC_RELOADABLE)
  design::top(frames, VETOC_BESIDE weights, decisions, r.mode, r.threshold, r.idle_cycles, r.number_step, r.prescale, r.prescale_key,
              r.frames, r.kept, r.vetoed, r.prescaled, r.malformed, r.gaps, r.dropped, r.timeouts, r.overflows, r.status,
              r.upsets, r.scrub_frames, r.weights_loaded, r.weights_refused, r.weights_status);
#else
  static_cast<void>(weights);
  design::top(frames, VETOC_BESIDE decisions, r.mode, r.threshold, r.idle_cycles, r.number_step, r.prescale, r.prescale_key, r.frames,
              r.kept, r.vetoed, r.prescaled, r.malformed, r.gaps, r.dropped, r.timeouts, r.overflows, r.status, r.upsets,
              r.scrub_frames);
#endif
}

/// The same where no weights come.
inline void run(hls::stream<design::pixel_beat> &frames, hls::stream<decision_beat> &decisions, registers &r) {
  hls::stream<weight_beat> none("weights");
  run(frames, none, decisions, r);
}

inline decision take(hls::stream<decision_beat> &decisions) {
  const decision_beat beat = decisions.read();
  decision d;
  d.number = ap_uint<64>(beat.data.range(63, 0)).to_uint64();
  d.score = ap_int<32>(beat.data.range(95, 64)).to_int();
  d.keep = beat.data.test(96);
  d.by_score = beat.data.test(97);
  d.by_prescale = beat.data.test(98);
  d.malformed = beat.data.test(99);
  d.by_pass_through = beat.data.test(100);
  d.upset = beat.data.test(101);
  d.gap = beat.data.test(102);
  d.numbered = beat.data.test(103);
  d.weights = ap_uint<8>(beat.data.range(111, 104)).to_uint();
  d.causes = ap_uint<8>(beat.data.range(119, 112)).to_uint();
  d.second = beat.data.test(120);
  d.shadow_keep = beat.data.test(121);
  d.shadow_score = ap_int<32>(beat.data.range(255, 224)).to_int();
  d.weight = ap_uint<32>(beat.data.range(159, 128)).to_uint();
  d.count = ap_uint<32>(beat.data.range(191, 160)).to_uint();
  d.threshold = ap_int<32>(beat.data.range(223, 192)).to_int();
  return d;
}

/// The values of a stage in the order [height, width, channels], without the unused lanes at the ends of rows.
inline std::vector<std::int32_t> stage_values(const stage_info &stage) {
  const std::vector<std::int32_t> &seen = probes::instance().seen[stage.name];
  const std::size_t row = static_cast<std::size_t>(stage.width) * stage.channels;
  const std::size_t stored = seen.size() / static_cast<std::size_t>(stage.height);
  std::vector<std::int32_t> values;
  values.reserve(row * static_cast<std::size_t>(stage.height));
  for (int y = 0; y < stage.height; ++y)
    for (std::size_t i = 0; i < row; ++i) values.push_back(seen.at(static_cast<std::size_t>(y) * stored + i));
  return values;
}

}  // namespace vetoc

#endif
