// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a damaged memory of maps would send: the frame is kept and flagged `upset`, the next is right.
#ifndef VETOC_MAPS_CASES_H
#define VETOC_MAPS_CASES_H

#include "golden.h"

namespace vetoc {

inline bool maps_case(const char *what, const std::vector<design::maps_beat> &sent, const golden_frames &frames,
                      const golden_results &results) {
  registers registers;
  hls::stream<design::pixel_beat> input("frames");
  hls::stream<decision_beat> output("decisions");
  hls::stream<design::maps_beat> &maps = maps_stream();
  while (!maps.empty()) maps.read();
  for (const design::maps_beat &beat : sent) maps.write(beat);
  send(input, frames.beats(0, 0));
  run(input, output, registers);
  const decision d = take(output);
  if (!d.keep || !d.upset || d.malformed) {
    std::fprintf(stderr, "FAIL %s: keep %d, upset %d, malformed %d\n", what, d.keep, d.upset, d.malformed);
    return false;
  }
  send(input, frames.beats(0, 1));
  run(input, output, registers);
  const decision next = take(output);
  if (next.upset || next.score != results.score(0) || next.keep != results.keep(0)) {
    std::fprintf(stderr, "FAIL the frame behind %s: upset %d, score %d\n", what, next.upset, next.score);
    return false;
  }
  return true;
}

inline bool maps_cases(const golden_frames &frames, const golden_results &results) {
  const std::vector<design::maps_beat> good = maps_beats();
  std::vector<design::maps_beat> sent = good;
  sent[sent.size() / 2].data.set(0, !sent[sent.size() / 2].data.test(0));
  if (!maps_case("maps with a flipped bit", sent, frames, results)) return false;
  sent = good;
  sent.pop_back();
  sent.back().last = 1;
  if (!maps_case("maps without their CRC", sent, frames, results)) return false;
  sent.erase(sent.begin(), sent.begin() + static_cast<std::ptrdiff_t>(sent.size() / 2));
  if (!maps_case("maps that end in the middle", sent, frames, results)) return false;
  sent = good;
  sent.back().last = 0;
  sent.push_back(good.front());
  sent.push_back(good.back());
  if (!maps_case("maps that do not end", sent, frames, results)) return false;
  std::printf("PASS damaged maps: frames kept and flagged, the next one right\n");
  return true;
}

}  // namespace vetoc

#endif
