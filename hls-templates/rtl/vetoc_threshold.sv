// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The trained threshold of each bank: the part of the decision in an image of weights. BUILT_IN after a reset.
`default_nettype none
module vetoc_threshold #(
    parameter logic signed [31:0] BUILT_IN = 0
) (
    input  wire logic               clk,
    input  wire logic               rst,
    input  wire logic               set_pop,
    input  wire logic [7:0]         set_q,
    input  wire logic               we,
    input  wire logic [31:0]        data,
    input  wire logic               commit,
    output logic                    full,
    output logic signed [31:0]      trained
);
  logic bank, changed, spent, unused;
  logic signed [31:0] even, odd;
  vetoc_banks banks (.clk, .rst, .set_pop, .set_q, .written(1'b0), .commit, .bank, .changed, .full, .spent);
  assign trained = bank ? odd : even;
  assign unused = &{1'b0, changed, spent};
  always_ff @(posedge clk) begin
    if (we && bank) even <= data;
    if (we && !bank) odd <= data;
    if (rst) begin
      even <= BUILT_IN;
      odd <= BUILT_IN;
    end
  end
endmodule
`default_nettype wire
