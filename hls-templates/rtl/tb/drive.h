// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Runs the module in Verilator: beats in, decisions out with the cycle in which they came, every stage's words on the
// way. Cycle 0 is the first one after the reset.
#ifndef VETOC_DRIVE_H
#define VETOC_DRIVE_H

#include <verilated.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "design.h"

namespace vetoc {

struct beat {
  std::uint32_t data[design::PIXELS_PER_CLOCK / 2 + 1];
  std::uint32_t keep;
  bool last;
};

inline constexpr std::uint32_t all_bytes() { return static_cast<std::uint32_t>((std::uint64_t{1} << (2 * design::PIXELS_PER_CLOCK)) - 1); }

/// The beats of a frame: each row starts with a fresh one.
inline std::vector<beat> beats_of(const std::uint16_t *pixels) {
  std::vector<beat> beats;
  for (int y = 0; y < design::HEIGHT; ++y)
    for (int x = 0; x < design::WIDTH; x += design::PIXELS_PER_CLOCK) {
      beat b = {};
      b.keep = all_bytes();
      for (int l = 0; l < design::PIXELS_PER_CLOCK && x + l < design::WIDTH; ++l)
        b.data[l / 2] |= static_cast<std::uint32_t>(pixels[y * design::WIDTH + x + l]) << (16 * (l % 2));
      b.last = y == design::HEIGHT - 1 && x + design::PIXELS_PER_CLOCK >= design::WIDTH;
      beats.push_back(b);
    }
  return beats;
}

struct decision {
  std::uint32_t frame;
  std::int32_t score;
  std::uint32_t keep, malformed;
  std::int64_t cycle;
};

/// Values of one stage, frame after frame, as they come.
struct record {
  std::size_t word = 0;
  std::vector<std::int32_t> values;
  const std::vector<std::int32_t> *given = nullptr;  // what the readers get instead
};

struct run_options {
  const std::int32_t *arrivals = nullptr;  // the cycle in which each beat is offered; one a cycle unless given
  unsigned stall_percent = 0;              // of the cycles, in which nobody takes a decision
  std::uint32_t seed = 1;
  bool every_stage = false;                // else the output's alone
};

template <typename T>
void put(T &port, const std::uint32_t *words) { port = static_cast<T>(words[0]); }
inline void put(QData &port, const std::uint32_t *words) { port = words[0] | (static_cast<QData>(words[1]) << 32); }
template <std::size_t N>
void put(VlWide<N> &port, const std::uint32_t *words) { for (std::size_t i = 0; i < N; ++i) port[i] = words[i]; }

class simulation {
 public:
  explicit simulation(int argc = 0, const char **argv = nullptr) : records(design::STAGES) {
    context_.commandArgs(argc, argv);
    dut_.reset(new design::module(&context_));
    reset();
  }

  void reset() {
    dut_->rst = 1;
    dut_->s_tvalid = 0;
    dut_->m_tready = 1;
    for (int i = 0; i < 4; ++i) {
      dut_->clk = 0;
      dut_->eval();
      dut_->clk = 1;
      dut_->eval();
    }
    dut_->rst = 0;
    cycle_ = 0;
    for (record &r : records) r = record();
  }

  /// Sends `beats` and waits for `wanted` decisions; `taken` gets the cycle in which each beat was taken. False when
  /// nothing has happened for too long.
  bool run(const std::vector<beat> &beats, std::size_t wanted, const run_options &options) {
    std::size_t at = 0;
    std::uint32_t seed = options.seed;
    std::int64_t idle = 0;
    taken.clear();
    decisions.clear();
    const std::int64_t patience = 64 * static_cast<std::int64_t>(design::HEIGHT) * design::WIDTH + 100000;
    // A decision may come before the last pixels have passed every stage.
    while (decisions.size() < wanted || at < beats.size() || (options.every_stage && !complete(wanted))) {
      seed = seed * 1664525U + 1013904223U;
      dut_->clk = 0;
      const bool offered = at < beats.size() && (options.arrivals == nullptr || options.arrivals[at] <= cycle_);
      dut_->s_tvalid = offered;
      if (offered) {
        put(dut_->s_tdata, beats[at].data);
        dut_->s_tkeep = beats[at].keep;
        dut_->s_tlast = beats[at].last;
      }
      dut_->m_tready = (seed >> 16) % 100 >= options.stall_percent;
      dut_->eval();
      ++idle;
      if (offered && dut_->s_tready) {
        taken.push_back(cycle_);
        ++at;
        idle = 0;
      }
      if (dut_->m_tvalid && dut_->m_tready) {
        const auto &d = dut_->m_tdata;
        decisions.push_back({d[0], static_cast<std::int32_t>(d[1]), d[2] & 1U, d[2] >> 1 & 1U, cycle_});
        idle = 0;
      }
      if (driven_) {
        give();
        dut_->eval();
      }
      look(options.every_stage);
      dut_->clk = 1;
      dut_->eval();
      ++cycle_;
      if (idle > patience) return false;
    }
    return true;
  }

  /// Whether every stage has shown all words of so many frames.
  bool complete(std::size_t frames) const {
    for (int i = 0; i < design::STAGES; ++i)
      if (records[static_cast<std::size_t>(i)].word < frames * design::stages[i].words()) return false;
    return true;
  }

  /// Readers get what their records are `given`.
  void drive(bool on) {
    driven_ = on;
    dut_->drive = on;
  }
  std::int64_t cycle() const { return cycle_; }

  std::vector<record> records;
  std::vector<decision> decisions;
  std::vector<std::int64_t> taken;

 private:
  /// Sets what the readers of the words of this cycle get.
  void give() {
    for (int i = 0; i < design::STAGES; ++i) {
      const stage_info &stage = design::stages[i];
      const record &r = records[static_cast<std::size_t>(i)];
      if (!(dut_->probe_we >> i & 1U) || r.given == nullptr) continue;
      const std::size_t frame = r.word / stage.words();
      for (int l = 0; l < stage.lanes; ++l) {
        const std::size_t place = stage.place(r.word % stage.words(), static_cast<std::size_t>(l));
        if (place < stage.size())
          set_field(&dut_->given[0], stage.low + l * stage.bits, stage.bits, (*r.given)[frame * stage.size() + place]);
      }
    }
  }

  /// Takes down the words of this cycle.
  void look(bool every_stage) {
    const int first = every_stage ? 0 : design::OUTPUT_STAGE;
    const int end = every_stage ? design::STAGES : design::OUTPUT_STAGE + 1;
    for (int i = first; i < end; ++i) {
      if (!(dut_->probe_we >> i & 1U)) continue;
      const stage_info &stage = design::stages[i];
      record &r = records[static_cast<std::size_t>(i)];
      const std::size_t frame = r.word / stage.words();
      const std::size_t word = r.word % stage.words();
      ++r.word;
      if (r.values.size() < (frame + 1) * stage.size()) r.values.resize((frame + 1) * stage.size());
      // A stage that only renames a stream is seen behind what the readers of the stream are given.
      const std::vector<std::int32_t> *before =
          stage.before < 0 ? nullptr : records[static_cast<std::size_t>(stage.before)].given;
      for (int l = 0; l < stage.lanes; ++l) {
        const std::size_t place = stage.place(word, static_cast<std::size_t>(l));
        if (place == stage.size()) continue;
        const std::size_t to = frame * stage.size() + place;
        r.values[to] = before != nullptr
                           ? (*before)[to]
                           : static_cast<std::int32_t>(get_field(&dut_->probe_d[0], stage.low + l * stage.bits,
                                                                 stage.bits, stage.is_signed));
      }
    }
  }

  VerilatedContext context_;
  std::unique_ptr<design::module> dut_;
  std::int64_t cycle_ = 0;
  bool driven_ = false;
};

}  // namespace vetoc

#endif
