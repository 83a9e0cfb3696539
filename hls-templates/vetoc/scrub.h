// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The scrubber: reads a memory through its second port, one 32-bit word in each cycle of its stage's loop, and compares
// the CRC-32 of all of it with what it should be. A mismatch stays until the bank is loaded again, or reset. The words of
// a stage with weights are those of its part of an image (reload.h), so that one CRC serves both.
#ifndef VETOC_SCRUB_H
#define VETOC_SCRUB_H

#include "crc32.h"
#include "state.h"
#include "weights.h"

namespace vetoc {

/// The CRC of a memory, word by word, round after round.
template <int WORDS>
struct scrubber {
  int place = 0;
  std::uint32_t crc = CRC_START;
  bool wrong = false;

  void take(ap_uint<32> word, std::uint32_t expected) {
#pragma HLS INLINE
    crc = crc32_next<2>(crc, word);
    if (place == WORDS - 1) {
      if (crc32_of(crc) != expected) wrong = true;
      restart();
    } else {
      ++place;
    }
  }
  void restart() {
#pragma HLS INLINE
    place = 0;
    crc = CRC_START;
  }
};

/// Walks through one bank of weights, biases and shifts.
template <typename CONFIG>
struct weight_scrubber {
  typedef part_words<CONFIG> words;
  scrubber<words::ALL> scrub;
  int row = 0;      // of factors, then channels
  int of_row = 0;   // words of it so far
  rom_int<words::WIDTH> held[CONFIG::MULTIPLIERS];  // the rest of the row, the next factor first

  /// One word.
  void step(const weight_table<CONFIG> &weights, const bias_table<CONFIG> &bias, const align_table<CONFIG> &align, int bank,
            std::uint32_t expected) {
#pragma HLS INLINE
    const bool factors = row < CONFIG::STEPS;
    const bool row_ends = of_row == (factors ? words::FACTOR_WORDS : 2) - 1;
    scrub.take(factors ? factor_word(weights, bank) : channel_word(bias, align, bank), expected);
    of_row = row_ends ? 0 : of_row + 1;
    if (row_ends) row = row == CONFIG::STEPS + CONFIG::OUT_CHANNELS - 1 ? 0 : row + 1;
  }
  /// Another bank counts from now on.
  void restart() {
#pragma HLS INLINE
    row = 0;
    of_row = 0;
    scrub.restart();
    scrub.wrong = false;
  }

 private:
  ap_uint<32> factor_word(const weight_table<CONFIG> &weights, int bank) {
#pragma HLS INLINE
    if (of_row == 0) {
    ROW:
      for (int k = 0; k < CONFIG::MULTIPLIERS; ++k) {
#pragma HLS UNROLL
        held[k] = weights[bank * CONFIG::STEPS + row][k];
      }
    }
    ap_uint<32> word = 0;
  PACK:
    for (int k = 0; k < words::PER_WORD && k < CONFIG::MULTIPLIERS; ++k) {
#pragma HLS UNROLL
      word.range((k + 1) * words::WIDTH - 1, k * words::WIDTH) = ap_uint<words::WIDTH>(ap_int<words::WIDTH>(held[k]));
    }
  SHIFT:
    for (int k = 0; k < CONFIG::MULTIPLIERS; ++k) {
#pragma HLS UNROLL
      const int next = k + words::PER_WORD;
      held[k] = next < CONFIG::MULTIPLIERS ? held[next < CONFIG::MULTIPLIERS ? next : 0] : rom_int<words::WIDTH>(0);
    }
    return word;
  }

  ap_uint<32> channel_word(const bias_table<CONFIG> &bias, const align_table<CONFIG> &align, int bank) const {
#pragma HLS INLINE
    const int channel = bank * CONFIG::OUT_CHANNELS + row - CONFIG::STEPS;
    const ap_int<56> value = bias[channel];
    ap_uint<32> high = 0;
    high.range(23, 0) = value.range(55, 32);
    high.range(29, 24) = ap_uint<6>(align[channel]);
    return of_row == 0 ? ap_uint<32>(value.range(31, 0)) : high;
  }
};

/// What a stage with constant weights does in each cycle beside its work.
template <typename CONFIG>
struct scrub_constants {
  weight_scrubber<CONFIG> &state;
  const weight_table<CONFIG> &weights;
  const bias_table<CONFIG> &bias;
  const align_table<CONFIG> &align;

  void operator()() const {
#pragma HLS INLINE
    // One row alone is logic, not a memory: the vendor's scrubbing of the configuration watches it.
    if (CONFIG::STEPS > 1) state.step(weights, bias, align, 0, CONFIG::CRC);
  }
};

}  // namespace vetoc

#endif
