// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Joins blocks of FACTOR_Y x FACTOR_X pixels into one: the brightest, the second brightest, or the sum. Either a word
// holds whole blocks (FACTOR_X divides PIXELS) or a block spans whole words (PIXELS divides FACTOR_X).
#ifndef VETOC_BIN_H
#define VETOC_BIN_H

#include "word.h"

namespace vetoc {

// How pixels join: what is known of a part of a block, from one pixel, of two parts together, and at the end.

struct bin_max {
  template <typename T>
  using part = T;
  template <typename T>
  static T of_pixel(const T &pixel) {
    return pixel;
  }
  template <typename T>
  static T join(const T &a, const T &b) {
    return a > b ? a : b;
  }
  template <typename T>
  static T result(const T &whole) {
    return whole;
  }
};

template <typename T>
struct two_brightest {
  T first;
  T second;
};

struct bin_second {
  template <typename T>
  using part = two_brightest<T>;
  /// Counts are never negative, and a block has more pixels than one: the 0 never wins over another.
  template <typename T>
  static two_brightest<T> of_pixel(const T &pixel) {
    return {pixel, T(0)};
  }
  template <typename T>
  static two_brightest<T> join(const two_brightest<T> &a, const two_brightest<T> &b) {
    const bool a_wins = a.first > b.first;
    const T loser = a_wins ? b.first : a.first;
    const T behind = a_wins ? a.second : b.second;
    return {a_wins ? a.first : b.first, loser > behind ? loser : behind};
  }
  template <typename T>
  static T result(const two_brightest<T> &whole) {
    return whole.second;
  }
};

struct bin_sum {
  template <typename T>
  using part = T;
  template <typename T>
  static T of_pixel(const T &pixel) {
    return pixel;
  }
  template <typename T>
  static T join(const T &a, const T &b) {
    return T(a + b);
  }
  template <typename T>
  static T result(const T &whole) {
    return whole;
  }
};

template <typename CONFIG>
void bin(hls::stream<word<typename CONFIG::input_t, CONFIG::PIXELS>> &in,
         hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_PIXELS>> &out) {
  typedef typename CONFIG::output_t value_t;
  typedef typename CONFIG::mode mode;
  typedef typename mode::template part<value_t> part_t;
  constexpr int PER_GROUP = CONFIG::PIXELS / CONFIG::OUT_PIXELS;             // lanes that join within a word
  constexpr int SPAN = CONFIG::FACTOR_X > CONFIG::PIXELS ? CONFIG::FACTOR_X / CONFIG::PIXELS : 1;  // words of a block
  constexpr int OUT_WORDS = divide_up(CONFIG::OUT_WIDTH, CONFIG::OUT_PIXELS);
  static_assert(PER_GROUP * CONFIG::OUT_PIXELS == CONFIG::PIXELS && PER_GROUP * SPAN == CONFIG::FACTOR_X,
                "blocks and words do not line up");
  constexpr int NEXT_ROW = (OUT_WORDS - 1) * SPAN + 1;  // from the last word of a block to the first of the one below
  static_assert(bears(OUT_WORDS, NEXT_ROW), "read before it is written");
  // One row of unfinished blocks. The first row of each block overwrites it, so nothing outlives a frame.
  word<part_t, CONFIG::OUT_PIXELS> blocks[OUT_WORDS];
#pragma HLS AGGREGATE variable = blocks
#ifdef VETOC_ECC
#pragma HLS BIND_STORAGE variable = blocks type = ram_s2p impl = bram_ecc
#endif
  word<part_t, CONFIG::OUT_PIXELS> block;
#pragma HLS ARRAY_PARTITION variable = block.lane complete
  int part = 0;  // word of a block
  int bx = 0;    // block of a row
  int dy = 0;    // row of a block
WORDS:
  for (int i = 0; i < CONFIG::OUT_HEIGHT * CONFIG::FACTOR_Y * OUT_WORDS * SPAN; ++i) {
#pragma HLS PIPELINE II = 1
// A block is read again with the next row.
#pragma HLS DEPENDENCE variable = blocks type = inter direction = RAW distance = NEXT_ROW true
    const word<typename CONFIG::input_t, CONFIG::PIXELS> pixels = in.read();
    if (part == 0 && dy > 0) block = blocks[bx];
  LANES:
    for (int l = 0; l < CONFIG::OUT_PIXELS; ++l) {
#pragma HLS UNROLL
      part_t joined = mode::of_pixel(value_t(pixels.lane[l * PER_GROUP]));
    GROUP:
      for (int k = 1; k < PER_GROUP; ++k) {
#pragma HLS UNROLL
        joined = mode::join(joined, mode::of_pixel(value_t(pixels.lane[l * PER_GROUP + k])));
      }
      block.lane[l] = part == 0 && dy == 0 ? joined : mode::join(block.lane[l], joined);
    }
    if (part == SPAN - 1) {
      if (dy == CONFIG::FACTOR_Y - 1) {
        word<value_t, CONFIG::OUT_PIXELS> finished;
      FINISH:
        for (int l = 0; l < CONFIG::OUT_PIXELS; ++l) {
#pragma HLS UNROLL
          finished.lane[l] = mode::result(block.lane[l]);
        }
        out.write(finished);
      } else {
        blocks[bx] = block;
      }
    }
    if (next<SPAN>(part) && next<OUT_WORDS>(bx)) next<CONFIG::FACTOR_Y>(dy);
  }
}

}  // namespace vetoc

#endif
