// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a facility has to fill in, in facility.cc: where the frame lies in what its detector writes.
#ifndef VETOC_TEB_FACILITY_H
#define VETOC_TEB_FACILITY_H

#include <cstdint>

#include "psdaq/trigger/TriggerPrimitive.hh"
#include "xtcdata/xtc/Xtc.hh"

namespace vetoc {

/// The frame that the network decides: rows of design::WIDTH pixels, design::HEIGHT of them, masked pixels 0. It has to stay where
/// it is until the next call from the same thread. Null where there is none: the event is then kept.
const std::uint16_t *frame_in(const Drp::MemPool &pool, std::uint32_t index, const XtcData::Xtc &contribution);

}  // namespace vetoc

#endif
