// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Runs the module in Verilator: beats in, decisions out with the cycle in which they came, every stage's words on the
// way. Cycle 0 is the first one after the reset.
#ifndef VETOC_SIMULATION_H
#define VETOC_SIMULATION_H

#include <verilated.h>

#include <cstdint>
#include <cstdio>
#include <deque>
#include <memory>
#include <vector>

#include "design.h"
#include "maps_beats.h"
#include "ports.h"
#include "sent_words.h"

namespace rtl {

struct beat {
  std::uint32_t data[design::PIXELS_PER_CLOCK / 2 + 1];
  std::uint32_t keep;
  std::uint32_t user;  // as SsiPkg: bit 1 with the first beat, bit 0 with a last one that is wrong
  bool last;
};

inline constexpr std::uint32_t all_bytes() { return static_cast<std::uint32_t>((std::uint64_t{1} << (2 * design::PIXELS_PER_CLOCK)) - 1); }

/// A number of 64 bits for each frame of a test: most of its bits differ from those of its neighbour's frame.
inline std::uint64_t number_of(std::uint64_t frame) { return design::HEADER_BEATS > 0 ? 0x0123456789abcdefU + frame : frame; }

/// `value` in the low bits of `count` beats, the lowest first.
inline void append_value(std::vector<beat> &beats, std::uint64_t value, int count) {
  for (int i = 0; i < count; ++i) {
    beat b = {};
    for (int l = 0; l < design::PIXELS_PER_CLOCK && l < 4; ++l, value >>= 16)
      b.data[l / 2] |= static_cast<std::uint32_t>(value & 0xffffU) << (16 * (l % 2));
    beats.push_back(b);
  }
}

/// CRC-32 of all bytes of `beats`, bit by bit.
inline std::uint32_t crc_of(const std::vector<beat> &beats) {
  std::uint32_t state = 0xffffffffU;
  for (const beat &b : beats)
    for (int i = 0; i < 16 * design::PIXELS_PER_CLOCK; ++i)
      state = (state >> 1) ^ ((state & 1U) != (b.data[i / 32] >> (i % 32) & 1U) ? 0xedb88320U : 0U);
  return ~state;
}

/// The packet of frame `frame`: the number where there is a header, each row from a fresh beat, the CRC where there is one.
inline std::vector<beat> beats_of(const std::uint16_t *pixels, std::uint64_t frame) {
  std::vector<beat> beats;
  append_value(beats, number_of(frame), design::HEADER_BEATS);
  for (int y = 0; y < design::HEIGHT; ++y)
    for (int x = 0; x < design::WIDTH; x += design::PIXELS_PER_CLOCK) {
      beat b = {};
      for (int l = 0; l < design::PIXELS_PER_CLOCK && x + l < design::WIDTH; ++l)
        b.data[l / 2] |= static_cast<std::uint32_t>(pixels[y * design::WIDTH + x + l]) << (16 * (l % 2));
      beats.push_back(b);
    }
  append_value(beats, design::TRAILER_BEATS > 0 ? crc_of(beats) : 0, design::TRAILER_BEATS);
  for (beat &b : beats) b.keep = all_bytes();
  beats.front().user = 2;
  beats.back().last = true;
  return beats;
}

/// A decision word and the cycle in which it was taken; the fields are those of registers.h.
struct decision {
  std::uint32_t words[8];
  std::uint64_t number;
  std::int32_t score;
  bool keep, upset;
  std::uint32_t causes, count;
  std::int64_t cycle;
};

inline decision decision_of(const std::uint32_t *w, std::int64_t cycle) {
  decision d = {};
  for (int i = 0; i < 8; ++i) d.words[i] = w[i];
  d.number = w[0] | static_cast<std::uint64_t>(w[1]) << 32;
  d.score = static_cast<std::int32_t>(w[2]);
  d.keep = (w[3] & 1U) != 0;
  d.upset = (w[3] >> 5 & 1U) != 0;
  d.causes = w[3] >> 16 & 255U;
  d.count = w[5];
  d.cycle = cycle;
  return d;
}

/// Values of one stage, frame after frame, as they come.
struct record {
  std::size_t word = 0;
  std::vector<std::int32_t> values;
  const std::vector<std::int32_t> *given = nullptr;  // what the readers get instead
};

struct run_options {
  const std::int32_t *arrivals = nullptr;  // the cycle in which each beat is offered; one a cycle unless given
  unsigned stall_percent = 0;              // of the cycles, in which nobody takes a decision, or a word that is sent
  unsigned maps_pause_percent = 0;         // of the cycles, in which no maps are offered
  std::uint32_t seed = 1;
  bool every_stage = false;                // else the output's alone
};

class simulation {
 public:
  explicit simulation(int argc = 0, const char **argv = nullptr) : records(design::STAGES) {
    context_.commandArgs(argc, argv);
    dut_.reset(new design::module(&context_));
    reset();
  }

  /// `waiting` are beats of a sender that goes on offering them while there is a reset; so many were taken.
  std::size_t reset(const std::vector<beat> &waiting = {}) {
    std::size_t at = 0;
    dut_->rst = 1;
    design::offer_maps(*dut_, false, nullptr, false);
    dut_->m_tready = 1;
    design::set_module(*dut_, USUAL_MODULE);
    design::take_features(*dut_, true);
    for (int i = 0; i < 4; ++i) {
      dut_->clk = 0;
      offer(at < waiting.size() ? &waiting[at] : nullptr);
      dut_->eval();
      if (at < waiting.size() && dut_->s_tready) ++at;
      dut_->clk = 1;
      dut_->eval();
    }
    dut_->rst = 0;
    cycle_ = 0;
    for (record &r : records) r = record();
    maps.clear();
    maps_pause = false;
    sent.clear();
    features_pause = false;
    return at;
  }

  /// Lets `count` sets of maps wait at the second stream.
  void add_maps(const std::vector<maps_beat> &set, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) maps.insert(maps.end(), set.begin(), set.end());
  }

  /// One cycle: `offered` is the beat at the input, if any; `takes` whether a decision would be taken. Whether the beat was.
  bool step(const beat *offered, bool takes, bool every_stage) {
    dut_->clk = 0;
    offer(offered);
    dut_->m_tready = takes;
    design::take_features(*dut_, !features_pause);
    const bool map = !maps.empty() && !maps_pause;
    design::offer_maps(*dut_, map, map ? maps.front().data : nullptr, map && maps.front().last);
    dut_->eval();
    const bool taken = offered != nullptr && dut_->s_tready != 0;
    if (map && design::takes_maps(*dut_)) {
      if (maps_go_round) maps.push_back(maps.front());
      maps.pop_front();
    }
    sent_word word;
    if (design::sends(*dut_, word) && !features_pause) sent.push_back(word);
    if (dut_->m_tvalid && takes) decisions.push_back(decision_of(&dut_->m_tdata[0], cycle_));
    if (driven_) {
      give();
      dut_->eval();
    }
    look(every_stage);
    dut_->clk = 1;
    dut_->eval();
    ++cycle_;
    return taken;
  }

  /// Sends `beats` and waits for `wanted` decisions; `taken` gets the cycle in which each beat was taken. False when
  /// nothing has happened for too long.
  bool run(const std::vector<beat> &beats, std::size_t wanted, const run_options &options) {
    std::size_t at = 0;
    std::uint32_t seed = options.seed;
    std::int64_t idle = 0;
    taken.clear();
    decisions.clear();
    sent.clear();
    // A decision may come before the last pixels have passed every stage.
    while (decisions.size() < wanted || at < beats.size() || (options.every_stage && !complete(wanted)) ||
           sent.size() < wanted * design::PACKET_WORDS) {
      seed = seed * 1664525U + 1013904223U;
      features_pause = (seed >> 4) % 100 < options.stall_percent;
      maps_pause = (seed >> 8) % 100 < options.maps_pause_percent;
      const bool offered = at < beats.size() && (options.arrivals == nullptr || options.arrivals[at] <= cycle_);
      const std::size_t before = decisions.size() + sent.size();
      const std::int64_t now = cycle_;
      ++idle;
      if (step(offered ? &beats[at] : nullptr, (seed >> 16) % 100 >= options.stall_percent, options.every_stage)) {
        taken.push_back(now);
        ++at;
        idle = 0;
      }
      if (decisions.size() + sent.size() > before) idle = 0;
      if (idle > patience()) return false;
    }
    return true;
  }

  /// Cycles without an event after which the module stands still.
  static std::int64_t patience() { return 64 * static_cast<std::int64_t>(design::HEIGHT) * design::WIDTH + 100000; }
  design::module &module() { return *dut_; }

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
  std::deque<maps_beat> maps;  // that wait at the second stream
  bool maps_go_round = false;  // as a memory that is read in a circle
  bool maps_pause = false;     // none is offered in this cycle
  std::vector<sent_word> sent;  // of a front end's packets, since the reset
  bool features_pause = false;  // none is taken in this cycle

 private:
  /// The beat at the input, if any.
  void offer(const beat *offered) {
    dut_->s_tvalid = offered != nullptr;
    if (offered == nullptr) return;
    put(dut_->s_tdata, offered->data);
    dut_->s_tkeep = offered->keep;
    dut_->s_tlast = offered->last;
    design::set_user(*dut_, offered->user);
  }

  /// Sets what the readers of the words of this cycle get.
  void give() {
    for (int i = 0; i < design::STAGES; ++i) {
      const probed_stage &stage = design::stages[i];
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
      const probed_stage &stage = design::stages[i];
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

}  // namespace rtl

#endif
