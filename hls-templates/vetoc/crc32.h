// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// CRC-32 of Ethernet and zlib, LANES words of 16 bits at a time, low bits first. A CRC is linear: each bit of the next
// state is a parity of some bits of the state and some of the data. The masks are computed by the compiler, so that
// the loop-carried part is one parity of at most 32 bits, however wide the data are.
#ifndef VETOC_CRC32_H
#define VETOC_CRC32_H

#include <cstdint>

#include "word.h"

namespace vetoc {

static constexpr std::uint32_t CRC_START = 0xffffffffU;

/// `state` after `bits` more bits of 0.
constexpr std::uint32_t crc_shifted(std::uint32_t state, int bits) {
  for (int i = 0; i < bits; ++i) state = (state >> 1) ^ ((state & 1U) != 0 ? 0xedb88320U : 0U);
  return state;
}

template <int LANES>
struct crc_masks {
  std::uint32_t of_state[32] = {};
  std::uint32_t of_data[32][LANES] = {};

  constexpr crc_masks() {
    for (int from = 0; from < 32; ++from) {
      const std::uint32_t column = crc_shifted(std::uint32_t(1) << from, 16 * LANES);
      for (int to = 0; to < 32; ++to) of_state[to] |= (column >> to & 1U) << from;
    }
    for (int from = 0; from < 16 * LANES; ++from) {
      // A bit of the data meets the lowest bit of the state when its turn comes.
      const std::uint32_t column = crc_shifted(1U, 16 * LANES - from);
      for (int to = 0; to < 32; ++to) of_data[to][from / 16] |= (column >> to & 1U) << from % 16;
    }
  }
};

inline bool parity(std::uint32_t x) {
#pragma HLS INLINE
  x ^= x >> 16;
  x ^= x >> 8;
  x ^= x >> 4;
  x ^= x >> 2;
  x ^= x >> 1;
  return (x & 1U) != 0;
}

/// The state after `data`.
template <int LANES>
std::uint32_t crc32_next(std::uint32_t state, const ap_uint<16 * LANES> &data) {
#pragma HLS INLINE
  static constexpr crc_masks<LANES> MASKS;
  std::uint32_t lanes[LANES];
SPLIT:
  for (int l = 0; l < LANES; ++l) {
#pragma HLS UNROLL
    lanes[l] = ap_uint<16>(data.range(16 * l + 15, 16 * l)).to_uint();
  }
  std::uint32_t next = 0;
BITS:
  for (int to = 0; to < 32; ++to) {
#pragma HLS UNROLL
    std::uint32_t of_data = 0;
  DATA:
    for (int l = 0; l < LANES; ++l) {
#pragma HLS UNROLL
      of_data ^= lanes[l] & MASKS.of_data[to][l];
    }
    next |= std::uint32_t(parity(of_data) != parity(state & MASKS.of_state[to])) << to;
  }
  return next;
}

/// The CRC of what made `state`.
inline std::uint32_t crc32_of(std::uint32_t state) { return ~state; }

}  // namespace vetoc

#endif
