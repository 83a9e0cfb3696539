// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Convolution: a line buffer that feeds the multipliers.
#ifndef VETOC_CONV2D_H
#define VETOC_CONV2D_H

#include "matrix_vector.h"
#include "sliding_window.h"

namespace vetoc {

template <typename CONFIG>
void conv2d(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
            const weight_table<CONFIG> &weights, const bias_table<CONFIG> &bias,
            const align_table<CONFIG> &align, hls::stream<bool> &upset,
            hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  matrix_vector_constants<CONFIG>(windows, weights, bias, align, upset, out);
}

/// 1 x 1, stride 1: every pixel is a window already.
template <typename CONFIG>
void conv2d_1x1(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                const weight_table<CONFIG> &weights, const bias_table<CONFIG> &bias,
                const align_table<CONFIG> &align, hls::stream<bool> &upset,
                hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  matrix_vector_constants<CONFIG>(in, weights, bias, align, upset, out);
}

}  // namespace vetoc

#endif
