// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The second stream in C simulation: a set of maps for each frame that brings pixels, as a memory that is read in a circle
// gives them.
#ifndef VETOC_MAPS_H
#define VETOC_MAPS_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "design.h"

namespace vetoc {

/// Values of every map, one map after the other, each [HEIGHT, WIDTH, values a pixel].
inline std::vector<std::int32_t> &maps_in_memory() {
  static std::vector<std::int32_t> values;
  return values;
}

/// How many values that are.
inline std::size_t maps_size() {
  std::size_t all = 0;
  for (const auto &map : design::maps) all += static_cast<std::size_t>(map[0]);
  return all * design::HEIGHT * design::WIDTH;
}

/// CRC-32 of `count` beats, bit by bit: not the way the firmware computes it.
inline std::uint32_t crc_of_maps(const std::vector<design::maps_beat> &beats) {
  std::uint32_t state = 0xffffffffU;
  for (const design::maps_beat &beat : beats)
    for (int b = 0; b < design::MAPS_BITS; ++b) {
      const bool odd = (state & 1U) != (beat.data.test(b) ? 1U : 0U);
      state = (state >> 1) ^ (odd ? 0xedb88320U : 0U);
    }
  return ~state;
}

/// Writes the values of the pixels from (y, x) on into a beat.
inline void put_maps(design::maps_beat &beat, int y, int x, const std::int32_t *values) {
  for (const auto &map : design::maps) {
    const int channels = map[0];
    const int bits = map[1];
    for (int l = 0; l < design::PIXELS_PER_CLOCK && x + l < design::WIDTH; ++l)
      for (int c = 0; c < channels; ++c) {
        const int first = map[2] + (l * channels + c) * bits;
        const std::size_t pixel = static_cast<std::size_t>(y) * design::WIDTH + x + l;
        const std::uint32_t value = static_cast<std::uint32_t>(values[pixel * channels + c]);
        for (int b = 0; b < bits; ++b) beat.data.set(first + b, ((value >> (b < 31 ? b : 31)) & 1U) != 0);
      }
    values += static_cast<std::size_t>(channels) * design::HEIGHT * design::WIDTH;
  }
}

/// A set as it travels: a beat for each word of pixels, the CRC behind them.
inline std::vector<design::maps_beat> maps_beats() {
  const std::vector<std::int32_t> nothing(maps_in_memory().empty() ? maps_size() : 0);
  const std::vector<std::int32_t> &values = nothing.empty() ? maps_in_memory() : nothing;
  std::vector<design::maps_beat> beats;
  for (int y = 0; y < design::HEIGHT; ++y)
    for (int x = 0; x < design::WIDTH; x += design::PIXELS_PER_CLOCK) {
      design::maps_beat beat;
      beat.data = 0;
      put_maps(beat, y, x, values.data());
      beats.push_back(beat);
    }
  design::maps_beat trailer;
  trailer.data = crc_of_maps(beats);
  beats.push_back(trailer);
  for (std::size_t i = 0; i < beats.size(); ++i) {
    beats[i].keep = -1;
    beats[i].strb = -1;
    beats[i].last = i + 1 == beats.size();
  }
  return beats;
}

/// The stream, with one set at least.
inline hls::stream<design::maps_beat> &maps_stream() {
  static hls::stream<design::maps_beat> maps("maps");
  static std::vector<std::int32_t> of;
  static std::vector<design::maps_beat> beats;
  if (beats.empty() || of != maps_in_memory()) {
    of = maps_in_memory();
    beats = maps_beats();
  }
  if (maps.empty())
    for (const design::maps_beat &beat : beats) maps.write(beat);
  return maps;
}

/// Whether FOLDER/maps_set.bin, the set as a DMA gives it, is what these maps come to.
inline bool same_set(const std::string &folder) {
  std::FILE *file = std::fopen((folder + "/maps_set.bin").c_str(), "rb");
  bool same = file != nullptr;
  for (const design::maps_beat &beat : maps_beats())
    for (int b = 0; b < design::MAPS_BITS / 8 && same; ++b)
      same = std::fgetc(file) == ap_uint<8>(beat.data.range(8 * b + 7, 8 * b)).to_int();
  same = same && std::fgetc(file) == EOF;
  if (file != nullptr) std::fclose(file);
  if (!same) std::fprintf(stderr, "bench: maps_set.bin is not what maps.bin comes to\n");
  return same;
}

/// PATH: i32, the values of every map.
inline bool load_maps_of(const std::string &path) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "bench: %s cannot be opened\n", path.c_str());
    return false;
  }
  std::vector<std::int32_t> &values = maps_in_memory();
  values.resize(maps_size());
  const bool whole = std::fread(values.data(), sizeof(std::int32_t), values.size(), file) == values.size();
  std::fclose(file);
  if (!whole) std::fprintf(stderr, "bench: %s does not fit this design\n", path.c_str());
  return whole;
}

/// FOLDER/maps.bin, and the same as a DMA gives it.
inline bool load_maps(const std::string &folder) {
  return load_maps_of(folder + "/maps.bin") && same_set(folder);
}

}  // namespace vetoc

#endif
