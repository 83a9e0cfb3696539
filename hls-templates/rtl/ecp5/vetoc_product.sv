// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_product for Lattice ECP5: the block MULT18X18D with its registers of inputs and output, which free tools do not find by
// themselves (without them the block takes 3 ns of each cycle). `make -C PROJECT prove-ecp5` proves that it equals
// vetoc_product, with the block as sysdsp.sv says it. Factors of more than 18 bits are left to the tools.
`default_nettype none
module vetoc_product #(
    parameter int A_WIDTH = 9,
    parameter int B_WIDTH = 8,
    parameter bit DSP = 1
) (
    input  wire logic                              clk,
    input  wire logic signed [A_WIDTH-1:0]         a,
    input  wire logic signed [B_WIDTH-1:0]         b,
    output logic signed [A_WIDTH+B_WIDTH-1:0]      y
);
  localparam int W = A_WIDTH + B_WIDTH;
  if (DSP && A_WIDTH <= 18 && B_WIDTH <= 18) begin : g_block
    logic signed [17:0] wide_a, wide_b;
    /* verilator lint_off UNUSEDSIGNAL */  // the upper bits repeat the sign
    logic [35:0] p;
    /* verilator lint_on UNUSEDSIGNAL */
    assign wide_a = 18'(a);
    assign wide_b = 18'(b);
    assign y = p[W-1:0];
    MULT18X18D #(.REG_INPUTA_CLK("CLK0"), .REG_INPUTB_CLK("CLK0"), .REG_OUTPUT_CLK("CLK0"), .GSR("DISABLED")) block (
      .CLK0(clk), .CE0(1'b1), .RST0(1'b0), .SIGNEDA(1'b1), .SIGNEDB(1'b1), .SOURCEA(1'b0), .SOURCEB(1'b0),
      .A0(wide_a[0]), .A1(wide_a[1]), .A2(wide_a[2]), .A3(wide_a[3]), .A4(wide_a[4]), .A5(wide_a[5]), .A6(wide_a[6]),
      .A7(wide_a[7]), .A8(wide_a[8]), .A9(wide_a[9]), .A10(wide_a[10]), .A11(wide_a[11]), .A12(wide_a[12]), .A13(wide_a[13]),
      .A14(wide_a[14]), .A15(wide_a[15]), .A16(wide_a[16]), .A17(wide_a[17]),
      .B0(wide_b[0]), .B1(wide_b[1]), .B2(wide_b[2]), .B3(wide_b[3]), .B4(wide_b[4]), .B5(wide_b[5]), .B6(wide_b[6]),
      .B7(wide_b[7]), .B8(wide_b[8]), .B9(wide_b[9]), .B10(wide_b[10]), .B11(wide_b[11]), .B12(wide_b[12]), .B13(wide_b[13]),
      .B14(wide_b[14]), .B15(wide_b[15]), .B16(wide_b[16]), .B17(wide_b[17]),
      .C0(1'b0), .C1(1'b0), .C2(1'b0), .C3(1'b0), .C4(1'b0), .C5(1'b0), .C6(1'b0), .C7(1'b0), .C8(1'b0), .C9(1'b0), .C10(1'b0),
      .C11(1'b0), .C12(1'b0), .C13(1'b0), .C14(1'b0), .C15(1'b0), .C16(1'b0), .C17(1'b0),
      .P0(p[0]), .P1(p[1]), .P2(p[2]), .P3(p[3]), .P4(p[4]), .P5(p[5]), .P6(p[6]), .P7(p[7]), .P8(p[8]), .P9(p[9]),
      .P10(p[10]), .P11(p[11]), .P12(p[12]), .P13(p[13]), .P14(p[14]), .P15(p[15]), .P16(p[16]), .P17(p[17]), .P18(p[18]),
      .P19(p[19]), .P20(p[20]), .P21(p[21]), .P22(p[22]), .P23(p[23]), .P24(p[24]), .P25(p[25]), .P26(p[26]), .P27(p[27]),
      .P28(p[28]), .P29(p[29]), .P30(p[30]), .P31(p[31]), .P32(p[32]), .P33(p[33]), .P34(p[34]), .P35(p[35]));
  end else begin : g_tables
    logic signed [A_WIDTH-1:0] a1;
    logic signed [B_WIDTH-1:0] b1;
    always_ff @(posedge clk) begin
      a1 <= a;
      b1 <= b;
      y <= W'(a1) * W'(b1);
    end
  end
endmodule
`default_nettype wire
