// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A detector's words to counts: the gain stage of each word, minus the pedestal of that stage, times its factor, rounded once.
// What measures nothing is 0: no stage, an ADC value beyond the limits of its stage, a factor of 0. CONFIG says the rule:
//   stage_of(gain bits)   the stage, or -1;  limits: least(stage), most(stage)
// or, where words of gain say it, the number of thresholds that the word of gain is above.
#ifndef VETOC_CALIBRATE_H
#define VETOC_CALIBRATE_H

#include "requantize.h"

namespace vetoc {

/// Values of a pixel in word `x` of whole pixels, each with COUNT of them.
template <int COUNT, typename T, int LANES>
T of_stage(const word<T, LANES> &x, int pixel, int stage) {
#pragma HLS INLINE
  T value = x.lane[pixel * COUNT];
STAGES:
  for (int s = 1; s < COUNT; ++s) {
#pragma HLS UNROLL
    if (s == stage) value = x.lane[pixel * COUNT + s];
  }
  return value;
}

/// One pixel.
template <typename CONFIG, typename PEDESTALS, typename FACTORS>
typename CONFIG::output_t calibrated(const ap_uint<16> &raw, int stage, const PEDESTALS &pedestals,
                                     const FACTORS &factors, int pixel) {
#pragma HLS INLINE
  typedef typename CONFIG::accumulator_t accumulator_t;
  const ap_uint<CONFIG::ADC_BITS> adc = raw.range(CONFIG::ADC_BITS - 1, 0);
  const bool measures = stage >= 0 && adc >= CONFIG::least(stage) && adc <= CONFIG::most(stage);
  const ap_uint<CONFIG::ADC_BITS + CONFIG::PEDESTAL_FRACTION> units =
      ap_uint<CONFIG::ADC_BITS + CONFIG::PEDESTAL_FRACTION>(adc) << CONFIG::PEDESTAL_FRACTION;
  const typename CONFIG::difference_t difference = units - of_stage<CONFIG::STAGES>(pedestals, pixel, stage);
  const accumulator_t product = difference * of_stage<CONFIG::STAGES>(factors, pixel, stage);
  return measures ? requantize<CONFIG>(product, 0, 0) : typename CONFIG::output_t(0);
}

/// Gain bits say the stage.
template <typename CONFIG>
void calibrate(hls::stream<word<ap_uint<16>, CONFIG::PIXELS>> &words,
               hls::stream<word<typename CONFIG::pedestal_t, CONFIG::PIXELS * CONFIG::STAGES>> &pedestals,
               hls::stream<word<typename CONFIG::factor_t, CONFIG::PIXELS * CONFIG::STAGES>> &factors,
               hls::stream<word<typename CONFIG::output_t, CONFIG::PIXELS>> &out) {
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<ap_uint<16>, CONFIG::PIXELS> raw = words.read();
    const word<typename CONFIG::pedestal_t, CONFIG::PIXELS * CONFIG::STAGES> p = pedestals.read();
    const word<typename CONFIG::factor_t, CONFIG::PIXELS * CONFIG::STAGES> f = factors.read();
    word<typename CONFIG::output_t, CONFIG::PIXELS> y;
  PIXELS:
    for (int l = 0; l < CONFIG::PIXELS; ++l) {
#pragma HLS UNROLL
      const int stage = CONFIG::stage_of((raw.lane[l] >> CONFIG::ADC_BITS).to_int());
      y.lane[l] = calibrated<CONFIG>(raw.lane[l], stage, p, f, l);
    }
    out.write(y);
  }
}

/// Words of gain and thresholds say the stage; gain bits that are not 0 are no stage.
template <typename CONFIG>
void calibrate_by_thresholds(hls::stream<word<ap_uint<16>, CONFIG::PIXELS>> &words,
                             hls::stream<word<typename CONFIG::pedestal_t, CONFIG::PIXELS * CONFIG::STAGES>> &pedestals,
                             hls::stream<word<typename CONFIG::factor_t, CONFIG::PIXELS * CONFIG::STAGES>> &factors,
                             hls::stream<word<ap_uint<16>, CONFIG::PIXELS>> &gains,
                             hls::stream<word<ap_uint<16>, CONFIG::PIXELS *(CONFIG::STAGES - 1)>> &thresholds,
                             hls::stream<word<typename CONFIG::output_t, CONFIG::PIXELS>> &out) {
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<ap_uint<16>, CONFIG::PIXELS> raw = words.read();
    const word<typename CONFIG::pedestal_t, CONFIG::PIXELS * CONFIG::STAGES> p = pedestals.read();
    const word<typename CONFIG::factor_t, CONFIG::PIXELS * CONFIG::STAGES> f = factors.read();
    const word<ap_uint<16>, CONFIG::PIXELS> gain = gains.read();
    const word<ap_uint<16>, CONFIG::PIXELS *(CONFIG::STAGES - 1)> limits = thresholds.read();
    word<typename CONFIG::output_t, CONFIG::PIXELS> y;
  PIXELS:
    for (int l = 0; l < CONFIG::PIXELS; ++l) {
#pragma HLS UNROLL
      int stage = 0;
    THRESHOLDS:
      for (int s = 0; s < CONFIG::STAGES - 1; ++s) {
#pragma HLS UNROLL
        if (gain.lane[l] > limits.lane[l * (CONFIG::STAGES - 1) + s]) ++stage;
      }
      if ((raw.lane[l] >> CONFIG::ADC_BITS) != 0) stage = -1;
      y.lane[l] = calibrated<CONFIG>(raw.lane[l], stage, p, f, l);
    }
    out.write(y);
  }
}

}  // namespace vetoc

#endif
