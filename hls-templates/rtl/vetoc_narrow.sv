// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Words of RATIO * W bits to words of W bits, low bits first. A run of OUT_WORDS words (a row or a pixel) starts with a
// fresh word on both sides. The first event of a wide word reads, every event writes. From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_narrow #(
    parameter int W = 16,
    parameter int RATIO = 4,
    parameter int OUT_WORDS = 16
) (
    input  wire logic               clk,
    input  wire logic               rst,
    input  wire logic               valid,
    input  wire logic [RATIO*W-1:0] q,
    output logic                    pop,
    input  wire logic               ok,
    output logic                    take,
    output logic                    we,
    output logic [W-1:0]            d
);
  localparam int SA = $clog2(RATIO);
  localparam int IA = OUT_WORDS > 1 ? $clog2(OUT_WORDS) : 1;
  logic [SA-1:0] slot;
  logic [IA-1:0] i;
  logic fresh, last;
  logic [RATIO*W-1:0] rest;
  assign fresh = slot == '0;
  assign last = i == IA'(OUT_WORDS - 1);
  assign take = ok && (valid || !fresh);
  assign pop = take && fresh;
  always_ff @(posedge clk) begin
    we <= take && !rst;
    d <= fresh ? q[W-1:0] : rest[W-1:0];
    if (take) begin
      rest <= (fresh ? q : rest) >> W;
      i <= last ? '0 : i + 1'b1;
      slot <= last || slot == SA'(RATIO - 1) ? '0 : slot + 1'b1;
    end
    if (rst) begin
      i <= '0;
      slot <= '0;
    end
  end
endmodule
`default_nettype wire
