// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a front end sends: packets of 16-bit words, see vetoc_send.
#ifndef VETOC_SENT_WORDS_H
#define VETOC_SENT_WORDS_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rtl {

/// The module that a front end is told to be, unless a bench says another: most bits differ from their neighbours.
static constexpr std::uint16_t USUAL_MODULE = 0xa5c3;

struct sent_word {
  std::uint16_t data;
  unsigned user;  // bit 1 with the first word
  bool last;
};

/// What the words before the features and behind them must be, CRC-32 bit by bit.
inline std::vector<std::uint16_t> packet_of(std::uint64_t number, std::uint16_t module, std::uint16_t state,
                                            const std::vector<std::uint16_t> &features) {
  std::vector<std::uint16_t> words;
  for (int w = 0; w < 4; ++w) words.push_back(static_cast<std::uint16_t>(number >> (16 * w)));
  words.push_back(module);
  words.push_back(state);
  words.insert(words.end(), features.begin(), features.end());
  std::uint32_t crc = 0xffffffffU;
  for (const std::uint16_t word : words)
    for (int i = 0; i < 16; ++i) crc = (crc >> 1) ^ ((crc & 1U) != (word >> i & 1U) ? 0xedb88320U : 0U);
  words.push_back(static_cast<std::uint16_t>(~crc));
  words.push_back(static_cast<std::uint16_t>(~crc >> 16));
  return words;
}

/// Whether the words from `at` on are `packet`, its ends marked and no other word.
inline bool is_packet(const std::vector<sent_word> &sent, std::size_t at, const std::vector<std::uint16_t> &packet) {
  if (at + packet.size() > sent.size()) return false;
  for (std::size_t w = 0; w < packet.size(); ++w) {
    const sent_word &one = sent[at + w];
    if (one.data != packet[w] || one.user != (w == 0 ? 2U : 0U) || one.last != (w + 1 == packet.size())) return false;
  }
  return true;
}

}  // namespace rtl

#endif
