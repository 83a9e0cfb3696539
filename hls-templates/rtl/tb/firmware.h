// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The module in Verilator behind the top function of the HLS firmware, so that its bench (hls/bench.cpp) drives the RTL, too.
// As there, a call is one answer; the cycles go on from call to call.
#ifndef VETOC_FIRMWARE_H
#define VETOC_FIRMWARE_H

#include <cstdlib>
#include <deque>
#include <functional>
#include <type_traits>

#include "hls/probe.h"
#include "simulation.h"
#include "vetoc/state.h"

namespace rtl {

template <typename BEAT>
std::uint32_t user_of(const BEAT &b, std::true_type /*ssi*/) {
  return b.user.to_uint();
}
template <typename BEAT>
std::uint32_t user_of(const BEAT & /*b*/, std::false_type /*ssi*/) {
  return 0;
}

class firmware {
 public:
  static firmware &instance() {
    static firmware f;
    return f;
  }
  design::module &module() { return sim_.module(); }

  /// Takes one image that waits in `weights`, or the part of one, as C simulation does before each frame: the frame after a whole
  /// one is the first with them.
  template <typename BEAT>
  void load(hls::stream<BEAT> &weights) {
    bool last = weights.empty();
    while (!last && !weights.empty()) {
      const BEAT b = weights.read();
      last = b.last == 1;
      for (int i = 0; !design::offer_weight(module(), true, ap_uint<32>(b.data).to_uint(), b.keep.to_uint(), last); ++i) {
        if (i > 1000) return;
        step(false, false);
      }
      step(false, false);
      design::offer_weight(module(), false, 0, 0, false);
      for (int i = 0; last && i < 16; ++i) step(false, false);
    }
  }

  /// Where the second stream is read from: a set of maps for each frame that brings pixels, as soon as it does.
  template <typename SOURCE>
  void read_maps(const SOURCE &source) {
    next_maps_ = [source] {
      std::vector<maps_beat> set;
      do {
        const auto from = source().read();
        maps_beat b = {};
        for (int i = 0; i < design::MAPS_BITS; ++i) b.data[i / 32] |= static_cast<std::uint32_t>(from.data.test(i)) << (i % 32);
        b.last = from.last == 1;
        set.push_back(b);
      } while (!set.back().last);
      return set;
    };
  }

  /// The packet of the frame that was decided last, and the module that a front end is told to be.
  template <typename BEAT>
  void take_features(hls::stream<BEAT> &features) {
    while (!packet_complete()) step(false, false);
    bool last = false;
    while (!last) {
      const sent_word word = sim_.sent.front();
      sim_.sent.erase(sim_.sent.begin());
      last = word.last;
      BEAT beat;
      beat.data = word.data;
      beat.keep = -1;
      beat.strb = -1;
      beat.user = word.user;
      beat.last = word.last;
      features.write(beat);
    }
  }
  void be_module(unsigned number) { design::set_module(module(), number); }

  /// Takes what waits in `frames` and goes on until the next decision is there.
  template <typename BEAT, typename DECISION>
  void call(hls::stream<BEAT> &frames, hls::stream<DECISION> &decisions) {
    while (!frames.empty()) waiting_.push_back(beat_of(frames.read()));
    const bool all = vetoc::probes::instance().all;
    for (record &r : sim_.records) r = record();
    sim_.decisions.clear();
    for (std::int64_t idle = 0; sim_.decisions.empty(); ++idle) {
      if (step(all, true)) idle = 0;
      if (idle > simulation::patience()) {
        std::fprintf(stderr, "the firmware stands still: %zu beats wait\n", waiting_.size());
        std::exit(1);
      }
    }
    // A decision may come before the last pixels have passed every stage.
    for (int i = 0; all && !settled(); ++i) {
      if (i > simulation::patience()) break;
      step(all, false);
    }
    DECISION answer;
    for (int w = 0; w < 8; ++w) answer.data.range(32 * w + 31, 32 * w) = ap_uint<32>(sim_.decisions.front().words[w]);
    decisions.write(answer);
    for (int i = 0; i < design::STAGES; ++i)
      vetoc::probes::instance().seen[design::stages[i].name] = sim_.records[static_cast<std::size_t>(i)].values;
  }

#ifdef VETOC_UPSETS
  /// What `vetoc_upset` (upsets.sv) says.
  static int *upset() {
    static int now[4] = {-1, 0, 0, 0};
    return now;
  }
  /// Puts a memory on the list of those whose bits may be flipped: `rows` of `bits`, in so many copies.
  static void watch(const char *name, int id, std::size_t rows, int bits, std::size_t copies) {
    vetoc::memories().push_back({name, rows * copies, bits, 1, [id, rows](std::size_t entry, int bit) {
                                   const int which[4] = {id, static_cast<int>(entry % rows), bit, static_cast<int>(entry / rows)};
                                   for (int i = 0; i < 4; ++i) upset()[i] = which[i];
                                   instance().step(false, false);
                                   upset()[0] = -1;
                                 }});
  }
  /// Puts a memory on the list of those that correct single flips.
  static void corrects(const char *name, int id, std::size_t words, int bits) {
    vetoc::corrected_memories().push_back({name, words, bits, 1, [id](std::size_t word, int bit) {
                             const int which[4] = {id, static_cast<int>(word), bit, 0};
                             for (int i = 0; i < 4; ++i) instance().next_[i] = which[i];
                             instance().until_ = vetoc::flip_after();
                           }});
  }
#endif

 private:
  firmware() {
    vetoc::resets().push_back([this] {
      sim_.reset();
      words_ = 0;
    });
  }

  template <typename BEAT>
  static beat beat_of(const BEAT &from) {
    beat b = {};
    for (int l = 0; l < design::PIXELS_PER_CLOCK; ++l)
      b.data[l / 2] |= ap_uint<16>(from.data.range(16 * l + 15, 16 * l)).to_uint() << (16 * (l % 2));
    for (int k = 0; k < 2 * design::PIXELS_PER_CLOCK; ++k) b.keep |= static_cast<std::uint32_t>(from.keep.test(k)) << k;
    b.user = user_of(from, std::integral_constant<bool, design::SSI>());
    b.last = from.last == 1;
    return b;
  }

  bool step(bool all, bool takes) {
#ifdef VETOC_UPSETS
    if (until_ >= 0) {
      for (int i = 0; i < 4; ++i) upset()[i] = next_[i];
      if (until_ > 0) upset()[0] = -1;
      // From the cycle after the flip on there is none.
      --until_;
    } else if (next_[0] >= 0) {
      next_[0] = upset()[0] = -1;
    }
#endif
    const bool taken = sim_.step(waiting_.empty() ? nullptr : &waiting_.front(), takes, all);
    if (taken) waiting_.pop_front();
    if (next_maps_ && (module().probe_we >> design::INPUT_STAGE & 1U) && words_++ % design::stages[design::INPUT_STAGE].words() == 0)
      sim_.add_maps(next_maps_(), 1);
    return taken;
  }

  bool packet_complete() const {
    for (const sent_word &word : sim_.sent)
      if (word.last) return true;
    return false;
  }

  /// Whether every stage is between two frames.
  bool settled() const {
    for (int i = 0; i < design::STAGES; ++i)
      if (sim_.records[static_cast<std::size_t>(i)].word % design::stages[i].words() != 0) return false;
    return true;
  }

#ifdef VETOC_UPSETS
  int next_[4] = {-1, 0, 0, 0};
  long until_ = -1;
#endif
  simulation sim_;
  std::deque<beat> waiting_;
  std::function<std::vector<maps_beat>()> next_maps_;
  std::size_t words_ = 0;  // of the frames, since the reset
};

}  // namespace rtl

#ifdef VETOC_UPSETS
extern "C" int vetoc_upset(int what) { return rtl::firmware::upset()[what]; }
#endif

#endif
