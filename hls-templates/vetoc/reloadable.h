// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The stages that multiply, with weights that can be reloaded (see reload.h).
#ifndef VETOC_RELOADABLE_H
#define VETOC_RELOADABLE_H

#include "depthwise_conv2d.h"
#include "matrix_vector.h"
#include "reload.h"
#include "sliding_window.h"

namespace vetoc {

/// One frame of a stage: `multiply(bank, background)` with the weights that count, while the other bank is filled.
template <typename CONFIG, typename MULTIPLY>
void with_spare_bank(hls::stream<weight_word> &part, hls::stream<weight_set> &sets, weight_table<CONFIG> &weights,
                     bias_table<CONFIG> &bias, align_table<CONFIG> &align, MULTIPLY multiply) {
#pragma HLS INLINE
  static spare_bank<CONFIG> spare;
#pragma HLS ARRAY_PARTITION variable = spare.held complete
  auto background = [&] { spare.take(part, weights, bias, align); };
  const int bank = next_bank(sets, spare.state, background);
  multiply(bank, background);
  after_frame(part, spare.state, background);
}

template <typename CONFIG>
void matrix_vector_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in,
                              hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                              weight_table<CONFIG> &weights, bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                              hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  with_spare_bank<CONFIG>(part, sets, weights, bias, align, [&](int bank, auto &background) {
    matrix_vector<CONFIG>(in, weights, bias, align, bank, background, out);
  });
}

template <typename CONFIG>
void depthwise_multiply_reloadable(hls::stream<window_word<CONFIG>> &windows, hls::stream<weight_word> &part,
                                   hls::stream<weight_set> &sets, weight_table<CONFIG> &weights,
                                   bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                                   hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  with_spare_bank<CONFIG>(part, sets, weights, bias, align, [&](int bank, auto &background) {
    depthwise_multiply<CONFIG>(windows, weights, bias, align, bank, background, out);
  });
}

template <typename CONFIG>
void conv2d_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                       hls::stream<weight_word> &part, hls::stream<weight_set> &sets, weight_table<CONFIG> &weights,
                       bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                       hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows, 0);
  matrix_vector_reloadable<CONFIG>(windows, part, sets, weights, bias, align, out);
}

/// 1 x 1, stride 1: every pixel is a window already.
template <typename CONFIG>
void conv2d_1x1_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                           hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                           weight_table<CONFIG> &weights, bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                           hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector_reloadable<CONFIG>(in, part, sets, weights, bias, align, out);
}

template <typename CONFIG>
void depthwise_conv2d_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                                 hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                                 weight_table<CONFIG> &weights, bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                                 hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows, 0);
  depthwise_multiply_reloadable<CONFIG>(windows, part, sets, weights, bias, align, out);
}

template <typename CONFIG>
void dense_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in, hls::stream<weight_word> &part,
                      hls::stream<weight_set> &sets, weight_table<CONFIG> &weights, bias_table<CONFIG> &bias,
                      align_table<CONFIG> &align,
                      hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector_reloadable<CONFIG>(in, part, sets, weights, bias, align, out);
}

}  // namespace vetoc

#endif
