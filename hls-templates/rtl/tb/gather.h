// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// gather_modules in Verilator, cycle by cycle: beats of packets in, beats of frames out.
#ifndef VETOC_GATHER_RTL_H
#define VETOC_GATHER_RTL_H

#include <verilated.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "Vgather_modules.h"

namespace rtl {

/// A word on AXI4-Stream: TUSER as SsiPkg, TLAST with the last one.
struct gather_word {
  std::uint16_t data;
  unsigned keep, user;
  bool last;
};

/// As a beat of the HLS firmware.
template <typename BEAT>
BEAT beat_of(const gather_word &word) {
  BEAT beat;
  beat.data = word.data;
  beat.keep = word.keep;
  beat.strb = -1;
  beat.user = word.user;
  beat.last = word.last;
  return beat;
}

template <typename T>
bool bit_of(const T &port, int bit) { return (port >> bit & 1U) != 0; }
template <std::size_t N>
bool bit_of(const VlWide<N> &port, int bit) { return (port[bit / 32] >> (bit % 32) & 1U) != 0; }

class gather {
 public:
  gather() : dut_(new Vgather_modules(&context_)) {
    dut_->ap_rst_n = 0;
    dut_->patience = 0xffffffffU;
    for (int i = 0; i < 4; ++i) step(nullptr, false);
    dut_->ap_rst_n = 1;
    step(nullptr, false);
    frames.clear();
  }

  /// One cycle: `offered` is the word at the input, if any; `takes` whether a word of a frame would be taken. Whether the word was.
  bool step(const gather_word *offered, bool takes) {
    dut_->ap_clk = 0;
    dut_->modules_TVALID = offered != nullptr;
    if (offered != nullptr) {
      dut_->modules_TDATA = offered->data;
      dut_->modules_TKEEP = offered->keep;
      dut_->modules_TUSER = offered->user;
      dut_->modules_TLAST = offered->last;
    }
    dut_->frames_TREADY = takes;
    dut_->eval();
    const bool taken = offered != nullptr && dut_->modules_TREADY != 0;
    if (dut_->frames_TVALID && takes)
      frames.push_back({dut_->frames_TDATA, dut_->frames_TKEEP, dut_->frames_TUSER, dut_->frames_TLAST != 0});
    dut_->ap_clk = 1;
    dut_->eval();
    return taken;
  }

  Vgather_modules &module() { return *dut_; }
  bool misses(int module) const { return bit_of(dut_->missing, module); }
  std::vector<gather_word> frames;  // words that were taken

 private:
  VerilatedContext context_;
  std::unique_ptr<Vgather_modules> dut_;
};

}  // namespace rtl

#endif
