// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Cuts OUT_HEIGHT rows of OUT_WORDS words out of IN_HEIGHT rows of IN_WORDS words, from row TOP on. A left edge inside a
// word shifts every row by SHIFT pixels, so that the first pixel that is kept lands in lane 0; the row then ends a word
// later. An event is one of STEPS positions of a row: it reads below IN_WORDS and writes from START on.
// From the event to `we`: 1 cycle.
`default_nettype none
module vetoc_crop #(
    parameter int W = 16,
    parameter int PIXELS = 1,
    parameter int IN_HEIGHT = 128,
    parameter int IN_WORDS = 128,
    parameter int TOP = 0,
    parameter int START = 0,
    parameter int SHIFT = 0,
    parameter int OUT_HEIGHT = 64,
    parameter int OUT_WORDS = 64,
    parameter int STEPS = 128
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                valid,
    input  wire logic [PIXELS*W-1:0] q,
    output logic                     pop,
    input  wire logic                ok,
    output logic                     take,
    output logic                     we,
    output logic [PIXELS*W-1:0]      d
);
  localparam int XA = $clog2(STEPS + 1);
  localparam int YA = $clog2(IN_HEIGHT + 1);
  logic [XA-1:0] x;
  logic [YA-1:0] y;
  logic reads, kept, last_x, fire;
  assign reads = x < XA'(IN_WORDS);
  // A difference below 0 is a large number: one comparison says "from here to there".
  assign kept = XA'(x - XA'(START)) < XA'(OUT_WORDS) && YA'(y - YA'(TOP)) < YA'(OUT_HEIGHT);
  assign last_x = x == XA'(STEPS - 1);
  assign fire = (valid || !reads) && (ok || !kept);
  assign pop = fire && reads;
  assign take = fire && kept;

  if (SHIFT == 0) begin : g_aligned
    always_ff @(posedge clk) d <= q;
  end else begin : g_shifted
    logic [(PIXELS-SHIFT)*W-1:0] previous;
    always_ff @(posedge clk) begin
      if (pop) previous <= q[PIXELS*W-1:SHIFT*W];
      d <= {q[SHIFT*W-1:0], previous};
    end
  end
  always_ff @(posedge clk) begin
    we <= take;
    if (fire) begin
      x <= last_x ? '0 : x + 1'b1;
      if (last_x) y <= y == YA'(IN_HEIGHT - 1) ? '0 : y + 1'b1;
    end
    if (rst) begin
      we <= 1'b0;
      x <= '0;
      y <= '0;
    end
  end
endmodule
`default_nettype wire
