// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Golden vectors: reading them, and comparing them with what the firmware did.
#ifndef VETOC_GOLDEN_H
#define VETOC_GOLDEN_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "drive.h"

namespace vetoc {

/// What is compared beside the decision words.
enum class compared { decisions, logits, streams };

inline const char *name_of(compared what) {
  return what == compared::streams ? "every stream" : what == compared::logits ? "logits and decisions" : "decisions";
}

template <typename T>
bool load(const std::string &path, std::vector<T> &values) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "bench: %s cannot be opened\n", path.c_str());
    return false;
  }
  T chunk[4096];
  std::size_t got = 0;
  while ((got = std::fread(chunk, sizeof(T), 4096, file)) > 0) values.insert(values.end(), chunk, chunk + got);
  std::fclose(file);
  return true;
}

struct golden_frames {
  std::vector<std::uint16_t> pixels;
  std::size_t count = 0;

  const std::uint16_t *pixels_of(std::size_t frame) const {
    return pixels.data() + frame * design::HEIGHT * design::WIDTH;
  }
  std::vector<design::pixel_beat> beats(std::size_t frame, std::uint64_t number) const {
    return beats_of(pixels_of(frame), number);
  }
};

inline bool load_frames(const std::string &folder, golden_frames &frames) {
  if (!load(folder + "/frames.bin", frames.pixels)) return false;
  const std::size_t size = static_cast<std::size_t>(design::HEIGHT) * design::WIDTH;
  frames.count = frames.pixels.size() / size;
  if (frames.count > 0 && frames.count * size == frames.pixels.size()) return true;
  std::fprintf(stderr, "bench: frames.bin does not fit this design\n");
  return false;
}

/// What one set of weights makes of the frames.
struct golden_results {
  std::vector<std::int32_t> decisions;            // score and keep of each frame
  std::vector<std::vector<std::int32_t>> stages;  // values of each stage, empty where they are not compared

  std::int32_t score(std::size_t frame) const { return decisions[2 * frame]; }
  bool keep(std::size_t frame) const { return decisions[2 * frame + 1] != 0; }
  /// Null where they are not compared.
  const std::int32_t *logits(std::size_t frame) const {
    const std::vector<std::int32_t> &all = stages[design::OUTPUT_STAGE];
    return all.empty() ? nullptr : all.data() + frame * size_of(design::stages[design::OUTPUT_STAGE]);
  }
};

inline bool load_results(const std::string &folder, const golden_frames &frames, compared what,
                         golden_results &results) {
  if (!load(folder + "/decisions.bin", results.decisions)) return false;
  if (results.decisions.size() != 2 * frames.count) {
    std::fprintf(stderr, "bench: decisions.bin does not fit frames.bin\n");
    return false;
  }
  results.stages.resize(design::STAGES);
  for (std::size_t s = 0; s < results.stages.size(); ++s) {
    const stage_info &stage = design::stages[s];
    const bool logits = s == static_cast<std::size_t>(design::OUTPUT_STAGE);
    if (what != compared::streams && !(what == compared::logits && logits)) continue;
    if (!load(folder + "/" + stage.name + ".bin", results.stages[s])) return false;
    if (results.stages[s].size() != frames.count * size_of(stage)) {
      std::fprintf(stderr, "bench: %s.bin does not fit this design\n", stage.name);
      return false;
    }
  }
  return true;
}

inline std::string binary(std::int32_t value, int width) {
  std::string digits;
  for (int bit = width - 1; bit >= 0; --bit) digits += ((value >> (bit < 31 ? bit : 31)) & 1) != 0 ? '1' : '0';
  return digits;
}

/// Whether `stage` gave `expected`; names the first element that differs.
inline bool same_stage(const stage_info &stage, std::size_t frame, const std::int32_t *expected) {
  const std::vector<std::int32_t> found = stage_values(stage);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] == expected[i]) continue;
    const std::size_t pixel = i / static_cast<std::size_t>(stage.channels);
    std::fprintf(stderr,
                 "MISMATCH frame %zu, stage %s, pixel (row %zu, column %zu), channel %zu: expected %d (%s), found %d (%s)\n",
                 frame, stage.name, pixel / static_cast<std::size_t>(stage.width), pixel % static_cast<std::size_t>(stage.width),
                 i % static_cast<std::size_t>(stage.channels), expected[i], binary(expected[i], stage.bits).c_str(), found[i],
                 binary(found[i], stage.bits).c_str());
    return false;
  }
  return true;
}

/// Whether the firmware made of golden frame `frame` what `results` say; `number` and `weights` are those of the
/// decision word.
inline bool same_frame(const golden_results &results, std::size_t frame, const decision &d, std::size_t number,
                       std::uint32_t weights) {
  for (std::size_t s = 0; s < results.stages.size(); ++s)
    if (!results.stages[s].empty() &&
        !same_stage(design::stages[s], frame, results.stages[s].data() + frame * size_of(design::stages[s])))
      return false;
  const bool same = d.number == number && d.score == results.score(frame) && d.keep == results.keep(frame) &&
                    !d.malformed && d.weights == weights;
  if (!same)
    std::fprintf(stderr,
                 "MISMATCH frame %zu, decision word: expected {frame %zu, score %d, keep %d, malformed 0, weights %u}, "
                 "found {frame %llu, score %d, keep %d, malformed %d, weights %u}%s\n",
                 frame, number, results.score(frame), results.keep(frame), weights, static_cast<unsigned long long>(d.number), d.score, d.keep,
                 d.malformed, d.weights, d.upset ? ": the scrubber found a memory with another CRC" : "");
  return same;
}

}  // namespace vetoc

#endif
