// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Constant weights without multipliers: every output is a sum of shifted values. CONFIG::products, generated from the
// weights, makes all outputs of a word at once, so that a word takes one cycle.
#ifndef VETOC_SHIFT_ADD_H
#define VETOC_SHIFT_ADD_H

#include "requantize.h"
#include "sliding_window.h"
#include "weights.h"

namespace vetoc {

/// Dense layers and 1 x 1 convolutions: each of VECTORS vectors is a word of TAPS values.
template <typename CONFIG>
void shift_add(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in, const bias_table<CONFIG> &bias,
               const align_table<CONFIG> &align,
               hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  typedef typename CONFIG::accumulator_t accumulator_t;
#pragma HLS ARRAY_PARTITION variable = bias complete
#pragma HLS ARRAY_PARTITION variable = align complete
VECTORS:
  for (int v = 0; v < CONFIG::VECTORS; ++v) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::TAPS> x = in.read();
    accumulator_t sum[CONFIG::OUT_LANES];
#pragma HLS ARRAY_PARTITION variable = sum complete
    CONFIG::products::sums(x.lane, sum);
    word<typename CONFIG::output_t, CONFIG::OUT_LANES> y;
  ROUND:
    for (int p = 0; p < CONFIG::OUT_LANES; ++p) {
#pragma HLS UNROLL
      const accumulator_t exact = accumulator_t(bias[p]) + sum[p];
      y.lane[p] = requantize<CONFIG>(exact, align[p], p);
    }
    out.write(y);
  }
}

/// Convolutions, depthwise ones too: a line buffer that feeds the adders.
template <typename CONFIG>
void conv2d_shift_add(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in, const bias_table<CONFIG> &bias,
                      const align_table<CONFIG> &align,
                      hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  shift_add<CONFIG>(windows, bias, align, out);
}

}  // namespace vetoc

#endif
