// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Words of IN_LANES values to words of OUT_LANES values, neither a multiple of the other: a shift register between the
// two. A run of IN_WORDS words (a row or a pixel) becomes OUT_WORDS and starts afresh on both sides.
// An event reads while a word more fits and is to come, and writes when a word is full or the run's last one is due.
// From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_gearbox #(
    parameter int W = 8,
    parameter int IN_LANES = 3,
    parameter int OUT_LANES = 2,
    parameter int IN_WORDS = 4,
    parameter int OUT_WORDS = 6
) (
    input  wire logic                   clk,
    input  wire logic                   rst,
    input  wire logic                   valid,
    input  wire logic [IN_LANES*W-1:0]  q,
    output logic                        pop,
    input  wire logic                   ok,
    output logic                        take,
    output logic                        we,
    output logic [OUT_LANES*W-1:0]      d
);
  localparam int ROOM = IN_LANES + OUT_LANES;
  localparam int FA = $clog2(ROOM + 1);
  localparam int IA = $clog2(IN_WORDS + 1);
  localparam int OA = $clog2(OUT_WORDS + 1);
  logic [ROOM*W-1:0] held, joined;
  logic [FA-1:0] fill, filled;
  logic [IA-1:0] words_in, taken;
  logic [OA-1:0] words_out;
  logic reads, writes, last, fire;
  assign reads = words_in < IA'(IN_WORDS) && fill < FA'(OUT_LANES);
  assign filled = reads ? fill + FA'(IN_LANES) : fill;
  assign taken = reads ? words_in + 1'b1 : words_in;
  assign writes = filled >= FA'(OUT_LANES) || taken == IA'(IN_WORDS);
  assign last = writes && words_out == OA'(OUT_WORDS - 1);
  assign fire = (valid || !reads) && (ok || !writes);
  assign pop = fire && reads;
  assign take = fire && writes;
  always_comb begin
    joined = held;
    for (int f = 0; f < OUT_LANES; f++) if (reads && fill == FA'(f)) joined[f*W+:IN_LANES*W] = q;
  end
  always_ff @(posedge clk) begin
    we <= take && !rst;
    d <= joined[OUT_LANES*W-1:0];
    if (fire) begin
      held <= writes ? joined >> (OUT_LANES * W) : joined;
      fill <= last ? '0 : !writes ? filled : filled > FA'(OUT_LANES) ? filled - FA'(OUT_LANES) : '0;
      words_in <= last ? '0 : taken;
      words_out <= last ? '0 : writes ? words_out + 1'b1 : words_out;
    end
    if (rst) begin
      fill <= '0;
      words_in <= '0;
      words_out <= '0;
    end
  end
endmodule
`default_nettype wire
