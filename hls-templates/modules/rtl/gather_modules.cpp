// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The function gather_modules of the HLS firmware, with the module in Verilator behind it: the bench of all parts
// (hls/assembly.cpp) drives the RTL, too. As there, a call takes the packets that wait, or lets time pass.
#include "gather_modules.h"

#include "../gather.h"

void gather_modules(hls::stream<module_beat> &modules, hls::stream<module_beat> &frames, ap_uint<32> patience,
                    ap_uint<32> &taken, ap_uint<32> &refused, ap_uint<32> &repeated, ap_uint<32> &late,
                    ap_uint<32> &incomplete, ap_uint<gather_config::MODULES> &missing) {
  static rtl::gather dut;
  // Cycles of a call: longer than a packet and all frames that it may send on their way.
  constexpr std::uint32_t PACKET = gather_config::NUMBER_WORDS + gather_config::WORDS + 2;
  constexpr std::uint32_t FRAME = gather_config::NUMBER_WORDS + gather_config::MODULES * gather_config::FEATURES;
  constexpr std::uint32_t CALL = 2 * PACKET + (gather_config::FRAMES + 1) * (FRAME + 16) + 64;
  dut.module().patience = patience.to_uint() * CALL;
  std::vector<rtl::gather_word> offered;
  while (!modules.empty()) {
    const module_beat beat = modules.read();
    offered.push_back({static_cast<std::uint16_t>(beat.data.to_uint()), beat.keep.to_uint(), beat.user.to_uint(), beat.last == 1});
  }
  std::size_t at = 0;
  for (std::uint32_t cycle = 0; cycle < CALL || at < offered.size(); ++cycle)
    if (dut.step(at < offered.size() ? &offered[at] : nullptr, true)) ++at;
  for (const rtl::gather_word &word : dut.frames) frames.write(rtl::beat_of<module_beat>(word));
  dut.frames.clear();
  taken = dut.module().taken;
  refused = dut.module().refused;
  repeated = dut.module().repeated;
  late = dut.module().late;
  incomplete = dut.module().incomplete;
  for (int m = 0; m < gather_config::MODULES; ++m) missing.range(m, m) = ap_uint<1>(dut.misses(m) ? 1U : 0U);
}
