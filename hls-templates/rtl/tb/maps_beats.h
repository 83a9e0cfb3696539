// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The second stream of a design that starts at raw words: sets of maps as beats. In other designs there are none.
#ifndef VETOC_MAPS_BEATS_H
#define VETOC_MAPS_BEATS_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "design.h"

namespace rtl {

struct maps_beat {
  std::uint32_t data[design::MAPS_BITS / 32 + 1];
  bool last;
};

/// Values of all maps of a frame.
inline std::size_t maps_size() {
  std::size_t channels = 0;
  for (int m = 0; m < design::MAPS; ++m) channels += static_cast<std::size_t>(design::maps[m][0]);
  return channels * design::HEIGHT * design::WIDTH;
}

/// CRC-32 of all bits of `beats`, bit by bit.
inline std::uint32_t crc_of(const std::vector<maps_beat> &beats) {
  std::uint32_t state = 0xffffffffU;
  for (const maps_beat &b : beats)
    for (int i = 0; i < design::MAPS_BITS; ++i)
      state = (state >> 1) ^ ((state & 1U) != (b.data[i / 32] >> (i % 32) & 1U) ? 0xedb88320U : 0U);
  return ~state;
}

/// A set: `values` are those of each map, [height, width, values a pixel], one map after the other; none where no maps come.
inline std::vector<maps_beat> maps_set(const std::int32_t *values) {
  std::vector<maps_beat> beats;
  if (design::MAPS == 0) return beats;
  for (int y = 0; y < design::HEIGHT; ++y)
    for (int x = 0; x < design::WIDTH; x += design::PIXELS_PER_CLOCK) {
      maps_beat b = {};
      const std::int32_t *map = values;
      for (int m = 0; m < design::MAPS; ++m) {
        const int channels = design::maps[m][0];
        const int bits = design::maps[m][1];
        for (int l = 0; l < design::PIXELS_PER_CLOCK && x + l < design::WIDTH; ++l)
          for (int c = 0; c < channels; ++c)
            set_field(b.data, design::maps[m][2] + (l * channels + c) * bits, bits, map[(y * design::WIDTH + x + l) * channels + c]);
        map += static_cast<std::ptrdiff_t>(channels) * design::HEIGHT * design::WIDTH;
      }
      beats.push_back(b);
    }
  maps_beat trailer = {};
  trailer.data[0] = crc_of(beats);
  trailer.last = true;
  beats.push_back(trailer);
  return beats;
}

}  // namespace rtl

#endif
