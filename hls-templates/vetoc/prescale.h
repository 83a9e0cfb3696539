// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Which misses are kept all the same: one in N, by a keyed hash of the frame's number. The same bits in every form that
// vetoc emits; h * N < 2^32 chooses a frame with a probability of 1 in N.
#ifndef VETOC_PRESCALE_H
#define VETOC_PRESCALE_H

#include "word.h"

namespace vetoc {

/// More than one in this many cannot be asked for.
static constexpr unsigned MAX_PRESCALE = 1U << 24;

inline ap_uint<32> mixed(ap_uint<32> h) {
#pragma HLS INLINE
  h ^= h >> 16;
  h *= ap_uint<32>(0x7feb352dU);
  h ^= h >> 15;
  h *= ap_uint<32>(0x2c1b3c6dU);
  h ^= h >> 16;
  return h;
}

inline ap_uint<32> prescale_hash(ap_uint<64> number, ap_uint<32> key) {
#pragma HLS INLINE
  const ap_uint<32> low = number.range(31, 0);
  const ap_uint<32> high = number.range(63, 32);
  return mixed(mixed(mixed(key) + low) + high);
}

/// Whether one in `n` (0: none, more than MAX_PRESCALE: none) chooses `number`.
inline bool prescale_chooses(ap_uint<64> number, ap_uint<32> n, ap_uint<32> key) {
#pragma HLS INLINE
  const ap_uint<64> product = ap_uint<64>(prescale_hash(number, key)) * n;
  return n > 0 && n <= MAX_PRESCALE && product.range(63, 32) == 0;
}

}  // namespace vetoc

#endif
