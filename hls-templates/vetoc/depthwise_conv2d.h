// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution: each channel has a kernel of its own. LANES channels at a time, KERNEL / TAP_FOLD products
// per channel and cycle. weights[step] is [lane][tap]; a step is a (group of channels, part of the kernel).
#ifndef VETOC_DEPTHWISE_CONV2D_H
#define VETOC_DEPTHWISE_CONV2D_H

#include "multiplier.h"
#include "requantize.h"
#include "scrub.h"
#include "sliding_window.h"
#include "weights.h"

namespace vetoc {

template <typename CONFIG, typename BACKGROUND>
void depthwise_multiply(hls::stream<window_word<CONFIG>> &windows, const weight_table<CONFIG> &weights,
                        const bias_table<CONFIG> &bias, const align_table<CONFIG> &align, int bank,
                        const BACKGROUND &background,
                        hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
// `background` captures what its caller holds: both are one function.
#pragma HLS INLINE
  typedef typename CONFIG::accumulator_t accumulator_t;
  typedef typename CONFIG::step_t step_t;
  typedef typename CONFIG::weight_t weight_t;
  constexpr int GROUPS = CONFIG::OUT_CHANNELS / CONFIG::LANES;
  constexpr int PART = CONFIG::KERNEL_HEIGHT * CONFIG::KERNEL_WIDTH / CONFIG::TAP_FOLD;
#pragma HLS ARRAY_RESHAPE variable = weights type = complete dim = 2
#pragma HLS ARRAY_RESHAPE variable = bias type = cyclic factor = CONFIG::LANES
#pragma HLS ARRAY_RESHAPE variable = align type = cyclic factor = CONFIG::LANES

  accumulator_t sums[CONFIG::LANES];
#pragma HLS ARRAY_PARTITION variable = sums complete
  window_word<CONFIG> x;
  int t = 0;  // part of the kernel
  int g = 0;  // group of channels
CYCLES:
  for (int i = 0; i < CONFIG::OUT_HEIGHT * CONFIG::OUT_WIDTH * GROUPS * CONFIG::TAP_FOLD; ++i) {
#pragma HLS PIPELINE II = 1
// The background writes to the bank that is not in use: never what this loop reads.
#pragma HLS DEPENDENCE variable = weights type = inter false
    background();
    if (t == 0) x = windows.read();
    const int step = bank * CONFIG::STEPS + g * CONFIG::TAP_FOLD + t;
    const int first_channel = g * CONFIG::LANES;
    const int first_output = bank * CONFIG::OUT_CHANNELS + first_channel;
    word<typename CONFIG::output_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      step_t products = 0;
    MULTIPLY:
      for (int k = 0; k < PART; ++k) {
#pragma HLS UNROLL
        products += static_cast<step_t>(CONFIG::multiplier::multiply(weight_t(weights[step][l * PART + k]),
                                                                     x.lane[(t * PART + k) * CONFIG::LANES + l]));
      }
      const accumulator_t before = t == 0 ? accumulator_t(bias[first_output + l]) : sums[l];
      const accumulator_t sum = before + products;
      sums[l] = sum;
      y.lane[l] = requantize<CONFIG>(sum, align[first_output + l], first_channel + l);
    }
    if (t == CONFIG::TAP_FOLD - 1) out.write(y);
    if (next<CONFIG::TAP_FOLD>(t)) next<GROUPS>(g);
  }
}

/// With weights that never change; `upset` tells with each frame whether they still do not.
template <typename CONFIG>
void depthwise_multiply_constants(hls::stream<window_word<CONFIG>> &windows, const weight_table<CONFIG> &weights,
                                  const bias_table<CONFIG> &bias, const align_table<CONFIG> &align, hls::stream<bool> &upset,
                                  hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  VETOC_STATE(weight_scrubber<CONFIG>, scrubbed);
#pragma HLS RESET variable = scrubbed
  const scrub_constants<CONFIG> scrub = {scrubbed, weights, bias, align};
  depthwise_multiply<CONFIG>(windows, weights, bias, align, 0, scrub, out);
  upset.write(scrubbed.scrub.wrong);
}

template <typename CONFIG>
void depthwise_conv2d(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                      const weight_table<CONFIG> &weights, const bias_table<CONFIG> &bias,
                      const align_table<CONFIG> &align, hls::stream<bool> &upset,
                      hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows);
  depthwise_multiply_constants<CONFIG>(windows, weights, bias, align, upset, out);
}

}  // namespace vetoc

#endif
