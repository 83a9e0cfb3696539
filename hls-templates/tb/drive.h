// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Driving the firmware in C simulation: frames in as beats, decisions out, and each stage's values.
// `design.h` is generated: it names the top function and lists the stages.
#ifndef VETOC_DRIVE_H
#define VETOC_DRIVE_H

#include <cstdint>
#include <vector>

#include "design.h"
#include "probe.h"

namespace vetoc {

struct decision {
  std::uint32_t frame;
  std::int32_t score;
  bool keep;
  bool malformed;
  std::uint32_t weights;
};

struct registers {
  ap_uint<32> mode = 0;
  ap_int<32> threshold = 0;
  ap_uint<32> frames = 0;
  ap_uint<32> kept = 0;
  ap_uint<32> vetoed = 0;
  ap_uint<32> malformed = 0;
  ap_uint<32> weights_loaded = 0;   // these two and `weights`: only where weights can be reloaded
  ap_uint<32> weights_refused = 0;
};

/// Beats of one frame: each row starts with a fresh beat, TLAST with the last one.
inline std::vector<design::pixel_beat> beats_of(const std::uint16_t *pixels) {
  std::vector<design::pixel_beat> beats;
  for (int y = 0; y < design::HEIGHT; ++y)
    for (int x = 0; x < design::WIDTH; x += design::PIXELS_PER_CLOCK) {
      design::pixel_beat beat;
      beat.data = 0;
      for (int l = 0; l < design::PIXELS_PER_CLOCK && x + l < design::WIDTH; ++l)
        beat.data.range(16 * l + 15, 16 * l) = pixels[static_cast<std::size_t>(y) * design::WIDTH + x + l];
      beat.keep = -1;
      beat.strb = -1;
      beat.last = y == design::HEIGHT - 1 && x + design::PIXELS_PER_CLOCK >= design::WIDTH;
      beats.push_back(beat);
    }
  return beats;
}

inline void send(hls::stream<design::pixel_beat> &frames, const std::vector<design::pixel_beat> &beats) {
  for (const design::pixel_beat &beat : beats) frames.write(beat);
}

/// Lets the firmware take one frame and, where its weights can be reloaded, one image of weights that waits.
inline void run(hls::stream<design::pixel_beat> &frames, hls::stream<weight_beat> &weights,
                hls::stream<decision_beat> &decisions, registers &r) {
#ifdef VETOC_RELOADABLE
  design::top(frames, weights, decisions, r.mode, r.threshold, r.frames, r.kept, r.vetoed, r.malformed,
              r.weights_loaded, r.weights_refused);
#else
  static_cast<void>(weights);
  design::top(frames, decisions, r.mode, r.threshold, r.frames, r.kept, r.vetoed, r.malformed);
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
  d.frame = ap_uint<32>(beat.data.range(31, 0)).to_uint();
  d.score = ap_int<32>(beat.data.range(63, 32)).to_int();
  d.keep = beat.data.test(64);
  d.malformed = beat.data.test(65);
  d.weights = ap_uint<8>(beat.data.range(79, 72)).to_uint();
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
