// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Sum of two words, lane by lane, both aligned to the finer resolution: exact in AW bits. Every event reads both inputs
// and writes. From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_add #(
    parameter int LANES = 8,
    parameter int A_WIDTH = 8,
    parameter bit A_SIGNED = 0,
    parameter int A_SHIFT = 0,
    parameter int B_WIDTH = 8,
    parameter bit B_SIGNED = 0,
    parameter int B_SHIFT = 0,
    parameter int AW = 10
) (
    input  wire logic                     clk,
    input  wire logic                     rst,
    input  wire logic                     a_valid,
    input  wire logic [LANES*A_WIDTH-1:0] a_q,
    output logic                          a_pop,
    input  wire logic                     b_valid,
    input  wire logic [LANES*B_WIDTH-1:0] b_q,
    output logic                          b_pop,
    input  wire logic                     ok,
    output logic                          take,
    output logic                          we,
    output logic [LANES*AW-1:0]           d
);
  assign take = a_valid && b_valid && ok;
  assign a_pop = take;
  assign b_pop = take;
  always_ff @(posedge clk) we <= take && !rst;
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [AW-1:0] a, b;
    assign a = A_SIGNED ? AW'($signed(a_q[l*A_WIDTH+:A_WIDTH])) : $signed(AW'(a_q[l*A_WIDTH+:A_WIDTH]));
    assign b = B_SIGNED ? AW'($signed(b_q[l*B_WIDTH+:B_WIDTH])) : $signed(AW'(b_q[l*B_WIDTH+:B_WIDTH]));
    always_ff @(posedge clk) d[l*AW+:AW] <= (a <<< A_SHIFT) + (b <<< B_SHIFT);
  end
endmodule
`default_nettype wire
