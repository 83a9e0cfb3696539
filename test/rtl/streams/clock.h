// Test only: a cycle of a verilated module.
#pragma once

template <typename MODULE>
void clock(MODULE &dut) {
  dut.clk = 1;
  dut.eval();
  dut.clk = 0;
  dut.eval();
}
