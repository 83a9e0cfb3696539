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

/// What a loop does beside its work in each cycle: nothing, where weights are constants.
struct no_background {
  void operator()() const {}
};

}  // namespace vetoc

#endif
