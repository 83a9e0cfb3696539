// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A frame that is asked for with its number and a prescale (serve.cpp, bit 2).
#ifndef VETOC_NUMBERED_H
#define VETOC_NUMBERED_H

#include <array>

#include "drive.h"

namespace vetoc {

/// What stands in front of a frame: u32 number 31..0, number 63..32, N, key.
struct numbered {
  std::uint32_t words[4];

  std::uint64_t number() const { return std::uint64_t(words[1]) << 32 | words[0]; }
  void set(registers &r) const {
    r.prescale = words[2];
    r.prescale_key = words[3];
  }
  /// By the score, by the prescale, the weight, whether the frame went by that number.
  static std::array<std::int32_t, 4> facts(const decision &d) {
    return {{d.by_score, d.by_prescale, static_cast<std::int32_t>(d.weight), design::HEADER_BEATS > 0}};
  }
};

}  // namespace vetoc

#endif
