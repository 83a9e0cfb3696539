// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The multipliers of convolutions and dense layers. Each of VECTORS vectors arrives as WORDS words of TAPS values and
// is multiplied with a matrix of WORDS * TAPS rows and OUT_FOLD * OUT_LANES columns.
//
// A cycle multiplies TAPS / TAP_FOLD values with OUT_LANES weights each; the reuse factor of a multiplier is
// WORDS * TAP_FOLD * OUT_FOLD. weights[step] holds the factors of one cycle, [output lane][value], those of the second
// bank (of reloadable weights) behind those of the first. `background` is what else happens in each cycle.
#ifndef VETOC_MATRIX_VECTOR_H
#define VETOC_MATRIX_VECTOR_H

#include "multiplier.h"
#include "requantize.h"
#include "scrub.h"
#include "weights.h"

namespace vetoc {

template <typename CONFIG, typename BACKGROUND>
void matrix_vector(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in, const weight_table<CONFIG> &weights,
                   const bias_table<CONFIG> &bias, const align_table<CONFIG> &align, int bank, const BACKGROUND &background,
                   hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
// `background` captures what its caller holds: both are one function.
#pragma HLS INLINE
  typedef typename CONFIG::accumulator_t accumulator_t;
  typedef typename CONFIG::step_t step_t;
  typedef typename CONFIG::weight_t weight_t;
  constexpr int PART = CONFIG::TAPS / CONFIG::TAP_FOLD;  // values a cycle
  constexpr int PER_GROUP = CONFIG::OUT_FOLD * CONFIG::OUT_LANES;
  static_assert(PART * CONFIG::TAP_FOLD == CONFIG::TAPS && PART * CONFIG::OUT_LANES == CONFIG::MULTIPLIERS,
                "the folding does not divide the matrix");
  static_assert(CONFIG::STEPS == CONFIG::GROUPS * CONFIG::WORDS * CONFIG::TAP_FOLD * CONFIG::OUT_FOLD,
                "a row of factors for each cycle of a vector");
#pragma HLS ARRAY_RESHAPE variable = weights type = complete dim = 2
#pragma HLS ARRAY_RESHAPE variable = bias type = cyclic factor = CONFIG::OUT_LANES
#pragma HLS ARRAY_RESHAPE variable = align type = cyclic factor = CONFIG::OUT_LANES

  accumulator_t sums[CONFIG::OUT_FOLD][CONFIG::OUT_LANES];
#pragma HLS ARRAY_PARTITION variable = sums complete dim = 0
  word<typename CONFIG::input_t, CONFIG::TAPS> x;
  int o = 0;    // group of outputs
  int t = 0;    // part of a word
  int w = 0;    // word
  int g = 0;    // group of channels
  int row = 0;  // of factors
CYCLES:
  for (int i = 0; i < CONFIG::VECTORS * CONFIG::STEPS; ++i) {
#pragma HLS PIPELINE II = 1
// The background writes to the bank that is not in use: never what this loop reads.
#pragma HLS DEPENDENCE variable = weights type = inter false
    background();
    if (t == 0 && o == 0) x = in.read();
    const int step = bank * CONFIG::STEPS + row;
    const int first_channel = g * PER_GROUP + o * CONFIG::OUT_LANES;
    const int first_output = bank * CONFIG::OUT_CHANNELS + first_channel;
    accumulator_t sum[CONFIG::OUT_LANES];
#pragma HLS ARRAY_PARTITION variable = sum complete
  LANES:
    for (int p = 0; p < CONFIG::OUT_LANES; ++p) {
#pragma HLS UNROLL
      step_t products = 0;
    MULTIPLY:
      for (int k = 0; k < PART; ++k) {
#pragma HLS UNROLL
        products += static_cast<step_t>(
            CONFIG::multiplier::multiply(weight_t(weights[step][p * PART + k]), x.lane[t * PART + k]));
      }
      const accumulator_t before = w == 0 && t == 0 ? accumulator_t(bias[first_output + p]) : sums[o][p];
      sum[p] = before + products;
    }
    if (w == CONFIG::WORDS - 1 && t == CONFIG::TAP_FOLD - 1) {
      word<typename CONFIG::output_t, CONFIG::OUT_LANES> y;
    ROUND:
      for (int p = 0; p < CONFIG::OUT_LANES; ++p) {
#pragma HLS UNROLL
        y.lane[p] = requantize<CONFIG>(sum[p], align[first_output + p], first_channel + p);
      }
      out.write(y);
    } else {
    STORE:
      for (int p = 0; p < CONFIG::OUT_LANES; ++p) {
#pragma HLS UNROLL
        sums[o][p] = sum[p];
      }
    }
    next<CONFIG::STEPS>(row);
    if (next<CONFIG::OUT_FOLD>(o) && next<CONFIG::TAP_FOLD>(t) && next<CONFIG::WORDS>(w)) next<CONFIG::GROUPS>(g);
  }
}

/// With weights that never change; `upset` tells with each frame whether they still do not.
template <typename CONFIG>
void matrix_vector_constants(hls::stream<word<typename CONFIG::input_t, CONFIG::TAPS>> &in,
                             const weight_table<CONFIG> &weights, const bias_table<CONFIG> &bias,
                             const align_table<CONFIG> &align, hls::stream<bool> &upset,
                             hls::stream<word<typename CONFIG::output_t, CONFIG::OUT_LANES>> &out) {
  VETOC_STATE(weight_scrubber<CONFIG>, scrubbed);
#pragma HLS RESET variable = scrubbed
  const scrub_constants<CONFIG> scrub = {scrubbed, weights, bias, align};
  matrix_vector<CONFIG>(in, weights, bias, align, 0, scrub, out);
  upset.write(scrubbed.scrub.wrong);
}

}  // namespace vetoc

#endif
