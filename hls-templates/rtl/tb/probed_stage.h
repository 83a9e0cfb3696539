// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A stage that the test benches can look at, and how its words become a tensor [height, width, channels].
#ifndef VETOC_PROBED_STAGE_H
#define VETOC_PROBED_STAGE_H

#include <cstddef>
#include <cstdint>

namespace rtl {

struct probed_stage {
  const char *name;
  int height, width, channels;
  int lanes;  // values of a word
  int bits;   // of a value
  bool is_signed;
  int low;     // first bit of the word in the probes
  int before;  // the stage whose stream has another name here, or -1

  std::size_t row() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  std::size_t size() const { return static_cast<std::size_t>(height) * row(); }
  std::size_t words_a_row() const { return (row() + static_cast<std::size_t>(lanes) - 1) / static_cast<std::size_t>(lanes); }
  std::size_t words() const { return static_cast<std::size_t>(height) * words_a_row(); }

  /// Where lane `l` of word `word` of a frame stands in the tensor; `size()` for lanes that nobody reads.
  std::size_t place(std::size_t word, std::size_t l) const {
    const std::size_t column = word % words_a_row() * static_cast<std::size_t>(lanes) + l;
    return column < row() ? word / words_a_row() * row() + column : size();
  }
};

/// Bits `low` and up of `words` as a value.
inline std::int64_t get_field(const std::uint32_t *words, int low, int bits, bool is_signed) {
  std::uint64_t value = 0;
  for (int i = 0; i < bits;) {
    const int at = (low + i) % 32;
    const int count = bits - i < 32 - at ? bits - i : 32 - at;
    const std::uint64_t mask = (std::uint64_t{1} << count) - 1;
    value |= ((words[(low + i) / 32] >> at) & mask) << i;
    i += count;
  }
  if (is_signed && bits < 64 && (value >> (bits - 1) & 1) != 0) value |= ~std::uint64_t{0} << bits;
  return static_cast<std::int64_t>(value);
}

inline void set_field(std::uint32_t *words, int low, int bits, std::int64_t value) {
  for (int i = 0; i < bits;) {
    const int at = (low + i) % 32;
    const int count = bits - i < 32 - at ? bits - i : 32 - at;
    const std::uint32_t mask = count == 32 ? ~std::uint32_t{0} : ((std::uint32_t{1} << count) - 1) << at;
    const auto part = static_cast<std::uint32_t>(static_cast<std::uint64_t>(value) >> i);
    words[(low + i) / 32] = (words[(low + i) / 32] & ~mask) | ((part << at) & mask);
    i += count;
  }
}

}  // namespace rtl

#endif
