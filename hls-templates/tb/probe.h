// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Looking at the streams between stages, in C simulation only. C simulation runs the stages one after the other, so
// that a stream holds a stage's whole output when its probe looks: it takes every word out and puts it back, with
// other values where the readers of the stage are given some.
#ifndef VETOC_PROBE_H
#define VETOC_PROBE_H

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "given.h"
#include "word.h"

namespace vetoc {

struct probes {
  bool all = false;                                       // off: the output stage alone
  std::string output;                                     // the stage whose values are the logits
  std::map<std::string, std::vector<std::int32_t>> seen;  // lanes in stream order, by stage
  std::map<std::string, given> readers;                   // what the readers of a stage get in place of its values

  static probes &instance() {
    static probes p;
    return p;
  }
};

/// A table of the firmware whose bits may be flipped.
struct memory {
  const char *name;
  std::size_t entries;
  int bits;   // of an entry
  int banks;  // of which the first is in use
  std::function<void(std::size_t, int)> flip;
};

/// Every table that the scrubber watches, once the firmware has run.
inline std::vector<memory> &memories() {
  static std::vector<memory> all;
  return all;
}

/// Memories that correct single flips, in simulations of the RTL: a flip comes `flip_after` cycles later, while a frame is under way.
inline std::vector<memory> &corrected_memories() {
  static std::vector<memory> all;
  return all;
}
inline long &flip_after() {
  static long cycles = 0;
  return cycles;
}

template <typename T>
void flip_bit(T &entry, int bit, int bits) {
  std::uint64_t value = static_cast<std::uint64_t>(entry) ^ std::uint64_t(1) << bit;
  // A negative number of fewer bits than its type.
  const std::uint64_t sign = std::uint64_t(1) << (bits - 1);
  if (bits < 64) value &= 2 * sign - 1;
  if (std::is_signed<T>::value) value = (value ^ sign) - sign;
  entry = static_cast<T>(value);
}

inline bool is_known(const char *name) {
  for (const memory &m : memories())
    if (std::string(m.name) == name) return true;
  return false;
}
template <typename T, std::size_t N>
void register_memory(const char *name, T (&array)[N], int bits, int banks) {
  if (!is_known(name))
    memories().push_back(
        {name, N, bits, banks, [&array, bits](std::size_t e, int b) { flip_bit(array[e], b, bits); }});
}
template <typename T, std::size_t N, std::size_t M>
void register_memory(const char *name, T (&array)[N][M], int bits, int banks) {
  if (!is_known(name))
    memories().push_back({name, N * M, bits, banks,
                          [&array, bits](std::size_t e, int b) { flip_bit(array[e / M][e % M], b, bits); }});
}

template <typename T, int LANES>
void probe(const char *stage, hls::stream<word<T, LANES>> &stream) {
  probes &p = probes::instance();
  if (!p.all && p.output != stage) return;
  std::vector<std::int32_t> &values = p.seen[stage];
  const std::size_t words = stream.size();
  values.clear();
  values.reserve(words * LANES);
  const auto readers = p.readers.find(stage);
  for (std::size_t i = 0; i < words; ++i) {
    word<T, LANES> w = stream.read();
    for (int l = 0; l < LANES; ++l) values.push_back(static_cast<std::int32_t>(w.lane[l].to_int64()));
    if (readers != p.readers.end()) readers->second.put(w, i, words);
    stream.write(w);
  }
}

}  // namespace vetoc

#define VETOC_PROBE(stage, stream) vetoc::probe(stage, stream)
#define VETOC_MEMORY(array, bits, banks) vetoc::register_memory(#array, array, bits, banks)

#endif
