// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Flips single bits of the memories that correct them, at random and at any time of a frame, and compares every decision: nothing
// is to be seen of any flip.
//
//   corrections [COUNT [FOLDER]]     1000, golden/
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "hls/golden.h"

int main(int argc, char **argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  const std::string folder = argc > 2 ? argv[2] : "golden";
  vetoc::golden_frames frames;
  vetoc::golden_results results;
  if (!vetoc::load_frames(folder, frames) || !vetoc::load_results(folder, frames, vetoc::compared::decisions, results))
    return 2;
  hls::stream<design::pixel_beat> input("frames");
  hls::stream<vetoc::decision_beat> output("decisions");
  vetoc::registers registers;
  std::mt19937 random(20261129);
  const std::size_t cycles = frames.beats(0, 0).size();
  int wrong = 0;
  for (int i = 0; i < count; ++i) {
    const vetoc::memory &m = vetoc::corrected_memories()[random() % vetoc::corrected_memories().size()];
    const std::size_t word = random() % m.entries;
    const int bit = static_cast<int>(random() % static_cast<unsigned>(m.bits));
    vetoc::flip_after() = static_cast<long>(random() % cycles);
    m.flip(word, bit);
    const std::size_t f = static_cast<std::size_t>(i) % frames.count;
    vetoc::send(input, frames.beats(f, static_cast<std::size_t>(i)));
    vetoc::run(input, output, registers);
    const vetoc::decision d = vetoc::take(output);
    if (d.score == results.score(f) && d.keep == results.keep(f) && !d.upset && !d.malformed) continue;
    if (wrong++ == 0) std::fprintf(stderr, "MISMATCH bit %d of %s[%zu] flipped: not corrected\n", bit, m.name, word);
  }
  std::printf("%s %d flips in line buffers, %d of them seen\n", wrong == 0 ? "PASS" : "FAIL", count, wrong);
  return wrong == 0 ? 0 : 1;
}
