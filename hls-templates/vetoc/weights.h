// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The constants of a stage that multiplies: a row of factors for each cycle, a bias and an alignment for each output
// channel. BANKS is 2 where weights can be reloaded: one bank in use, behind it the one that new weights go to.
#ifndef VETOC_WEIGHTS_H
#define VETOC_WEIGHTS_H

#include "word.h"

namespace vetoc {

template <typename CONFIG>
using weight_table = rom_int<CONFIG::weight_t::width>[CONFIG::BANKS * CONFIG::STEPS][CONFIG::MULTIPLIERS];

/// At the resolution of the channel's accumulator.
template <typename CONFIG>
using bias_table = rom_int<CONFIG::bias_t::width>[CONFIG::BANKS * CONFIG::OUT_CHANNELS];

/// Left shifts that bring every channel's accumulator to the fraction of CONFIG::exact_t.
template <typename CONFIG>
using align_table = rom_uint<6>[CONFIG::BANKS * CONFIG::OUT_CHANNELS];

/// How the memories of a stage are cut into 32-bit words, in an image of weights and for the scrubber.
template <typename CONFIG>
struct part_words {
  static constexpr int WIDTH = CONFIG::weight_t::width;
  static constexpr int PER_WORD = 32 / WIDTH;
  static constexpr int FACTOR_WORDS = divide_up(CONFIG::MULTIPLIERS, PER_WORD);  // a row
  static constexpr int FACTORS = CONFIG::STEPS * FACTOR_WORDS;
  static constexpr int ALL = FACTORS + 2 * CONFIG::OUT_CHANNELS;
};

/// What a loop does beside its work in each cycle: nothing, where weights are constants.
struct no_background {
  void operator()() const {}
};

}  // namespace vetoc

#endif
