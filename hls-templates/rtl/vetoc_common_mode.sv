// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Takes its shift (vetoc_segment_sum) from each segment of SEGMENT words: exact values, AW bits signed, in units of 2^-FRACTION of
// what was read. A value of 0 is no measurement, and stays 0. Every event reads a word that waited, the first of a segment its
// shift, too, and writes; from the event to `we`: 2 cycles.
`default_nettype none
module vetoc_common_mode #(
    parameter int LANES = 1,
    parameter int W = 16,
    parameter bit ISIGNED = 1,
    parameter int SEGMENT = 256,
    parameter int FRACTION = 18,
    parameter int HW = 29,
    parameter int AW = 43
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                valid,
    input  wire logic [LANES*W-1:0]  q,
    output logic                     pop,
    input  wire logic                shift_valid,
    input  wire logic [HW-1:0]       shift_q,
    output logic                     shift_pop,
    input  wire logic                ok,
    output logic                     take,
    output logic                     we,
    output logic [LANES*AW-1:0]      d
);
  localparam int PA = SEGMENT > 1 ? $clog2(SEGMENT) : 1;
  logic [PA-1:0] place, next;
  logic first;
  assign next = place == PA'(SEGMENT - 1) ? '0 : place + 1'b1;
  assign take = valid && ok && (shift_valid || !first);
  assign pop = take;
  assign shift_pop = take && first;

  logic [LANES*W-1:0] word1;
  logic signed [HW-1:0] shift1;
  always_ff @(posedge clk) begin
    if (take) begin
      place <= next;
      first <= next == '0;
    end
    word1 <= q;
    if (shift_pop) shift1 <= shift_q;
    if (rst) begin
      place <= '0;
      first <= 1'b1;
    end
  end
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [AW-1:0] value;
    assign value = ISIGNED ? AW'($signed(word1[l*W+:W])) : $signed(AW'(word1[l*W+:W]));
    always_ff @(posedge clk) d[l*AW+:AW] <= value == 0 ? '0 : (value <<< FRACTION) - AW'(shift1);
  end
  vetoc_delay #(.N(2)) written (.clk, .rst, .a(take), .y(we));
endmodule
`default_nettype wire
