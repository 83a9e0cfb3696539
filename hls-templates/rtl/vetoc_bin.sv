// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Joins blocks of FACTOR_Y rows into one pixel: the brightest (MODE = 0), the sum (1), or the second brightest (2).
// Across, either a word holds whole blocks (PIXELS = OUT_PIXELS times a block's columns, SPAN = 1) or a block spans SPAN
// whole words (OUT_PIXELS = 1).
// Every event reads a word; the last of a block writes. Unfinished blocks of a row wait in a memory of COLUMNS words.
// From the event to `we`: 2 cycles.
`default_nettype none
module vetoc_bin #(
    parameter int IW = 16,
    parameter int OW = 16,
    parameter int MODE = 0,
    parameter int PIXELS = 1,
    parameter int OUT_PIXELS = 1,
    parameter int SPAN = 1,
    parameter int FACTOR_Y = 2,
    parameter int COLUMNS = 64,
    parameter bit ECC = 0,     // the memory corrects single flipped bits
    parameter int ID = 0
) (
    input  wire logic                     clk,
    input  wire logic                     rst,
    input  wire logic                     valid,
    input  wire logic [PIXELS*IW-1:0]     q,
    output logic                          pop,
    input  wire logic                     ok,
    output logic                          take,
    output logic                          we,
    output logic [OUT_PIXELS*OW-1:0]      d
);
  localparam int PER_LANE = PIXELS / OUT_PIXELS;
  localparam int XA = COLUMNS > 1 ? $clog2(COLUMNS) : 1;
  localparam int PA = SPAN > 1 ? $clog2(SPAN) : 1;
  localparam int YA = FACTOR_Y > 1 ? $clog2(FACTOR_Y) : 1;
  // Of a block in work, what counts so far: one value, or the second brightest above the brightest.
  localparam int PW = MODE == 2 ? 2 * OW : OW;
  localparam int W = OUT_PIXELS * PW;

  function automatic logic [PW-1:0] both(input logic [PW-1:0] a, input logic [PW-1:0] b);
    logic a_wins;
    logic [OW-1:0] brighter, darker, behind;
    a_wins = a[OW-1:0] > b[OW-1:0];
    brighter = a_wins ? a[OW-1:0] : b[OW-1:0];
    darker = a_wins ? b[OW-1:0] : a[OW-1:0];
    behind = a_wins ? a[PW-1-:OW] : b[PW-1-:OW];
    if (MODE == 0) both = PW'(brighter);
    else if (MODE == 1) both = PW'(a + b);
    else both = PW'({darker > behind ? darker : behind, brighter});
  endfunction

  logic [XA-1:0] x;
  logic [PA-1:0] part;
  logic [YA-1:0] dy;
  logic last_part, last_x, last_dy, writes, fire;
  assign last_part = part == PA'(SPAN - 1);
  assign last_x = x == XA'(COLUMNS - 1);
  assign last_dy = dy == YA'(FACTOR_Y - 1);
  assign writes = last_part && last_dy;
  assign fire = valid && (ok || !writes);
  assign pop = fire;
  assign take = fire && writes;

  logic v1, fresh1, start1;
  logic [W-1:0] pixels, pixels1, row1, block, earlier, joined;
  for (genvar l = 0; l < OUT_PIXELS; l++) begin : g_lane
    logic [PW-1:0] lane, above, now;
    always_comb begin
      // Counts are never negative: the 0 of a lone pixel's second brightest never wins over another.
      lane = PW'(OW'(q[l*PER_LANE*IW+:IW]));
      for (int k = 1; k < PER_LANE; k++) lane = both(lane, PW'(OW'(q[(l*PER_LANE+k)*IW+:IW])));
    end
    assign pixels[l*PW+:PW] = lane;
    assign above = earlier[l*PW+:PW];
    assign now = pixels1[l*PW+:PW];
    assign joined[l*PW+:PW] = fresh1 ? now : both(above, now);
    always_ff @(posedge clk) d[l*OW+:OW] <= joined[(l+1)*PW-1-:OW];
  end

  if (COLUMNS > 1) begin : g_rows
    logic [XA-1:0] x1;
    logic end1;
    always_ff @(posedge clk) begin
      x1 <= x;
      end1 <= last_part;
    end
    if (ECC) begin : g_protected
      vetoc_protected #(.W(W), .WORDS(COLUMNS), .ID(ID)) rows (
          .clk, .read(fire), .at(x), .q(row1), .write(v1 && end1), .write_at(x1), .d(joined));
    end else begin : g_plain
      (* ram_style = "distributed" *) logic [W-1:0] rows[0:COLUMNS-1];
      always_ff @(posedge clk) begin
        if (fire) row1 <= rows[x];
        if (v1 && end1) rows[x1] <= joined;
      end
    end
  end else begin : g_column
    assign row1 = block;  // the block before is the one above
  end
  assign earlier = start1 ? row1 : block;

  always_ff @(posedge clk) begin
    if (fire) begin
      part <= last_part ? '0 : part + 1'b1;
      if (last_part) x <= last_x ? '0 : x + 1'b1;
      if (last_part && last_x) dy <= last_dy ? '0 : dy + 1'b1;
    end
    v1 <= fire;
    pixels1 <= pixels;
    start1 <= part == '0;
    fresh1 <= part == '0 && dy == '0;
    if (v1) block <= joined;
    if (rst) begin
      v1 <= 1'b0;
      part <= '0;
      x <= '0;
      dy <= '0;
    end
  end
  vetoc_delay #(.N(2)) written (.clk, .rst, .a(take), .y(we));
endmodule
`default_nettype wire
