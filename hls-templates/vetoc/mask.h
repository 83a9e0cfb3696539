// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Sets dead pixels to zero. The mask is a ROM of 32-bit words, one bit a pixel in stream order (lane 0 of the first
// word in bit 0), 1 for a live pixel.
#ifndef VETOC_MASK_H
#define VETOC_MASK_H

#include "scrub.h"
#include "word.h"

namespace vetoc {

template <typename CONFIG>
void mask(hls::stream<word<typename CONFIG::output_t, CONFIG::PIXELS>> &in,
          const rom_uint<32> (&live)[CONFIG::MASK_WORDS], hls::stream<bool> &upset,
          hls::stream<word<typename CONFIG::output_t, CONFIG::PIXELS>> &out) {
  constexpr int BEATS_PER_MASK_WORD = 32 / CONFIG::PIXELS;
  VETOC_STATE(scrubber<CONFIG::MASK_WORDS>, scrub);
#pragma HLS RESET variable = scrub
  ap_uint<32> bits = 0;
  int word_index = 0;
  int left = 0;
WORDS:
  for (int i = 0; i < CONFIG::WORDS; ++i) {
#pragma HLS PIPELINE II = 1
    if (left == 0) {
      bits = live[word_index++];
      left = BEATS_PER_MASK_WORD;
    }
    word<typename CONFIG::output_t, CONFIG::PIXELS> pixels = in.read();
  LANES:
    for (int l = 0; l < CONFIG::PIXELS; ++l) {
#pragma HLS UNROLL
      if (!bits.test(l)) pixels.lane[l] = 0;
    }
    bits >>= CONFIG::PIXELS;
    --left;
    out.write(pixels);
    scrub.take(live[scrub.place], CONFIG::CRC);
  }
  upset.write(scrub.wrong);
}

}  // namespace vetoc

#endif
