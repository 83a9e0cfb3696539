// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Whole pixels side by side: a word of a in the low bits, a word of b above it. Every event reads both and writes.
// From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_concat_wide #(
    parameter int A_WIDTH = 48,
    parameter int B_WIDTH = 48
) (
    input  wire logic                       clk,
    input  wire logic                       rst,
    input  wire logic                       a_valid,
    input  wire logic [A_WIDTH-1:0]         a_q,
    output logic                            a_pop,
    input  wire logic                       b_valid,
    input  wire logic [B_WIDTH-1:0]         b_q,
    output logic                            b_pop,
    input  wire logic                       ok,
    output logic                            take,
    output logic                            we,
    output logic [A_WIDTH+B_WIDTH-1:0]      d
);
  assign take = a_valid && b_valid && ok;
  assign a_pop = take;
  assign b_pop = take;
  always_ff @(posedge clk) begin
    we <= take && !rst;
    d <= {b_q, a_q};
  end
endmodule
`default_nettype wire
