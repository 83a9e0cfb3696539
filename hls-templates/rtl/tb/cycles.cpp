// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Self-checking bench: the golden frames back to back, every value of every stage and the cycle of every decision; with
// gaps and stalls; resets in mid-frame; maps that are late or out of step. What the HLS bench does stands in hls/bench.cpp. Usage: cycles [golden folder].
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "simulation.h"

namespace {

template <typename T>
std::vector<T> load(const std::string &file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "%s cannot be read\n", file.c_str());
    std::exit(2);
  }
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<T> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t v = 0;
    for (std::size_t b = 0; b < sizeof(T); ++b) v |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i * sizeof(T) + b])) << (8 * b);
    values[i] = static_cast<T>(v);
  }
  return values;
}

struct golden {
  explicit golden(const std::string &folder)
      : pixels(load<std::uint16_t>(folder + "/frames.bin")),
        decisions(load<std::int32_t>(folder + "/decisions.bin")),
        cycles(load<std::int32_t>(folder + "/cycles.bin")) {
    if (rtl::design::MAPS > 0) set = rtl::maps_set(load<std::int32_t>(folder + "/maps.bin").data());
    for (const rtl::probed_stage &stage : rtl::design::stages)
      stages.push_back(load<std::int32_t>(folder + "/" + stage.name + ".bin"));
    if (rtl::design::PACKET_WORDS > 0) packets = load<std::uint16_t>(folder + "/packets.bin");
    for (std::size_t f = 0; f < count(); ++f) frames.push_back(rtl::beats_of(pixels.data() + f * frame_size, f));
  }
  static constexpr std::size_t frame_size = static_cast<std::size_t>(rtl::design::HEIGHT) * rtl::design::WIDTH;
  std::size_t count() const { return pixels.size() / frame_size; }
  bool is(const rtl::decision &d, std::size_t f) const {
    return d.causes == 0 && !d.upset && d.score == decisions[2 * f] && d.keep == (decisions[2 * f + 1] != 0);
  }
  /// Whether what was sent from word `at` on is the packet of frame `f`.
  bool sent(const rtl::simulation &sim, std::size_t at, std::size_t f) const {
    const std::uint16_t *own = packets.data() + f * rtl::design::PACKET_WORDS;
    return rtl::is_packet(sim.sent, at, std::vector<std::uint16_t>(own, own + rtl::design::PACKET_WORDS));
  }
  std::vector<std::uint16_t> pixels, packets;
  std::vector<std::int32_t> decisions, cycles;
  std::vector<std::vector<std::int32_t>> stages;
  std::vector<std::vector<rtl::beat>> frames;
  std::vector<rtl::maps_beat> set;  // of maps, the same for every frame
};

typedef std::vector<rtl::beat> beats;
void append(beats &to, const beats &from) { to.insert(to.end(), from.begin(), from.end()); }

/// Every golden frame; `check_cycles` where nothing comes late.
long whole_frames(rtl::simulation &sim, const golden &g, const rtl::run_options &options, bool check_cycles) {
  beats all;
  for (const beats &f : g.frames) append(all, f);
  sim.reset();
  sim.add_maps(g.set, g.count());
  if (!sim.run(all, g.count(), options)) return 1;
  long wrong = 0;
  for (std::size_t f = 0; f < g.count(); ++f) {
    if (!g.is(sim.decisions[f], f) || sim.decisions[f].count != f) ++wrong;
    if (!g.sent(sim, f * rtl::design::PACKET_WORDS, f)) {
      std::printf("frame %zu: another packet of features\n", f);
      ++wrong;
    }
    if (check_cycles && sim.decisions[f].cycle != g.cycles[f]) {
      std::printf("frame %zu: decided in cycle %lld, expected in %ld\n", f, static_cast<long long>(sim.decisions[f].cycle),
                  static_cast<long>(g.cycles[f]));
      ++wrong;
    }
  }
  if (sim.sent.size() != g.packets.size()) ++wrong;
  std::size_t values = 0;
  for (std::size_t i = 0; i < g.stages.size(); ++i) {
    const std::vector<std::int32_t> &found = sim.records[i].values;
    if (found.size() != g.stages[i].size()) ++wrong;
    for (std::size_t k = 0; k < found.size() && k < g.stages[i].size(); ++k, ++values)
      if (found[k] != g.stages[i][k] && wrong++ == 0)
        std::printf("%s: value %zu is %ld, expected %ld\n", rtl::design::stages[i].name, k, static_cast<long>(found[k]),
                    static_cast<long>(g.stages[i][k]));
  }
  std::printf("  %zu frames, %zu values, %ld wrong\n", g.count(), values, wrong);
  return wrong;
}

/// A reset at many places of a frame: the next frame is as if nothing had been, even where its beats wait in the reset already.
long resets(rtl::simulation &sim, const golden &g) {
  long wrong = 0;
  rtl::run_options options;
  const std::size_t n = g.frames[0].size();
  const std::size_t places[] = {1, n / 4 + 1, n / 2, n - n / 8, n};
  for (const std::size_t place : places) {
    sim.reset();
    sim.add_maps(g.set, 1);
    sim.run(beats(g.frames[0].begin(), g.frames[0].begin() + static_cast<std::ptrdiff_t>(place)), 0, options);
    for (const bool waits : {false, true}) {
      const beats &next = g.frames[1 % g.count()];
      const std::size_t taken = sim.reset(waits ? next : beats());
      sim.add_maps(g.set, 1);
      if (!sim.run(beats(next.begin() + static_cast<std::ptrdiff_t>(taken), next.end()), 1, options) ||
          !g.is(sim.decisions[0], 1 % g.count()) || sim.decisions[0].count != 0 || !g.sent(sim, 0, 1 % g.count()))
        ++wrong;
    }
  }
  std::printf("  %zu resets in mid-frame, %ld wrong\n", sizeof places / sizeof places[0], wrong);
  return wrong;
}

/// Maps that are late hold up the frame; those that are out of step are flagged, and the next frame is right.
long late_maps(rtl::simulation &sim, const golden &g) {
  long wrong = 0;
  const std::size_t second = 1 % g.count();
  rtl::run_options options;
  sim.reset();
  sim.decisions.clear();
  std::size_t at = 0;
  for (std::size_t i = 0; i < 2 * g.frames[0].size() + 10000; ++i)
    if (sim.step(at < g.frames[0].size() ? &g.frames[0][at] : nullptr, true, false)) ++at;
  if (!sim.decisions.empty()) ++wrong;
  sim.add_maps(g.set, 1);
  if (!sim.run(beats(g.frames[0].begin() + static_cast<std::ptrdiff_t>(at), g.frames[0].end()), 1, options) ||
      !g.is(sim.decisions[0], 0))
    ++wrong;
  const std::size_t places[] = {1, g.set.size() / 2, g.set.size() - 1};
  for (const std::size_t place : places) {
    sim.reset();
    sim.add_maps(std::vector<rtl::maps_beat>(g.set.begin() + static_cast<std::ptrdiff_t>(place), g.set.end()), 1);
    sim.add_maps(g.set, 1);
    beats both = g.frames[0];
    append(both, g.frames[second]);
    if (!sim.run(both, 2, options) || !sim.decisions[0].keep || !sim.decisions[0].upset || sim.decisions[0].causes != 0 ||
        sim.decisions[1].upset || !g.is(sim.decisions[1], second))
      ++wrong;
  }
  std::printf("  maps that come late, and %zu that are out of step, %ld wrong\n", sizeof places / sizeof places[0], wrong);
  return wrong;
}

/// A detector that cannot wait, and decisions that nobody takes for a while: all the time, or but for a moment now and then
/// (`moments`), so that there is room again in the middle of a packet. Every packet has one answer, what was lost is flagged,
/// and the frame behind is right.
long overflows(rtl::simulation &sim, const golden &g, bool moments) {
  static constexpr std::size_t packets = 64;
  sim.reset();
  sim.add_maps(g.set, 1);
  sim.maps_go_round = true;
  sim.decisions.clear();
  long wrong = 0;
  std::uint32_t seed = 1;
  for (std::size_t p = 0; p < packets; ++p)
    for (const rtl::beat &b : rtl::beats_of(g.pixels.data() + p % g.count() * golden::frame_size, p)) {
      seed = seed * 1664525U + 1013904223U;
      if (!sim.step(&b, moments && (seed >> 16) % golden::frame_size == 0, false)) ++wrong;
    }
  std::size_t seen = 0;
  for (int idle = 0; idle < 20000; ++idle) {
    sim.step(nullptr, true, false);
    if (sim.decisions.size() > seen) idle = 0;
    seen = sim.decisions.size();
  }
  std::vector<rtl::decision> all = sim.decisions;
  rtl::run_options options;
  const std::size_t missing = all.size() > packets ? 1 : packets + 1 - all.size();
  const bool finished = sim.run(rtl::beats_of(g.pixels.data(), packets), missing, options);
  sim.maps_go_round = false;
  if (!finished) return wrong + 1;
  all.insert(all.end(), sim.decisions.begin(), sim.decisions.end());
  if (all.size() != packets + 1) return wrong + 1;
  std::size_t lost = 0;
  for (std::size_t a = 0; a < all.size(); ++a) {
    const rtl::decision &d = all[a];
    const bool last = a == packets;
    if ((d.causes & 0x80U) != 0) {
      ++lost;
      if (!d.keep || last) ++wrong;
    } else if (d.number != rtl::number_of(a) || !g.is(d, last ? 0 : a % g.count())) {
      ++wrong;
    }
  }
  if (lost == 0) ++wrong;
  std::printf("  %zu packets of which %zu found no room, %ld wrong\n", packets, lost, wrong);
  return wrong;
}

}  // namespace

int main(int argc, char **argv) {
  const golden g(argc > 1 ? argv[1] : "golden");
  rtl::simulation sim;
  rtl::run_options options;
  options.every_stage = true;
  long wrong = 0;
  std::printf("back to back, decisions to the cycle\n");
  wrong += whole_frames(sim, g, options, true);
  std::vector<std::int32_t> arrivals;
  std::uint32_t seed = 1;
  std::int32_t time = 0;
  for (std::size_t i = 0; i < g.count() * g.frames[0].size(); ++i) {
    seed = seed * 1664525U + 1013904223U;
    arrivals.push_back(time);
    time += 1 + ((seed >> 20) % 16 == 0 ? static_cast<std::int32_t>((seed >> 8) % 64) : 0);
  }
  options.arrivals = arrivals.data();
  options.stall_percent = 60;
  options.maps_pause_percent = 50;
  std::printf("with gaps and stalls\n");
  wrong += whole_frames(sim, g, options, false);
  std::printf("resets\n");
  wrong += resets(sim, g);
  if (rtl::design::MAPS > 0) wrong += late_maps(sim, g);
  if (rtl::design::DROPS) wrong += overflows(sim, g, false) + overflows(sim, g, true);
  std::printf("%s: %ld differences\n", wrong == 0 ? "PASS" : "FAIL", wrong);
  return wrong == 0 ? 0 : 1;
}
