// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Self-checking test bench. Reads golden vectors, runs the firmware frame by frame and stops with exit code 1 at the
// first bit that differs, naming frame, stage, pixel, channel, the expected and the found mantissa. Then sends what a
// broken link would send (failsafe.h) and checks that malformed frames are kept and flagged and the next one is right.
//
//   bench [--streams | --decisions] [FOLDER]     FOLDER defaults to golden/
//
// By default it compares logits and decisions; --streams every intermediate stream too; --decisions what is seen at the
// ports alone, for co-simulation.
//
//   FOLDER/frames.bin      u16 pixels, frame after frame
//   FOLDER/decisions.bin   per frame i32 score, i32 keep
//   FOLDER/<stage>.bin     per frame the stage's values, i32 each, [height, width, channels]
#include <cstdio>
#include <cstring>
#include <string>

#include "drive.h"
#include "failsafe.h"

namespace {

template <typename T>
bool load(const std::string &path, std::vector<T> &values) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "bench: %s cannot be opened\n", path.c_str());
    return false;
  }
  T chunk[4096];
  std::size_t got = 0;
  while ((got = std::fread(chunk, sizeof(T), 4096, file)) > 0) values.insert(values.end(), chunk, chunk + got);
  std::fclose(file);
  return true;
}

std::string binary(std::int32_t value, int width) {
  std::string digits;
  for (int bit = width - 1; bit >= 0; --bit) digits += ((value >> (bit < 31 ? bit : 31)) & 1) != 0 ? '1' : '0';
  return digits;
}

bool same(const vetoc::stage_info &stage, std::size_t frame, const std::int32_t *expected) {
  const std::vector<std::int32_t> found = vetoc::stage_values(stage);
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] == expected[i]) continue;
    const std::size_t pixel = i / static_cast<std::size_t>(stage.channels);
    std::fprintf(stderr,
                 "MISMATCH frame %zu, stage %s, pixel (row %zu, column %zu), channel %zu: expected %d (%s), found %d (%s)\n",
                 frame, stage.name, pixel / static_cast<std::size_t>(stage.width), pixel % static_cast<std::size_t>(stage.width),
                 i % static_cast<std::size_t>(stage.channels), expected[i], binary(expected[i], stage.bits).c_str(), found[i],
                 binary(found[i], stage.bits).c_str());
    return false;
  }
  return true;
}

std::size_t size_of(const vetoc::stage_info &stage) {
  return static_cast<std::size_t>(stage.height) * static_cast<std::size_t>(stage.width) *
         static_cast<std::size_t>(stage.channels);
}

}  // namespace

int main(int argc, char **argv) {
  std::string folder = "golden";
  bool streams = false;
  bool ports_only = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--streams") == 0)
      streams = true;
    else if (std::strcmp(argv[i], "--decisions") == 0)
      ports_only = true;
    else
      folder = argv[i];
  }
  std::vector<std::uint16_t> pixels;
  std::vector<std::int32_t> decisions;
  std::vector<std::vector<std::int32_t>> golden(design::STAGES);
  if (!load(folder + "/frames.bin", pixels) || !load(folder + "/decisions.bin", decisions)) return 2;
  const std::size_t frame_size = static_cast<std::size_t>(design::HEIGHT) * design::WIDTH;
  const std::size_t frames = pixels.size() / frame_size;
  if (frames == 0 || frames * frame_size != pixels.size() || decisions.size() != 2 * frames) {
    std::fprintf(stderr, "bench: frames.bin and decisions.bin do not fit this design\n");
    return 2;
  }
  for (std::size_t s = 0; s < golden.size(); ++s) {
    const vetoc::stage_info &stage = design::stages[s];
    const bool wanted = streams || (!ports_only && s == static_cast<std::size_t>(design::OUTPUT_STAGE));
    if (!wanted) continue;
    if (!load(folder + "/" + stage.name + ".bin", golden[s])) return 2;
    if (golden[s].size() != frames * size_of(stage)) {
      std::fprintf(stderr, "bench: %s.bin does not fit this design\n", stage.name);
      return 2;
    }
  }

  vetoc::probes::instance().all = streams;
  vetoc::probes::instance().output = design::stages[design::OUTPUT_STAGE].name;
  vetoc::registers registers;
  hls::stream<design::pixel_beat> input("frames");
  hls::stream<vetoc::decision_beat> output("decisions");
  for (std::size_t f = 0; f < frames; ++f) {
    vetoc::send(input, vetoc::beats_of(pixels.data() + f * frame_size));
    vetoc::run(input, output, registers);
    const vetoc::decision d = vetoc::take(output);
    for (std::size_t s = 0; s < golden.size(); ++s)
      if (!golden[s].empty() && !same(design::stages[s], f, golden[s].data() + f * size_of(design::stages[s]))) return 1;
    const std::int32_t score = decisions[2 * f];
    const bool keep = decisions[2 * f + 1] != 0;
    if (d.frame != f || d.score != score || d.keep != keep || d.malformed) {
      std::fprintf(stderr,
                   "MISMATCH frame %zu, decision word: expected {frame %zu, score %d, keep %d, malformed 0}, "
                   "found {frame %u, score %d, keep %d, malformed %d}\n",
                   f, f, score, keep, d.frame, d.score, d.keep, d.malformed);
      return 1;
    }
  }
  std::printf("PASS %zu frames, %s\n", frames,
              streams ? "every stream" : ports_only ? "decisions" : "logits and decisions");

  vetoc::probes::instance().all = false;
  const std::size_t second = frames > 1 ? 1 : 0;
  const vetoc::good_frame a = {vetoc::beats_of(pixels.data()), decisions[0]};
  const vetoc::good_frame b = {vetoc::beats_of(pixels.data() + second * frame_size), decisions[2 * second]};
  return vetoc::failsafe_cases(a, b) ? 0 : 1;
}
