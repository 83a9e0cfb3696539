// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Dot product of N values with N signed weights, exact: 2 + ceil(log2 N) cycles.
`default_nettype none
module vetoc_dot #(
    parameter int N = 9,
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter int WW = 8,
    parameter bit DSP = 1,  // products in DSP blocks, else in look-up tables
    parameter int OW = WW + IW + (ISIGNED ? 0 : 1) + $clog2(N)
) (
    input  wire logic            clk,
    input  wire logic [N*IW-1:0] x,
    input  wire logic [N*WW-1:0] weights,
    output logic signed [OW-1:0] y
);
  localparam int XW = ISIGNED ? IW : IW + 1;
  localparam int PW = WW + XW;
  logic [N*PW-1:0] products;
  for (genvar k = 0; k < N; k++) begin : g_product
    logic signed [XW-1:0] a;
    logic signed [WW-1:0] b;
    assign a = ISIGNED ? XW'($signed(x[k*IW+:IW])) : $signed(XW'(x[k*IW+:IW]));
    assign b = weights[k*WW+:WW];
    vetoc_product #(.A_WIDTH(XW), .B_WIDTH(WW), .DSP(DSP)) product (.clk, .a, .b, .y(products[k*PW+:PW]));
  end
  vetoc_sum #(.N(N), .W(PW), .OW(OW)) sum (.clk, .x(products), .y);
endmodule
`default_nettype wire
