// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Test only: packets through vetoc_prescale alone. A question is number 31..0, number 63..32, N, key (u32 each); an answer one
// u32: bit 0 chosen, bit 1 refused, and the cycles that it took from bit 8 on.
#include <verilated.h>

#include <cstdint>
#include <cstdio>

#include "Vvetoc_prescale.h"
#include "clock.h"

int main() {
  Vvetoc_prescale dut;
  dut.clk = 0;
  dut.rst = 1;
  dut.valid = 0;
  for (int i = 0; i < 3; ++i) clock(dut);
  dut.rst = 0;
  dut.ok = 1;
  std::uint32_t words[4];
  while (std::fread(words, 4, 4, stdin) == 4) {
    dut.q[0] = words[0];
    dut.q[1] = words[1];
    dut.prescale = words[2];
    dut.prescale_key = words[3];
    dut.valid = 1;
    clock(dut);
    dut.valid = 0;
    // The setting counts when the packet is taken.
    dut.prescale = 0;
    std::uint32_t cycles = 1;
    while (!dut.we && cycles < 100) {
      clock(dut);
      ++cycles;
    }
    const std::uint32_t answer = (dut.d[175 / 32] >> 175 % 32 & 1U) | (dut.d[201 / 32] >> 201 % 32 & 1U) << 1 | cycles << 8;
    std::fwrite(&answer, 4, 1, stdout);
  }
  return 0;
}
