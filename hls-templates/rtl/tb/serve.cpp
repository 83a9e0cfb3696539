// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The RTL simulation as a server for vetoc's verification: requests on stdin, answers on stdout, little-endian.
// Request: u32 flags (bit 0: every stage answers; bit 1: every stage is driven alone; bit 2: beats arrive when it is
// said; bit 3: maps come with each frame; bit 4: decisions are not always taken at once), u32 number of frames, u32 seed; with bit
// 2 the cycle in which each beat is offered (i32 each); the frames. A frame: with bit 3 the values of every map (i32 each), u16
// pixels and, with bit 1, what the readers of each stage get in its place (i32 each, in the stages' order).
// Maps are there as early as the design takes them, one set a frame; without bit 3 they are 0.
// The module is reset before each request, and the frames follow each other without a pause.
// Answer per frame: the logits (i32 each), i32 score, u32 keep, u32 whether it was malformed, flagged
// or not called by its number, or its packet of features is not what it should be, i32 cycle of its last beat, i32 cycle of
// its decision and, with bit 0, what each stage computed (i32 each).
#include <cstdio>

#include "simulation.h"

namespace {

bool read_exactly(void *to, std::size_t bytes) { return std::fread(to, 1, bytes, stdin) == bytes; }
bool write_values(const std::int32_t *values, std::size_t count) {
  return std::fwrite(values, sizeof(std::int32_t), count, stdout) == count;
}

/// Whether a front end has sent what its last stage gave of a frame.
bool sent_well(const rtl::simulation &sim, std::size_t frame) {
  if (rtl::design::PACKET_WORDS == 0) return true;
  const rtl::record &r = sim.records[rtl::design::OUTPUT_STAGE];
  const std::size_t size = rtl::design::stages[rtl::design::OUTPUT_STAGE].size();
  const std::int32_t *made = (r.given == nullptr ? r.values.data() : r.given->data()) + frame * size;
  return rtl::is_packet(sim.sent, frame * rtl::design::PACKET_WORDS,
                        rtl::packet_of(rtl::number_of(frame), rtl::USUAL_MODULE, 0, std::vector<std::uint16_t>(made, made + size)));
}

bool answer(const rtl::simulation &sim, std::size_t frame, std::size_t beats, bool every_stage) {
  const rtl::decision &d = sim.decisions[frame];
  const bool wrong = d.causes != 0 || d.upset || d.number != rtl::number_of(frame) || !sent_well(sim, frame);
  const std::int32_t words[5] = {d.score, static_cast<std::int32_t>(d.keep), static_cast<std::int32_t>(wrong),
                                 static_cast<std::int32_t>(sim.taken[(frame + 1) * beats - 1]),
                                 static_cast<std::int32_t>(d.cycle)};
  const auto stage = [&](int i) {
    const std::size_t size = rtl::design::stages[i].size();
    return write_values(sim.records[static_cast<std::size_t>(i)].values.data() + frame * size, size);
  };
  if (!stage(rtl::design::OUTPUT_STAGE) || !write_values(words, 5)) return false;
  for (int i = 0; every_stage && i < rtl::design::STAGES; ++i)
    if (!stage(i)) return false;
  return true;
}

bool serve(rtl::simulation &sim, std::uint32_t flags, std::size_t count, std::uint32_t seed) {
  std::vector<std::uint16_t> pixels(static_cast<std::size_t>(rtl::design::HEIGHT) * rtl::design::WIDTH);
  const std::size_t beats = rtl::beats_of(pixels.data(), 0).size();
  std::vector<std::int32_t> arrivals((flags & 4U) != 0 ? count * beats : 0);
  if (!read_exactly(arrivals.data(), arrivals.size() * sizeof(std::int32_t))) return false;
  std::vector<std::vector<std::int32_t>> given(rtl::design::STAGES);
  std::vector<rtl::beat> all;
  std::vector<std::int32_t> maps(rtl::maps_size());
  std::vector<rtl::maps_beat> sets;
  for (std::size_t f = 0; f < count; ++f) {
    if ((flags & 8U) != 0 && !read_exactly(maps.data(), maps.size() * sizeof(std::int32_t))) return false;
    const std::vector<rtl::maps_beat> set = rtl::maps_set(maps.data());
    sets.insert(sets.end(), set.begin(), set.end());
    if (!read_exactly(pixels.data(), pixels.size() * sizeof(std::uint16_t))) return false;
    const std::vector<rtl::beat> frame = rtl::beats_of(pixels.data(), f);
    all.insert(all.end(), frame.begin(), frame.end());
    for (int i = 0; (flags & 2U) != 0 && i < rtl::design::STAGES; ++i) {
      std::vector<std::int32_t> &values = given[static_cast<std::size_t>(i)];
      const std::size_t size = rtl::design::stages[i].size();
      values.resize((f + 1) * size);
      if (!read_exactly(values.data() + f * size, size * sizeof(std::int32_t))) return false;
    }
  }
  sim.reset();
  sim.add_maps(sets, 1);
  sim.drive((flags & 2U) != 0);
  for (std::size_t i = 0; (flags & 2U) != 0 && i < given.size(); ++i) sim.records[i].given = &given[i];
  rtl::run_options options;
  options.every_stage = (flags & 3U) != 0;
  options.seed = seed;
  if (!arrivals.empty()) options.arrivals = arrivals.data();
  if ((flags & 16U) != 0) options.stall_percent = 40;
  if (!sim.run(all, count, options)) {
    std::fprintf(stderr, "the firmware stands still: %zu of %zu decisions after %lld cycles\n", sim.decisions.size(),
                 count, static_cast<long long>(sim.cycle()));
    return false;
  }
  for (std::size_t f = 0; f < count; ++f)
    if (!answer(sim, f, beats, (flags & 1U) != 0)) return false;
  return std::fflush(stdout) == 0;
}

}  // namespace

int main(int argc, const char **argv) {
  rtl::simulation sim(argc, argv);
  std::uint32_t request[3];
  while (read_exactly(request, sizeof request))
    if (!serve(sim, request[0], request[1], request[2])) return 1;
  return 0;
}
