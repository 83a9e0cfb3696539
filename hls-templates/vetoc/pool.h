// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The largest or the mean of a window. Padding of max_pool never wins; padding of avg_pool counts as zeros, that of
// counted_pool only where the reciprocals say so.
#ifndef VETOC_POOL_H
#define VETOC_POOL_H

#include "requantize.h"
#include "sliding_window.h"

namespace vetoc {

template <typename CONFIG>
void window_max(hls::stream<window_word<CONFIG>> &windows,
                hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
WINDOWS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const window_word<CONFIG> x = windows.read();
    word<typename CONFIG::output_t, CONFIG::LANES> best;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      best.lane[l] = x.lane[l];
    COMPARE:
      for (int k = 1; k < CONFIG::KERNEL_HEIGHT * CONFIG::KERNEL_WIDTH; ++k) {
#pragma HLS UNROLL
        const typename CONFIG::output_t candidate = x.lane[k * CONFIG::LANES + l];
        if (candidate > best.lane[l]) best.lane[l] = candidate;
      }
    }
    out.write(best);
  }
}

template <typename CONFIG>
void max_pool(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
              hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG, CONFIG::LOWEST>(in, windows);
  window_max<CONFIG>(windows, out);
}

/// The exact sum of a window, lane by lane, times `reciprocal`, rounded once.
template <typename CONFIG>
word<typename CONFIG::output_t, CONFIG::LANES> mean_of(const window_word<CONFIG> &x, int reciprocal) {
#pragma HLS INLINE
  word<typename CONFIG::output_t, CONFIG::LANES> mean = {};  // set: g++ 12 breaks inside over one lane of unset bits
LANES:
  for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
    typename CONFIG::accumulator_t sum = 0;
  ADD:
    for (int k = 0; k < CONFIG::KERNEL_HEIGHT * CONFIG::KERNEL_WIDTH; ++k) {
#pragma HLS UNROLL
      sum += x.lane[k * CONFIG::LANES + l];
    }
    mean.lane[l] = requantize<CONFIG>(sum * reciprocal, 0, l);
  }
  return mean;
}

template <typename CONFIG>
void window_mean(hls::stream<window_word<CONFIG>> &windows,
                 hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
WINDOWS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(mean_of<CONFIG>(windows.read(), CONFIG::RECIPROCAL));
  }
}

/// The exact sum times RECIPROCAL, a constant with the fraction that CONFIG::exact_t accounts for.
template <typename CONFIG>
void avg_pool(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
              hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  window_mean<CONFIG>(windows, out);
}

/// The exact sum times the reciprocal of what the window counts, CONFIG::means::of(row, column).
template <typename CONFIG>
void window_counted_mean(hls::stream<window_word<CONFIG>> &windows,
                         hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  constexpr int GROUPS = CONFIG::IN_CHANNELS / CONFIG::LANES;
  int g = 0;  // group of channels
  int x = 0;
  int y = 0;
WINDOWS:
  for (int i = 0; i < CONFIG::OUT_HEIGHT * CONFIG::OUT_WIDTH * GROUPS; ++i) {
#pragma HLS PIPELINE II = 1
    out.write(mean_of<CONFIG>(windows.read(), CONFIG::means::of(y, x)));
    if (next<GROUPS>(g) && next<CONFIG::OUT_WIDTH>(x)) ++y;
  }
}

template <typename CONFIG>
void counted_pool(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                  hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  window_counted_mean<CONFIG>(windows, out);
}

}  // namespace vetoc

#endif
