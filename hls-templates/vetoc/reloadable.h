// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The stages that multiply, with weights that can be reloaded (see reload.h).
#ifndef VETOC_RELOADABLE_H
#define VETOC_RELOADABLE_H

#include "depthwise_conv2d.h"
#include "matrix_vector.h"
#include "reload.h"
#include "scrub.h"
#include "sliding_window.h"

namespace vetoc {

/// The banks of a stage: the one that is filled, and the one in use that is watched.
template <typename CONFIG>
struct watched_banks {
  spare_bank<CONFIG> spare;
  weight_scrubber<CONFIG> scrub;
};

/// One frame of a stage: `multiply(bank, background)` with the weights that count, while the other bank is filled.
template <typename CONFIG, typename MULTIPLY>
void with_spare_bank(hls::stream<weight_word> &part, hls::stream<weight_set> &sets, weight_table<CONFIG> &weights,
                     bias_table<CONFIG> &bias, align_table<CONFIG> &align, hls::stream<bool> &upset, MULTIPLY multiply) {
#pragma HLS INLINE
  VETOC_STATE(watched_banks<CONFIG>, banks);
#pragma HLS RESET variable = banks
  // What a reset does not bring back: the built-in weights, once an image has taken their place.
  static bool built_in_gone = false;
#pragma HLS RESET variable = built_in_gone off
  spare_bank<CONFIG> &spare = banks.spare;
#pragma HLS ARRAY_PARTITION variable = banks.spare.held complete
  auto background = [&] {
#pragma HLS INLINE
    if (spare.take(part, weights, bias, align)) {
      if (spare.state.spare() == 0) built_in_gone = true;
    } else {
      // The port that new weights come in by is free.
      const int bank = spare.state.bank();
      banks.scrub.step(weights, bias, align, bank, spare.crc_of_bank[bank]);
    }
  };
  const weight_set before = spare.state.in_use;
  const int bank = next_bank(sets, spare.state, background);
  if (spare.state.in_use != before) banks.scrub.restart();
  multiply(bank, background);
  after_frame(part, spare.state, background);
  upset.write(banks.scrub.scrub.wrong || (bank == 0 && built_in_gone && !spare.loaded[0]));
}

template <typename CONFIG>
void matrix_vector_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in,
                              hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                              weight_table<CONFIG> &weights, bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                              hls::stream<bool> &upset,
                              hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  with_spare_bank<CONFIG>(part, sets, weights, bias, align, upset, [&](int bank, auto &background) {
#pragma HLS INLINE
    matrix_vector<CONFIG>(in, weights, bias, align, bank, background, out);
  });
}

template <typename CONFIG>
void depthwise_multiply_reloadable(hls::stream<window_word<CONFIG>> &windows, hls::stream<weight_word> &part,
                                   hls::stream<weight_set> &sets, weight_table<CONFIG> &weights,
                                   bias_table<CONFIG> &bias, align_table<CONFIG> &align, hls::stream<bool> &upset,
                                   hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  with_spare_bank<CONFIG>(part, sets, weights, bias, align, upset, [&](int bank, auto &background) {
#pragma HLS INLINE
    depthwise_multiply<CONFIG>(windows, weights, bias, align, bank, background, out);
  });
}

template <typename CONFIG>
void conv2d_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                       hls::stream<weight_word> &part, hls::stream<weight_set> &sets, weight_table<CONFIG> &weights,
                       bias_table<CONFIG> &bias, align_table<CONFIG> &align, hls::stream<bool> &upset,
                       hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  matrix_vector_reloadable<CONFIG>(windows, part, sets, weights, bias, align, upset, out);
}

/// 1 x 1, stride 1: every pixel is a window already.
template <typename CONFIG>
void conv2d_1x1_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                           hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                           weight_table<CONFIG> &weights, bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                           hls::stream<bool> &upset,
                           hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector_reloadable<CONFIG>(in, part, sets, weights, bias, align, upset, out);
}

template <typename CONFIG>
void depthwise_conv2d_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                                 hls::stream<weight_word> &part, hls::stream<weight_set> &sets,
                                 weight_table<CONFIG> &weights, bias_table<CONFIG> &bias, align_table<CONFIG> &align,
                                 hls::stream<bool> &upset,
                                 hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  depthwise_multiply_reloadable<CONFIG>(windows, part, sets, weights, bias, align, upset, out);
}

template <typename CONFIG>
void dense_reloadable(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in, hls::stream<weight_word> &part,
                      hls::stream<weight_set> &sets, weight_table<CONFIG> &weights, bias_table<CONFIG> &bias,
                      align_table<CONFIG> &align, hls::stream<bool> &upset,
                      hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector_reloadable<CONFIG>(in, part, sets, weights, bias, align, upset, out);
}

}  // namespace vetoc

#endif
