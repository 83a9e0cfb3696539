// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Takes a contribution whose payload is the frame and nothing else. A detector that writes headers, several panels or raw words
// needs its own: assemble the frame here into a buffer of the thread, with gaps and bad pixels 0, as the network saw it in training.
#include "facility.h"

#include "../tb/design.h"

namespace vetoc {

const std::uint16_t *frame_in(const Drp::MemPool & /*pool*/, std::uint32_t /*index*/,
                              const XtcData::Xtc &contribution) {
  constexpr int bytes = design::HEIGHT * design::WIDTH * static_cast<int>(sizeof(std::uint16_t));
  if (contribution.sizeofPayload() != bytes) return nullptr;
  return reinterpret_cast<const std::uint16_t *>(contribution.payload());
}

}  // namespace vetoc
