// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Self-checking bench: the golden frames back to back, every value of every stage and the cycle of every decision; with
// gaps and stalls; malformed frames among good ones; resets in mid-frame. Usage: bench [golden folder].
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "drive.h"

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
    for (const vetoc::stage_info &stage : design::stages)
      stages.push_back(load<std::int32_t>(folder + "/" + stage.name + ".bin"));
    for (std::size_t f = 0; f < count(); ++f) frames.push_back(vetoc::beats_of(pixels.data() + f * frame_size));
  }
  static constexpr std::size_t frame_size = static_cast<std::size_t>(design::HEIGHT) * design::WIDTH;
  std::size_t count() const { return pixels.size() / frame_size; }
  bool is(const vetoc::decision &d, std::size_t f) const {
    return d.malformed == 0 && d.score == decisions[2 * f] && d.keep == static_cast<std::uint32_t>(decisions[2 * f + 1]);
  }
  std::vector<std::uint16_t> pixels;
  std::vector<std::int32_t> decisions, cycles;
  std::vector<std::vector<std::int32_t>> stages;
  std::vector<std::vector<vetoc::beat>> frames;
};

typedef std::vector<vetoc::beat> beats;
void append(beats &to, const beats &from) { to.insert(to.end(), from.begin(), from.end()); }

/// Every golden frame; `check_cycles` where nothing comes late.
long whole_frames(vetoc::simulation &sim, const golden &g, const vetoc::run_options &options, bool check_cycles) {
  beats all;
  for (const beats &f : g.frames) append(all, f);
  sim.reset();
  if (!sim.run(all, g.count(), options)) return 1;
  long wrong = 0;
  for (std::size_t f = 0; f < g.count(); ++f) {
    if (!g.is(sim.decisions[f], f) || sim.decisions[f].frame != f) ++wrong;
    if (check_cycles && sim.decisions[f].cycle != g.cycles[f]) {
      std::printf("frame %zu: decided in cycle %lld, expected in %ld\n", f, static_cast<long long>(sim.decisions[f].cycle),
                  static_cast<long>(g.cycles[f]));
      ++wrong;
    }
  }
  std::size_t values = 0;
  for (std::size_t i = 0; i < g.stages.size(); ++i) {
    const std::vector<std::int32_t> &found = sim.records[i].values;
    if (found.size() != g.stages[i].size()) ++wrong;
    for (std::size_t k = 0; k < found.size() && k < g.stages[i].size(); ++k, ++values)
      if (found[k] != g.stages[i][k] && wrong++ == 0)
        std::printf("%s: value %zu is %ld, expected %ld\n", design::stages[i].name, k, static_cast<long>(found[k]),
                    static_cast<long>(g.stages[i][k]));
  }
  std::printf("  %zu frames, %zu values, %ld wrong\n", g.count(), values, wrong);
  return wrong;
}

/// Malformed frames, each followed by a good one.
long malformed_frames(vetoc::simulation &sim, const golden &g) {
  const beats &good = g.frames[0];
  const std::size_t n = good.size();
  const auto cut = [&](std::size_t length) {
    beats b(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
    b.back().last = true;
    return b;
  };
  const auto longer = [&](std::size_t more) {
    beats b = good;
    b.back().last = false;
    for (std::size_t i = 0; i < more; ++i) b.push_back(good[i % n]);
    b.back().last = true;
    for (std::size_t i = 0; i + 1 < b.size(); ++i) b[i].last = false;
    return b;
  };
  beats byte = good;
  byte[n / 2].keep &= ~std::uint32_t{1};
  std::vector<beats> cases = {longer(1), longer(n / 2), longer(3 * n), byte};
  if (n > 1) {
    cases.push_back(cut(1));
    cases.push_back(cut(n / 2));
    cases.push_back(cut(n - 1));
  }
  beats all;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    append(all, cases[i]);
    append(all, g.frames[i % g.count()]);
  }
  sim.reset();
  vetoc::run_options options;
  options.stall_percent = 20;
  if (!sim.run(all, 2 * cases.size(), options)) return 1;
  long wrong = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const vetoc::decision &bad = sim.decisions[2 * i];
    if (bad.malformed != 1 || bad.keep != 1) ++wrong;
    if (!g.is(sim.decisions[2 * i + 1], i % g.count())) ++wrong;
  }
  std::printf("  %zu malformed frames, %ld wrong\n", cases.size(), wrong);
  return wrong;
}

/// A reset at many places of a frame: the next frame is as if nothing had been.
long resets(vetoc::simulation &sim, const golden &g) {
  long wrong = 0;
  vetoc::run_options options;
  const std::size_t n = g.frames[0].size();
  const std::size_t places[] = {1, n / 4 + 1, n / 2, n - n / 8, n};
  for (const std::size_t place : places) {
    sim.reset();
    sim.run(beats(g.frames[0].begin(), g.frames[0].begin() + static_cast<std::ptrdiff_t>(place)), 0, options);
    sim.reset();
    if (!sim.run(g.frames[1 % g.count()], 1, options) || !g.is(sim.decisions[0], 1 % g.count()) ||
        sim.decisions[0].frame != 0)
      ++wrong;
  }
  std::printf("  %zu resets in mid-frame, %ld wrong\n", sizeof places / sizeof places[0], wrong);
  return wrong;
}

}  // namespace

int main(int argc, char **argv) {
  const golden g(argc > 1 ? argv[1] : "golden");
  vetoc::simulation sim;
  vetoc::run_options options;
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
  std::printf("with gaps and stalls\n");
  wrong += whole_frames(sim, g, options, false);
  std::printf("malformed frames and resets\n");
  wrong += malformed_frames(sim, g);
  wrong += resets(sim, g);
  std::printf("%s: %ld differences\n", wrong == 0 ? "PASS" : "FAIL", wrong);
  return wrong == 0 ? 0 : 1;
}
