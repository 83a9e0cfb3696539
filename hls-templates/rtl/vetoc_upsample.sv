// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Every pixel as a block of FY times FX pixels: rows of WIDTH pixels of GROUPS words. Every event writes; those of the
// first copy of a pixel read. A row stands in a memory until its last copy. From the event to `we`: 2 cycles.
`default_nettype none
module vetoc_upsample #(
    parameter int W = 48,
    parameter int GROUPS = 1,
    parameter int WIDTH = 8,
    parameter int FY = 2,
    parameter int FX = 2
) (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         valid,
    input  wire logic [W-1:0] q,
    output logic              pop,
    input  wire logic         ok,
    output logic              take,
    output logic              we,
    output logic [W-1:0]      d
);
  localparam int WORDS = WIDTH * GROUPS;
  localparam int GA = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam int XA = WIDTH > 1 ? $clog2(WIDTH) : 1;
  localparam int YA = FY > 1 ? $clog2(FY) : 1;
  localparam int RA = FX > 1 ? $clog2(FX) : 1;
  localparam int A = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [GA-1:0] g;
  logic [XA-1:0] x;
  logic [RA-1:0] dx;
  logic [YA-1:0] dy;
  logic [A-1:0] first, at;  // of the pixel, of the word
  logic fresh, last_g, last_dx, last_x;
  assign fresh = dx == '0 && dy == '0;
  assign last_g = g == GA'(GROUPS - 1);
  assign last_dx = dx == RA'(FX - 1);
  assign last_x = x == XA'(WIDTH - 1);
  assign at = first + A'(g);
  assign take = ok && (valid || !fresh);
  assign pop = take && fresh;
  always_ff @(posedge clk)
    if (rst) begin
      g <= '0;
      x <= '0;
      dx <= '0;
      dy <= '0;
      first <= '0;
    end else if (take) begin
      g <= last_g ? '0 : g + 1'b1;
      if (last_g) begin
        dx <= last_dx ? '0 : dx + 1'b1;
        if (last_dx) begin
          x <= last_x ? '0 : x + 1'b1;
          first <= last_x ? '0 : first + A'(GROUPS);
          if (last_x) dy <= dy == YA'(FY - 1) ? '0 : dy + 1'b1;
        end
      end
    end

  logic [W-1:0] row[0:WORDS-1];
  logic [W-1:0] now1, kept1;
  logic v1, fresh1;
  always_ff @(posedge clk) begin
    if (pop) row[at] <= q;
    kept1 <= row[at];
    now1 <= q;
    fresh1 <= fresh;
    v1 <= take && !rst;
    we <= v1 && !rst;
    d <= fresh1 ? now1 : kept1;
  end
endmodule
`default_nettype wire
