// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Words of W bits to words of RATIO * W bits, low bits first. A run of IN_WORDS words (a row or a pixel) starts with a
// fresh word on both sides: the last wide word of a run may have places that nobody reads. Every event reads, the one
// that fills a word or ends a run writes. From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_widen #(
    parameter int W = 16,
    parameter int RATIO = 4,
    parameter int IN_WORDS = 16
) (
    input  wire logic               clk,
    input  wire logic               rst,
    input  wire logic               valid,
    input  wire logic [W-1:0]       q,
    output logic                    pop,
    input  wire logic               ok,
    output logic                    take,
    output logic                    we,
    output logic [RATIO*W-1:0]      d
);
  localparam int SA = $clog2(RATIO);
  localparam int IA = IN_WORDS > 1 ? $clog2(IN_WORDS) : 1;
  logic [SA-1:0] slot;
  logic [IA-1:0] i;
  logic full, last;
  assign last = i == IA'(IN_WORDS - 1);
  assign full = last || slot == SA'(RATIO - 1);
  assign pop = valid && (ok || !full);
  assign take = pop && full;
  for (genvar s = 0; s < RATIO; s++) begin : g_slot
    always_ff @(posedge clk) if (pop && slot == SA'(s)) d[s*W+:W] <= q;
  end
  always_ff @(posedge clk) begin
    we <= take && !rst;
    if (pop) begin
      i <= last ? '0 : i + 1'b1;
      slot <= full ? '0 : slot + 1'b1;
    end
    if (rst) begin
      i <= '0;
      slot <= '0;
    end
  end
endmodule
`default_nettype wire
