// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What a module sends of its frames, for the bench of all parts.
//
//   send MODULE FRAMES COUNT OUT [MAPS]
//
// FRAMES: u16 pixels of frames; COUNT of them are taken, numbered from 1, the first again behind the last.
// MAPS: of a front end on raw words, the values of every map, i32 each.
// OUT: of each word u16 data, u16 TUSER, u16 TLAST.
#include <cstdio>
#include <cstdlib>

#include "drive.h"
#include "golden.h"

namespace {

bool write_words(std::FILE *out) {
  hls::stream<vetoc::feature_beat> &sent = vetoc::features_sent();
  while (!sent.empty()) {
    const vetoc::feature_beat beat = sent.read();
    const std::uint16_t words[3] = {static_cast<std::uint16_t>(beat.data.to_uint()),
                                    static_cast<std::uint16_t>(beat.user.to_uint()),
                                    static_cast<std::uint16_t>(beat.last.to_uint())};
    if (std::fwrite(words, sizeof words, 1, out) != 1) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char **argv) {
#if defined(VETOC_MAPS)
  if (argc != 6 || !vetoc::load_maps_of(argv[5])) {
    std::fprintf(stderr, "send MODULE FRAMES COUNT OUT MAPS\n");
#else
  if (argc != 5) {
    std::fprintf(stderr, "send MODULE FRAMES COUNT OUT\n");
#endif
    return 2;
  }
  std::vector<std::uint16_t> pixels;
  if (!vetoc::load(argv[2], pixels)) return 2;
  const std::uint64_t count = std::strtoull(argv[3], nullptr, 10);
  std::FILE *out = std::fopen(argv[4], "wb");
  constexpr std::size_t PIXELS = static_cast<std::size_t>(design::HEIGHT) * design::WIDTH;
  const std::size_t frames = pixels.size() / PIXELS;
  if (frames == 0 || out == nullptr) {
    std::fprintf(stderr, "send: no frame in %s, or %s cannot be written\n", argv[2], argv[4]);
    return 2;
  }
  vetoc::module_number() = static_cast<unsigned>(std::atoi(argv[1]));
  vetoc::registers registers;
  bool good = true;
  for (std::uint64_t number = 1; good && number <= count; ++number) {
    hls::stream<design::pixel_beat> input("frames");
    hls::stream<vetoc::decision_beat> answers("decisions");
    vetoc::send(input, vetoc::beats_of(pixels.data() + (number - 1) % frames * PIXELS, number));
    vetoc::run(input, answers, registers);
    const vetoc::decision d = vetoc::take(answers);
    good = d.keep && !d.malformed && d.number == number && write_words(out);
  }
  if (std::fclose(out) != 0 || !good) {
    std::fprintf(stderr, "send: a frame was not answered as it should be\n");
    return 1;
  }
  return 0;
}
