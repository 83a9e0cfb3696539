// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The frame stream as the firmware sees it: beats of either framing in one form, and what is said of a packet.
#ifndef VETOC_LINK_H
#define VETOC_LINK_H

#include <ap_axi_sdata.h>

#include "crc32.h"
#include "word.h"

namespace vetoc {

/// How a packet is malformed: bits of `causes`.
static constexpr int SHORT = 0;       // ended, or the next began, before its last beat
static constexpr int LONG = 1;        // no TLAST with its last beat
static constexpr int ERROR = 2;       // marked by the sender (EOFE)
static constexpr int BYTES = 3;       // TKEEP not all ones
static constexpr int CRC_WRONG = 4;   // another CRC-32
static constexpr int TIMEOUT = 5;     // stopped for longer than the idle time
static constexpr int HEADLESS = 6;    // no start
static constexpr int OVERFLOWED = 7;  // no room in the FIFO in front

/// What the decision must know of a packet.
struct frame_status {
  ap_uint<64> number;
  ap_uint<8> causes;
  bool numbered;        // the number came with the packet
  bool gap;             // and is not the expected one
  bool empty;           // no pixel was handed on: there are no logits
  ap_uint<32> dropped;  // beats thrown away since the answer before, at most 2^32 - 1
};

/// TUSER of SLAC's SsiPkg.
static constexpr int EOFE = 0;  // with TLAST: the sender knows that the packet is wrong
static constexpr int SOF = 1;   // with the first beat

template <int PIXELS>
struct link_beat {
  ap_uint<16 * PIXELS> data = 0;
  bool whole = true;     // every byte is valid
  bool start = false;    // SOF
  bool error = false;    // EOFE
  bool last = false;     // TLAST
  bool cut = false;      // the FIFO in front lost the rest of the packet before it
  ap_uint<8> lost = 0;   // and so many whole packets
};

template <typename CONFIG, typename BEAT>
link_beat<CONFIG::PIXELS> plain_beat(const BEAT &beat) {
#pragma HLS INLINE
  link_beat<CONFIG::PIXELS> b;
  b.data = beat.data;
  b.whole = beat.keep.and_reduce();
  b.last = beat.last == 1;
  return b;
}

template <typename CONFIG>
link_beat<CONFIG::PIXELS> beat_of(const ap_axiu<16 * CONFIG::PIXELS, 0, 0, 0> &beat) {
#pragma HLS INLINE
  return plain_beat<CONFIG>(beat);
}
template <typename CONFIG>
link_beat<CONFIG::PIXELS> beat_of(const ap_axiu<16 * CONFIG::PIXELS, 2, 0, 0> &beat) {
#pragma HLS INLINE
  link_beat<CONFIG::PIXELS> b = plain_beat<CONFIG>(beat);
  b.start = beat.user.test(SOF);
  b.error = beat.user.test(EOFE);
  return b;
}
/// From the FIFO in front.
template <typename CONFIG>
link_beat<CONFIG::PIXELS> beat_of(const link_beat<CONFIG::PIXELS> &beat) {
#pragma HLS INLINE
  return beat;
}

/// One more, but never past the largest number.
inline ap_uint<32> saturated(ap_uint<32> count) { return count == 0xffffffffU ? count : ap_uint<32>(count + 1); }

/// `value` with its part number `place` of BITS bits replaced; parts beyond 64 bits are nobody's.
template <int BITS>
ap_uint<64> with_part(ap_uint<64> value, int place, const ap_uint<BITS> &part) {
#pragma HLS INLINE
PLACES:
  for (int p = 0; p * BITS < 64; ++p) {
#pragma HLS UNROLL
    constexpr int USED = BITS < 64 ? BITS : 64;
    if (p == place) value.range(p * BITS + USED - 1, p * BITS) = part.range(USED - 1, 0);
  }
  return value;
}

/// The CRC behind a beat; no logic where packets have none.
template <typename CONFIG>
std::uint32_t crc_of_beat(std::uint32_t state, const ap_uint<16 * CONFIG::PIXELS> &data) {
#pragma HLS INLINE
  return CONFIG::TRAILER > 0 ? crc32_next<CONFIG::PIXELS>(state, data) : state;
}

}  // namespace vetoc

#endif
