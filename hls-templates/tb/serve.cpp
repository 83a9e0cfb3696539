// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The C simulation as a server for vetoc's verification: requests on stdin, answers on stdout, little-endian.
// Request: u32 flags (bit 0: every stage answers; bit 1: every stage is driven alone; bit 2: frames have numbers and a
// prescale; bit 3: maps come with each frame), u32 number of frames, the frames.
// A frame: with bit 2 the words of numbered.h; with bit 3 the values of every map (i32 each); u16 pixels and, with bit 1, what the readers of each stage get in its place (i32 each, in the stages' order).
// Answer per frame: the logits (i32 each), i32 score, u32 keep, u32 malformed, with bit 2 the facts of numbered.h and, with bit 0, what each stage computed
// (i32 each).
#include <cstdio>

#include "numbered.h"

namespace {

bool read_exactly(void *to, std::size_t bytes) { return std::fread(to, 1, bytes, stdin) == bytes; }
bool write_all(const void *from, std::size_t bytes) { return std::fwrite(from, 1, bytes, stdout) == bytes; }
bool write_values(const std::vector<std::int32_t> &values) {
  return write_all(values.data(), values.size() * sizeof(std::int32_t));
}

/// Reads what the readers of every stage are given.
bool read_given() {
  for (const vetoc::stage_info &stage : design::stages) {
    vetoc::given &readers = vetoc::probes::instance().readers[stage.name];
    readers.rows = static_cast<std::size_t>(stage.height);
    readers.values.resize(size_of(stage));
    if (!read_exactly(readers.values.data(), readers.values.size() * sizeof(std::int32_t))) return false;
  }
  return true;
}

/// Reads the maps of a frame.
bool read_maps() {
#if defined(VETOC_MAPS)
  std::vector<std::int32_t> &values = vetoc::maps_in_memory();
  values.resize(vetoc::maps_size());
  return read_exactly(values.data(), values.size() * sizeof(std::int32_t));
#else
  return false;
#endif
}

bool answer(const std::uint16_t *pixels, bool every_stage, const vetoc::numbered *asked, vetoc::registers &registers) {
  hls::stream<design::pixel_beat> frames("frames");
  hls::stream<vetoc::decision_beat> decisions("decisions");
  vetoc::send(frames, vetoc::beats_of(pixels, asked == nullptr ? 0 : asked->number()));
  vetoc::run(frames, decisions, registers);
  const vetoc::decision d = vetoc::take(decisions);
  const std::int32_t words[3] = {d.score, d.keep, d.malformed};
  if (!write_values(vetoc::stage_values(design::stages[design::OUTPUT_STAGE])) || !write_all(words, sizeof words))
    return false;
  if (asked != nullptr) {
    const std::array<std::int32_t, 4> facts = vetoc::numbered::facts(d);
    if (!write_all(facts.data(), sizeof facts)) return false;
  }
  if (every_stage)
    for (const vetoc::stage_info &stage : design::stages)
      if (!write_values(vetoc::stage_values(stage))) return false;
  return std::fflush(stdout) == 0;
}

}  // namespace

int main() {
  std::vector<std::uint16_t> pixels(static_cast<std::size_t>(design::HEIGHT) * design::WIDTH);
  vetoc::registers registers;
  vetoc::probes::instance().output = design::stages[design::OUTPUT_STAGE].name;
  std::uint32_t request[2];
  while (read_exactly(request, sizeof request)) {
    const bool driven = (request[0] & 2U) != 0;
    const bool has_number = (request[0] & 4U) != 0;
    const bool has_maps = (request[0] & 8U) != 0;
    vetoc::probes::instance().all = (request[0] & 1U) != 0;
    vetoc::probes::instance().readers.clear();
    vetoc::numbered asked = {};
    for (std::uint32_t i = 0; i < request[1]; ++i) {
      if (has_number && !read_exactly(asked.words, sizeof asked.words)) return 1;
      asked.set(registers);
      if (has_maps && !read_maps()) return 1;
      if (!read_exactly(pixels.data(), pixels.size() * sizeof(std::uint16_t)) || (driven && !read_given()) ||
          !answer(pixels.data(), vetoc::probes::instance().all, has_number ? &asked : nullptr, registers))
        return 1;
    }
  }
  return 0;
}
