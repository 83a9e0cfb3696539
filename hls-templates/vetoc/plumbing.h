// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Stages without arithmetic: a stream read twice, and words of another width.
#ifndef VETOC_PLUMBING_H
#define VETOC_PLUMBING_H

#include "word.h"

namespace vetoc {

/// The same words to two readers.
template <typename CONFIG>
void fork(hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &in,
          hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &a,
          hls::stream<word<typename CONFIG::value_t, CONFIG::LANES>> &b) {
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::value_t, CONFIG::LANES> x = in.read();
    a.write(x);
    b.write(x);
  }
}

/// Wide words to narrow ones. A run of ELEMENTS values (a row or a pixel) starts with a fresh word on both sides.
template <typename CONFIG>
void narrow(hls::stream<word<typename CONFIG::value_t, CONFIG::IN_LANES>> &in,
            hls::stream<word<typename CONFIG::value_t, CONFIG::OUT_LANES>> &out) {
  constexpr int RATIO = CONFIG::IN_LANES / CONFIG::OUT_LANES;
  constexpr int OUT_WORDS = divide_up(CONFIG::ELEMENTS, CONFIG::OUT_LANES);
  static_assert(RATIO * CONFIG::OUT_LANES == CONFIG::IN_LANES, "whole narrow words in a wide one");
  word<typename CONFIG::value_t, CONFIG::IN_LANES> wide;
#pragma HLS ARRAY_PARTITION variable = wide.lane complete
  int left = 0;
  int place = 0;  // word of a run
WORDS:
  for (int i = 0; i < CONFIG::RUNS * OUT_WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    if (left == 0) {
      wide = in.read();
      left = RATIO;
    }
    word<typename CONFIG::value_t, CONFIG::OUT_LANES> y;
  TAKE:
    for (int l = 0; l < CONFIG::OUT_LANES; ++l) {
#pragma HLS UNROLL
      y.lane[l] = wide.lane[l];
    }
  SHIFT:
    for (int l = 0; l < CONFIG::IN_LANES - CONFIG::OUT_LANES; ++l) {
#pragma HLS UNROLL
      wide.lane[l] = wide.lane[l + CONFIG::OUT_LANES];
    }
    // What a run leaves in the wide word is nobody's.
    left = next<OUT_WORDS>(place) ? 0 : left - 1;
    out.write(y);
  }
}

/// Narrow words to wide ones; the last word of a run may have lanes that nobody reads.
template <typename CONFIG>
void widen(hls::stream<word<typename CONFIG::value_t, CONFIG::IN_LANES>> &in,
           hls::stream<word<typename CONFIG::value_t, CONFIG::OUT_LANES>> &out) {
  constexpr int RATIO = CONFIG::OUT_LANES / CONFIG::IN_LANES;
  constexpr int IN_WORDS = divide_up(CONFIG::ELEMENTS, CONFIG::IN_LANES);
  static_assert(RATIO * CONFIG::IN_LANES == CONFIG::OUT_LANES, "whole narrow words in a wide one");
  word<typename CONFIG::value_t, CONFIG::OUT_LANES> wide;
#pragma HLS ARRAY_PARTITION variable = wide.lane complete
  int slot = 0;
  int place = 0;  // word of a run
WORDS:
  for (int i = 0; i < CONFIG::RUNS * IN_WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::value_t, CONFIG::IN_LANES> x = in.read();
  SLOTS:
    for (int s = 0; s < RATIO; ++s) {
#pragma HLS UNROLL
    PLACE:
      for (int l = 0; l < CONFIG::IN_LANES; ++l) {
#pragma HLS UNROLL
        if (s == slot) wide.lane[s * CONFIG::IN_LANES + l] = x.lane[l];
      }
    }
    const bool run_ends = next<IN_WORDS>(place);
    const bool full = slot == RATIO - 1 || run_ends;
    if (full) out.write(wide);
    slot = full ? 0 : slot + 1;
  }
}

/// Any width to any width: a shift register between the two.
template <typename CONFIG>
void gearbox(hls::stream<word<typename CONFIG::value_t, CONFIG::IN_LANES>> &in,
             hls::stream<word<typename CONFIG::value_t, CONFIG::OUT_LANES>> &out) {
  constexpr int IN_WORDS = divide_up(CONFIG::ELEMENTS, CONFIG::IN_LANES);
  constexpr int OUT_WORDS = divide_up(CONFIG::ELEMENTS, CONFIG::OUT_LANES);
  constexpr int ROOM = CONFIG::IN_LANES + CONFIG::OUT_LANES;
  typename CONFIG::value_t held[ROOM];
#pragma HLS ARRAY_PARTITION variable = held complete
  int fill = 0;
  int words_in = 0;   // of a run
  int words_out = 0;  // of it
  int runs = 0;
STEPS:
  while (runs < CONFIG::RUNS) {
#pragma HLS PIPELINE II = 1
    if (words_in < IN_WORDS && fill < CONFIG::OUT_LANES) {
      const word<typename CONFIG::value_t, CONFIG::IN_LANES> x = in.read();
    APPEND:
      for (int l = 0; l < CONFIG::IN_LANES; ++l) {
#pragma HLS UNROLL
        held[fill + l] = x.lane[l];
      }
      fill += CONFIG::IN_LANES;
      ++words_in;
    }
    if (fill >= CONFIG::OUT_LANES || words_in == IN_WORDS) {
      word<typename CONFIG::value_t, CONFIG::OUT_LANES> y;
    TAKE:
      for (int l = 0; l < CONFIG::OUT_LANES; ++l) {
#pragma HLS UNROLL
        y.lane[l] = held[l];
      }
    SHIFT:
      for (int l = 0; l < CONFIG::IN_LANES; ++l) {
#pragma HLS UNROLL
        held[l] = held[l + CONFIG::OUT_LANES];
      }
      fill = fill > CONFIG::OUT_LANES ? fill - CONFIG::OUT_LANES : 0;
      out.write(y);
      if (next<OUT_WORDS>(words_out)) {
        fill = 0;
        words_in = 0;
        ++runs;
      }
    }
  }
}

}  // namespace vetoc

#endif
