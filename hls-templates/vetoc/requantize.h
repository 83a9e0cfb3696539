// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The end of every arithmetic stage: exact accumulator -> activation -> the one rounding of the stage.
#ifndef VETOC_REQUANTIZE_H
#define VETOC_REQUANTIZE_H

#include "word.h"

namespace vetoc {

// Activations. `before` acts on the exact accumulator of a channel, `after` on the rounded mantissa.

struct identity {
  template <typename T>
  static T before(const T &exact, int) {
    return exact;
  }
  template <typename T>
  static T after(const T &mantissa) {
    return mantissa;
  }
};

struct relu : identity {
  template <typename T>
  static T before(const T &exact, int) {
    return exact < 0 ? T(0) : exact;
  }
};

/// Negative values times MANTISSA * 2^-FRACTION; positive ones move up by FRACTION bits, so that both are exact.
template <int MANTISSA, int FRACTION>
struct leaky_relu : identity {
  template <typename T>
  static T before(const T &exact, int) {
    return exact < 0 ? T(exact * MANTISSA) : T(exact << FRACTION);
  }
};

/// The same with a mantissa for each channel, which SLOPES::of gives.
template <typename SLOPES, int FRACTION>
struct prelu : identity {
  template <typename T>
  static T before(const T &exact, int channel) {
    return exact < 0 ? T(exact * SLOPES::of(channel)) : T(exact << FRACTION);
  }
};

/// Limits in mantissas of the output format.
template <int MIN, int MAX>
struct clip : identity {
  template <typename T>
  static T after(const T &mantissa) {
    return mantissa < MIN ? T(MIN) : mantissa > MAX ? T(MAX) : mantissa;
  }
};

/// `accumulator` has a fraction of its own per channel; `align` left shifts bring all channels to the fraction of
/// CONFIG::exact_t. Rounding and overflow are those of CONFIG::format_t: there is no other rounding in a stage.
template <typename CONFIG>
typename CONFIG::output_t requantize(const typename CONFIG::accumulator_t &accumulator, int align, int channel) {
#pragma HLS INLINE
  typedef typename CONFIG::exact_t exact_t;
  const ap_int<exact_t::width> activated =
      CONFIG::activation::before(ap_int<exact_t::width>(accumulator), channel);
  // No wider than the largest shift of the stage: a multiplexer a bit, and none where all shifts are 0.
  const ap_int<exact_t::width> aligned = activated << (align & CONFIG::SHIFT_MASK);
  exact_t exact;
  exact.range() = aligned.range();
  const typename CONFIG::format_t rounded = exact;
  const typename CONFIG::output_t mantissa = rounded.range();
  return CONFIG::activation::after(mantissa);
}

/// A stage of its own: a change of format without arithmetic, channel by channel.
template <typename CONFIG>
void requantize_stage(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                      hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    word<typename CONFIG::output_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      y.lane[l] = requantize<CONFIG>(x.lane[l], 0, l);
    }
    out.write(y);
  }
}

}  // namespace vetoc

#endif
