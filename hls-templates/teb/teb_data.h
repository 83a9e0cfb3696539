// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a node tells the event builder of its frame: the contribution that producer.cc writes and consumer.cc reads.
#ifndef VETOC_TEB_DATA_H
#define VETOC_TEB_DATA_H

#include <cstdint>

namespace vetoc {

struct teb_data {
  /// Tells this contribution from those of other detectors.
  static constexpr std::uint32_t MAGIC = 0x76746f63U;

  std::uint32_t magic;
  /// In the network's levels; 0 where there was no frame to decide.
  std::int32_t score;
  /// 1: the score reaches the threshold.
  std::uint32_t by_score;
  /// 1: there was no frame of the network's size, or its packet was malformed. Such an event is kept.
  std::uint32_t malformed;
};

}  // namespace vetoc

#endif
