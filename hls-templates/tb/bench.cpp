// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Self-checking test bench. Reads golden vectors, runs the firmware frame by frame and stops with exit code 1 at the
// first bit that differs, naming frame, stage, pixel, channel, the expected and the found mantissa. Then sends what a
// broken link would send (failsafe.h) and checks that malformed frames are kept and flagged and the next one is right.
// Where weights can be reloaded it exchanges them between frames and back (reload_cases.h), or watches them in shadow first
// (canary_cases.h).
//
//   bench [--streams | --decisions] [FOLDER]     FOLDER defaults to golden/
//
// By default it compares logits and decisions; --streams every intermediate stream too; --decisions what is seen at the
// ports alone, for co-simulation.
//
//   FOLDER/frames.bin      u16 pixels, frame after frame
//   FOLDER/decisions.bin   per frame i32 score, i32 keep
//   FOLDER/maps.bin        where words come raw: values of every map, i32 each, for all frames
//   FOLDER/<stage>.bin     per frame the stage's values, i32 each, [height, width, channels]
//   FOLDER/reload/         other weights and what the same frames give with them
#include <cstdio>
#include <cstring>
#include <string>

#include "drive.h"
#include "failsafe.h"
#include "golden.h"
#if defined(VETOC_MAPS)
#include "maps_cases.h"
#endif
#if defined(VETOC_CANARY)
#include "canary_cases.h"
#elif defined(VETOC_RELOADABLE)
#include "reload_cases.h"
#endif

int main(int argc, char **argv) {
  std::string folder = "golden";
  vetoc::compared what = vetoc::compared::logits;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--streams") == 0)
      what = vetoc::compared::streams;
    else if (std::strcmp(argv[i], "--decisions") == 0)
      what = vetoc::compared::decisions;
    else
      folder = argv[i];
  }
  vetoc::golden_frames frames;
  vetoc::golden_results results;
  if (!vetoc::load_frames(folder, frames) || !vetoc::load_results(folder, frames, what, results)) return 2;
#if defined(VETOC_MAPS)
  if (!vetoc::load_maps(folder)) return 2;
#endif

  vetoc::probes::instance().all = what == vetoc::compared::streams;
  vetoc::probes::instance().output = design::stages[design::OUTPUT_STAGE].name;
  vetoc::registers registers;
  hls::stream<design::pixel_beat> input("frames");
  hls::stream<vetoc::decision_beat> output("decisions");
  for (std::size_t f = 0; f < frames.count; ++f) {
    vetoc::send(input, frames.beats(f, f));
    vetoc::run(input, output, registers);
    if (!vetoc::same_frame(results, f, vetoc::take(output), f, 0)) {
      if (what != vetoc::compared::streams)
        std::fprintf(stderr, "The first stage that differs: %s --streams %s\n", argv[0], folder.c_str());
      return 1;
    }
  }
  std::printf("PASS %zu frames, %s\n", frames.count, vetoc::name_of(what));

  // Images are exchanged in C simulation alone: co-simulation has a clock of its own, and when an image is complete there, C
  // simulation cannot say.
  const bool at_ports = what == vetoc::compared::decisions;
  static_cast<void>(at_ports);
#if defined(VETOC_MAPS)
  if (!at_ports && !vetoc::maps_cases(frames, results)) return 1;
#endif
  bool built_in_gone = false;
#if defined(VETOC_CANARY)
  if (!at_ports && !vetoc::canary_cases(folder, frames, results)) return 1;
#elif defined(VETOC_RELOADABLE)
  built_in_gone = !at_ports;
  if (built_in_gone && !vetoc::reload_cases(folder, frames, results, what)) return 1;
#endif
  vetoc::probes::instance().all = false;
  const std::size_t second = frames.count > 1 ? 1 : 0;
  const vetoc::good_frame a = {frames.pixels_of(0), results.score(0), results.logits(0)};
  const vetoc::good_frame b = {frames.pixels_of(second), results.score(second), results.logits(second)};
  return vetoc::failsafe_cases(a, b, built_in_gone) ? 0 : 1;
}
