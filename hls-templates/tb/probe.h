// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Looking at the streams between stages, in C simulation only. C simulation runs the stages one after the other, so
// that a stream holds a stage's whole output when its probe looks: it takes every word out and puts it back, with
// other values where the readers of the stage are given some.
#ifndef VETOC_PROBE_H
#define VETOC_PROBE_H

#include <cstdint>
#include <map>
#include <string>
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

#endif
