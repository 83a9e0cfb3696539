// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a front end sends in C simulation: the beats of its last frame, and the module that it says it is. A bench holds each
// packet to what the decision word says of the frame.
#ifndef VETOC_SENT_H
#define VETOC_SENT_H

#include <vector>

#include "send_features.h"

namespace vetoc {

/// What nobody took of the frame before is thrown away when the next one comes.
inline hls::stream<feature_beat> &features_sent() {
  static hls::stream<feature_beat> features("features");
  return features;
}

inline void forget_features() {
  while (!features_sent().empty()) features_sent().read();
}

inline ap_uint<16> &module_number() {
  static ap_uint<16> module = 0;
  return module;
}

/// The words of the packet that waits; none where it does not begin and end as it should.
inline std::vector<std::uint16_t> take_sent() {
  std::vector<std::uint16_t> words;
  bool last = false;
  while (!last && !features_sent().empty()) {
    const feature_beat beat = features_sent().read();
    if (beat.user.to_uint() != (words.empty() ? 1U << SOF : 0U)) return {};
    words.push_back(static_cast<std::uint16_t>(beat.data.to_uint()));
    last = beat.last == 1;
  }
  if (!last) words.clear();
  return words;
}

/// Whether `words` are a packet of a frame. The CRC is made bit by bit: not the way the firmware does. `features`: null where
/// they may be any.
inline bool is_sent(const std::vector<std::uint16_t> &words, std::uint64_t number, std::uint32_t state, std::size_t count,
                    const std::int32_t *features) {
  constexpr std::size_t FIRST = 6;
  if (words.size() != FIRST + count + 2) return false;
  std::uint32_t crc = 0xffffffffU;
  for (std::size_t w = 0; w < FIRST + count; ++w) {
    const std::uint32_t wanted = w < 4              ? static_cast<std::uint32_t>(number >> (16 * w)) & 0xffffU
                                 : w == 4           ? module_number().to_uint()
                                 : w == 5           ? state
                                 : features != nullptr ? static_cast<std::uint32_t>(features[w - FIRST])
                                                       : words[w];
    if (words[w] != wanted) return false;
    for (int b = 0; b < 16; ++b) crc = (crc >> 1) ^ ((crc & 1U) != (words[w] >> b & 1U) ? 0xedb88320U : 0U);
  }
  return words[FIRST + count] == (~crc & 0xffffU) && words[FIRST + count + 1] == ~crc >> 16;
}

}  // namespace vetoc

#endif
