// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Channels one after the other: A_WORDS words of a, then B_WORDS words of b, and again. Every event reads one input and
// writes. From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_concat #(
    parameter int W = 48,
    parameter int A_WORDS = 4,
    parameter int B_WORDS = 4
) (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         a_valid,
    input  wire logic [W-1:0] a_q,
    output logic              a_pop,
    input  wire logic         b_valid,
    input  wire logic [W-1:0] b_q,
    output logic              b_pop,
    input  wire logic         ok,
    output logic              take,
    output logic              we,
    output logic [W-1:0]      d
);
  localparam int A = $clog2(A_WORDS + B_WORDS);
  logic [A-1:0] i;
  logic from_a;
  assign from_a = i < A'(A_WORDS);
  assign take = ok && (from_a ? a_valid : b_valid);
  assign a_pop = take && from_a;
  assign b_pop = take && !from_a;
  always_ff @(posedge clk) begin
    we <= take && !rst;
    d <= from_a ? a_q : b_q;
    if (take) i <= i == A'(A_WORDS + B_WORDS - 1) ? '0 : i + 1'b1;
    if (rst) i <= '0;
  end
endmodule
`default_nettype wire
