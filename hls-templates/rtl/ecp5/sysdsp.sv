// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// For simulation and proofs alone: the multiplier block of Lattice ECP5 (FPGA-TN-02205, sysDSP) as far as vetoc_product uses it:
// signed or unsigned factors, registers of both inputs and of the output on CLK0, or none.
`default_nettype none
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNUSEDPARAM */
module MULT18X18D #(
    parameter REG_INPUTA_CLK = "NONE",
    parameter REG_INPUTB_CLK = "NONE",
    parameter REG_OUTPUT_CLK = "NONE",
    parameter GSR = "ENABLED"
) (
    input  wire logic CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input  wire logic A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
    input  wire logic B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
    input  wire logic C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12, C13, C14, C15, C16, C17,
    output logic P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18, P19, P20, P21,
        P22, P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35
);
  logic [17:0] a, b, a1, b1;
  logic [35:0] p, p1;
  assign a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  assign b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13,
      P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = REG_OUTPUT_CLK == "CLK0" ? p1 : p;
  logic [17:0] now_a, now_b;
  assign now_a = REG_INPUTA_CLK == "CLK0" ? a1 : a;
  assign now_b = REG_INPUTB_CLK == "CLK0" ? b1 : b;
  assign p = {{18{SIGNEDA && now_a[17]}}, now_a} * {{18{SIGNEDB && now_b[17]}}, now_b};
  always_ff @(posedge CLK0)
    if (RST0) begin
      a1 <= '0;
      b1 <= '0;
      p1 <= '0;
    end else if (CE0) begin
      a1 <= a;
      b1 <= b;
      p1 <= p;
    end
endmodule
`default_nettype wire
