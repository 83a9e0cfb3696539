// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Depthwise convolution: each channel has a kernel of its own. LANES channels at a time, KERNEL / TAP_FOLD products
// per channel and cycle. weights[step] is [lane][tap]; a step is a (group of channels, part of the kernel).
#ifndef VETOC_DEPTHWISE_CONV2D_H
#define VETOC_DEPTHWISE_CONV2D_H

#include "multiplier.h"
#include "requantize.h"
#include "sliding_window.h"

namespace vetoc {

template <typename CONFIG>
void depthwise_multiply(hls::stream<window_word<CONFIG>> &windows,
                        const rom_int<CONFIG::weight_t::width> (&weights)[CONFIG::STEPS][CONFIG::MULTIPLIERS],
                        const rom_int<CONFIG::bias_t::width> (&bias)[CONFIG::OUT_CHANNELS],
                        const rom_uint<6> (&align)[CONFIG::OUT_CHANNELS],
                        hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  typedef typename CONFIG::accumulator_t accumulator_t;
  typedef typename CONFIG::step_t step_t;
  typedef typename CONFIG::weight_t weight_t;
  constexpr int GROUPS = CONFIG::OUT_CHANNELS / CONFIG::LANES;
  constexpr int PART = CONFIG::KERNEL_HEIGHT * CONFIG::KERNEL_WIDTH / CONFIG::TAP_FOLD;
#pragma HLS ARRAY_RESHAPE variable = weights type = complete dim = 2
#pragma HLS ARRAY_RESHAPE variable = bias type = cyclic factor = CONFIG::LANES
#pragma HLS ARRAY_RESHAPE variable = align type = cyclic factor = CONFIG::LANES

WINDOWS:
  for (int v = 0; v < CONFIG::OUT_HEIGHT * CONFIG::OUT_WIDTH; ++v) {
  GROUPS:
    for (int g = 0; g < GROUPS; ++g) {
      accumulator_t sums[CONFIG::LANES];
#pragma HLS ARRAY_PARTITION variable = sums complete
      window_word<CONFIG> x;
    TAPS:
      for (int t = 0; t < CONFIG::TAP_FOLD; ++t) {
#pragma HLS PIPELINE II = 1
        if (t == 0) x = windows.read();
        word<typename CONFIG::output_t, CONFIG::LANES> y;
      LANES:
        for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
          step_t products = 0;
        MULTIPLY:
          for (int k = 0; k < PART; ++k) {
#pragma HLS UNROLL
            products += static_cast<step_t>(CONFIG::multiplier::multiply(
                weight_t(weights[g * CONFIG::TAP_FOLD + t][l * PART + k]), x.lane[(t * PART + k) * CONFIG::LANES + l]));
          }
          const accumulator_t before = t == 0 ? accumulator_t(bias[g * CONFIG::LANES + l]) : sums[l];
          const accumulator_t sum = before + products;
          sums[l] = sum;
          y.lane[l] = requantize<CONFIG>(sum, align[g * CONFIG::LANES + l]);
        }
        if (t == CONFIG::TAP_FOLD - 1) out.write(y);
      }
    }
  }
}

template <typename CONFIG>
void depthwise_conv2d(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                      const rom_int<CONFIG::weight_t::width> (&weights)[CONFIG::STEPS][CONFIG::MULTIPLIERS],
                      const rom_int<CONFIG::bias_t::width> (&bias)[CONFIG::OUT_CHANNELS],
                      const rom_uint<6> (&align)[CONFIG::OUT_CHANNELS],
                      hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<window_word<CONFIG>> windows("windows");
#pragma HLS STREAM variable = windows depth = CONFIG::WINDOW_DEPTH
  sliding_window<CONFIG>(in, windows, 0);
  depthwise_multiply<CONFIG>(windows, weights, bias, align, out);
}

}  // namespace vetoc

#endif
