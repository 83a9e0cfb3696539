// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The product of two signed numbers, exact: `y` is `a * b` of two cycles ago. The registers are those that a DSP block
// has inside. For ECP5, ecp5/vetoc_product.sv says which block that is: its tools do not find it.
`default_nettype none
module vetoc_product #(
    parameter int A_WIDTH = 9,
    parameter int B_WIDTH = 8,
    parameter bit DSP = 1  // in a DSP block, else in look-up tables
) (
    input  wire logic                              clk,
    input  wire logic signed [A_WIDTH-1:0]         a,
    input  wire logic signed [B_WIDTH-1:0]         b,
    output logic signed [A_WIDTH+B_WIDTH-1:0]      y
);
  localparam int W = A_WIDTH + B_WIDTH;
  logic signed [A_WIDTH-1:0] a1;
  logic signed [B_WIDTH-1:0] b1;
  always_ff @(posedge clk) begin
    a1 <= a;
    b1 <= b;
  end
  if (DSP) begin : g_dsp
    (* use_dsp = "yes" *) logic signed [W-1:0] in_block;
    always_ff @(posedge clk) in_block <= W'(a1) * W'(b1);
    assign y = in_block;
  end else begin : g_lut
    (* use_dsp = "no" *) logic signed [W-1:0] in_tables;
    always_ff @(posedge clk) in_tables <= W'(a1) * W'(b1);
    assign y = in_tables;
  end
endmodule
`default_nettype wire
