// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Driving a stage alone, in C simulation only: values that its readers get in place of what the stage before computes.
#ifndef VETOC_GIVEN_H
#define VETOC_GIVEN_H

#include <cstddef>
#include <cstdint>
#include <vector>

#include "word.h"

namespace vetoc {

struct given {
  std::size_t rows;
  std::vector<std::int32_t> values;  // [rows, width, channels], without the unused lanes at the ends of rows

  /// Puts the values of word `index` of `words` into its lanes; unused lanes keep what they hold.
  template <typename T, int LANES>
  void put(word<T, LANES> &w, std::size_t index, std::size_t words) const {
    const std::size_t stored = words * LANES / rows;
    const std::size_t used = values.size() / rows;
    for (std::size_t l = 0; l < LANES; ++l) {
      const std::size_t at = index * LANES + l;
      if (at % stored < used) w.lane[l] = T(values[at / stored * used + at % stored]);
    }
  }
};

}  // namespace vetoc

#endif
