// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Sets dead pixels to zero, PIXELS a word. A ROM of 32-bit words, one bit a pixel in stream order, 1 for a live one,
// answers 2 cycles after `address`. Words pass 3 cycles after `in_we`, without a pause; WORDS of them are a frame.
`default_nettype none
module vetoc_mask #(
    parameter int W = 16,
    parameter int PIXELS = 1,
    parameter int WORDS = 16384,
    parameter int ROM_WORDS = 512,
    parameter int A = ROM_WORDS > 1 ? $clog2(ROM_WORDS) : 1
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                in_we,
    input  wire logic [PIXELS*W-1:0] in_d,
    output logic [A-1:0]             address,
    input  wire logic [31:0]         live,
    output logic                     we,
    output logic [PIXELS*W-1:0]      d
);
  localparam int BEATS = 32 / PIXELS;  // words of pixels that share a word of the ROM
  localparam int BA = BEATS > 1 ? $clog2(BEATS) : 1;
  localparam int IA = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [BA-1:0] beat, beat2;
  logic [IA-1:0] i;
  logic last;
  assign last = i == IA'(WORDS - 1);
  always_ff @(posedge clk) begin
    if (in_we) begin
      i <= last ? '0 : i + 1'b1;
      beat <= last || beat == BA'(BEATS - 1) ? '0 : beat + 1'b1;
      if (last) address <= '0;
      else if (beat == BA'(BEATS - 1)) address <= address + 1'b1;
    end
    if (rst) begin
      i <= '0;
      beat <= '0;
      address <= '0;
    end
  end

  logic [PIXELS*W-1:0] d2;
  logic [PIXELS-1:0] live2;
  vetoc_later #(.W(BA), .N(2)) beats (.clk, .x(beat), .y(beat2));
  vetoc_later #(.W(PIXELS * W), .N(2)) pixels (.clk, .x(in_d), .y(d2));
  vetoc_delay #(.N(3)) valid (.clk, .rst, .a(in_we), .y(we));
  always_comb begin
    live2 = '0;
    for (int b = 0; b < BEATS; b++) if (beat2 == BA'(b)) live2 = live[b*PIXELS+:PIXELS];
  end
  for (genvar l = 0; l < PIXELS; l++) begin : g_lane
    always_ff @(posedge clk) d[l*W+:W] <= live2[l] ? d2[l*W+:W] : '0;
  end
endmodule
`default_nettype wire
