// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a row of pixels has in common, taken away: of each segment of a row (a row of an ASIC) the mean of the pixels within LIMIT of
// zero. A value of 0 is no measurement: it takes no part, and stays 0. The mean is the exact sum times a reciprocal of the number of
// pixels, which CONFIG::reciprocal says (0 for too few of them); a pixel rounds once, at its end.
//
// A segment waits in a FIFO until its sum is known: a pixel leaves CONFIG::SEGMENT words after it came, and a word comes and goes in
// each cycle.
#ifndef VETOC_COMMON_MODE_H
#define VETOC_COMMON_MODE_H

#include "requantize.h"

namespace vetoc {

/// What a segment's pixels within the limit come to.
template <typename CONFIG>
struct segment_sum {
  typename CONFIG::sum_t sum;
  typename CONFIG::count_t count;
};

/// Passes the words on, and says the sum of each segment behind its last one.
template <typename CONFIG>
void sum_segments(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                  hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &waiting,
                  hls::stream<segment_sum<CONFIG>> &sums) {
  segment_sum<CONFIG> so_far = {0, 0};
  int place = 0;
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    const word<typename CONFIG::input_t, CONFIG::LANES> x = in.read();
    typename CONFIG::sum_t sum = 0;
    typename CONFIG::count_t count = 0;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const typename CONFIG::input_t value = x.lane[l];
      const bool counts = value != 0 && value <= CONFIG::LIMIT && value >= -CONFIG::LIMIT;
      if (counts) sum += value;
      if (counts) count += 1;
    }
    so_far.sum += sum;
    so_far.count += count;
    waiting.write(x);
    const bool last = place == CONFIG::SEGMENT - 1;
    if (last) {
      sums.write(so_far);
      so_far.sum = 0;
      so_far.count = 0;
    }
    place = last ? 0 : place + 1;
  }
}

/// Takes the mean of each segment from its words.
template <typename CONFIG>
void subtract_means(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &waiting,
                    hls::stream<segment_sum<CONFIG>> &sums,
                    hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
  typedef typename CONFIG::accumulator_t accumulator_t;
  accumulator_t shift = 0;
  int place = 0;
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    if (place == 0) {
      const segment_sum<CONFIG> own = sums.read();
      shift = own.sum * CONFIG::reciprocal(own.count.to_int());
    }
    const word<typename CONFIG::input_t, CONFIG::LANES> x = waiting.read();
    word<typename CONFIG::output_t, CONFIG::LANES> y;
  LANES:
    for (int l = 0; l < CONFIG::LANES; ++l) {
#pragma HLS UNROLL
      const typename CONFIG::input_t value = x.lane[l];
      const accumulator_t exact = (accumulator_t(value) << CONFIG::RECIPROCAL_FRACTION) - shift;
      y.lane[l] = value == 0 ? typename CONFIG::output_t(0) : requantize<CONFIG>(exact, 0, 0);
    }
    out.write(y);
    place = place == CONFIG::SEGMENT - 1 ? 0 : place + 1;
  }
}

template <typename CONFIG>
void common_mode(hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> &in,
                 hls::stream<word<typename CONFIG::output_t, CONFIG::LANES>> &out) {
#pragma HLS DATAFLOW
  hls::stream<word<typename CONFIG::input_t, CONFIG::LANES>> waiting("waiting");
#pragma HLS STREAM variable = waiting depth = CONFIG::WAITING_DEPTH
  hls::stream<segment_sum<CONFIG>> sums("sums");
#pragma HLS STREAM variable = sums depth = 2
  sum_segments<CONFIG>(in, waiting, sums);
  subtract_means<CONFIG>(waiting, sums, out);
}

}  // namespace vetoc

#endif
