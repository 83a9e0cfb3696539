// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Flips single bits of the firmware's memories, at random, and sees whether every one is flagged within the time that the
// register scrub_frames promises, keeps the frames then, and stays flagged until a reset.
//
//   upsets [COUNT [FOLDER]]     1000, golden/
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

#include "golden.h"

namespace {

struct outcome {
  bool changed = false;  // a score before it was flagged
  bool flagged = false;
};

class watched_firmware {
 public:
  watched_firmware(const vetoc::golden_frames &frames, const vetoc::golden_results &results)
      : frames_(frames), results_(results) {}

  vetoc::decision next() {
    vetoc::send(input_, frames_.beats(at_ % frames_.count, at_));
    vetoc::run(input_, output_, registers);
    ++at_;
    return vetoc::take(output_);
  }
  bool is_right(const vetoc::decision &d) const { return d.score == results_.score((at_ - 1) % frames_.count); }

  /// Frames until the firmware notices, at most as many as it promises.
  outcome watch() {
    outcome o;
    for (unsigned f = 0; f < registers.scrub_frames.to_uint() && !o.flagged; ++f) {
      const vetoc::decision d = next();
      o.flagged = d.upset && d.keep;
      if (!is_right(d)) o.changed = true;
    }
    return o;
  }

  vetoc::registers registers;

 private:
  const vetoc::golden_frames &frames_;
  const vetoc::golden_results &results_;
  hls::stream<design::pixel_beat> input_{"frames"};
  hls::stream<vetoc::decision_beat> output_{"decisions"};
  std::size_t at_ = 0;
};

}  // namespace

int main(int argc, char **argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
  vetoc::golden_frames frames;
  vetoc::golden_results results;
  const std::string folder = argc > 2 ? argv[2] : "golden";
  if (!vetoc::load_frames(folder, frames) || !vetoc::load_results(folder, frames, vetoc::compared::decisions, results))
    return 2;
#if defined(VETOC_MAPS)
  if (!vetoc::load_maps(folder)) return 2;
#endif
  watched_firmware firmware(frames, results);
  // No score keeps a frame: what is kept is kept because of the upset.
  firmware.registers.mode = 1 << vetoc::OWN_THRESHOLD;
  firmware.registers.threshold = INT32_MAX;
  if (firmware.next().upset) {
    std::fprintf(stderr, "MISMATCH an upset where there is none\n");
    return 1;
  }
  std::mt19937 random(20261129);
  int changed = 0;
  for (int i = 0; i < count; ++i) {
    const vetoc::memory &m = vetoc::memories()[random() % vetoc::memories().size()];
    // Of two banks the first: it is the one in use.
    const std::size_t entry = random() % m.entries / (m.banks > 1 ? 2 : 1);
    const int bit = static_cast<int>(random() % static_cast<unsigned>(m.bits));
    // Anywhere in a round of the scrubber, which starts with the reset: the longest lasts half of what is promised.
    const unsigned round = firmware.registers.scrub_frames.to_uint() / 2 + 1;
    for (unsigned f = random() % (i % 8 == 0 ? round : 3); f > 0; --f) firmware.next();
    m.flip(entry, bit);
    const outcome o = firmware.watch();
    if (o.changed) ++changed;
    if (!o.flagged || !firmware.next().upset) {
      std::fprintf(stderr, "MISMATCH bit %d of %s[%zu] flipped: not flagged within %u frames%s\n", bit, m.name, entry,
                   firmware.registers.scrub_frames.to_uint(), o.changed ? ", and a score changed" : "");
      return 1;
    }
    m.flip(entry, bit);
    vetoc::reset_firmware();
    if (firmware.next().upset) {
      std::fprintf(stderr, "MISMATCH an upset after it was mended and reset\n");
      return 1;
    }
  }
  std::printf("PASS %d upsets, all flagged within %u frames; %d changed a score before\n", count,
              firmware.registers.scrub_frames.to_uint(), changed);
  return 0;
}
