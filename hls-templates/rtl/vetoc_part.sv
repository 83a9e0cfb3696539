// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Takes a stage's part of an image word by word, and writes it row by row: first ROWS rows of MULTIPLIERS factors, as many a
// word as fit, then the constants of LANES channels a row, two words each. A row is written 1 cycle after its last word.
// `weights_crc` and `constants_crc` are the CRC-32 of both kinds of words so far.
`default_nettype none
module vetoc_part #(
    parameter int MULTIPLIERS = 9,
    parameter int WW = 8,
    parameter int ROWS = 16,
    parameter int LANES = 1,
    parameter int CHANNEL_ROWS = 8,
    parameter int BW = 20,
    parameter int SW = 4,
    parameter int RA = ROWS > 1 ? $clog2(ROWS) : 1,
    parameter int CA = CHANNEL_ROWS > 1 ? $clog2(CHANNEL_ROWS) : 1
) (
    input  wire logic                     clk,
    input  wire logic                     rst,
    input  wire logic                     we,
    input  wire logic                     first,
    input  wire logic [31:0]              data,
    output logic                          weights_we,
    output logic [RA-1:0]                 weights_at,
    output logic [MULTIPLIERS*WW-1:0]     weights_d,
    output logic [31:0]                   weights_crc,
    output logic                          constants_we,
    output logic [CA-1:0]                 constants_at,
    output logic [LANES*(BW+SW)-1:0]      constants_d,
    output logic [31:0]                   constants_crc
);
  localparam int PER = 32 / WW;
  localparam int FACTOR_WORDS = (MULTIPLIERS + PER - 1) / PER;
  localparam int CHANNEL_WORDS = 2 * LANES;
  localparam int N = FACTOR_WORDS > CHANNEL_WORDS ? FACTOR_WORDS : CHANNEL_WORDS;
  localparam int NA = $clog2(N + 1);
  /* verilator lint_off UNUSEDSIGNAL */  // bits that no factor and no bias takes
  logic [N*32-1:0] held;  // the words of a row, the last one at the top
  /* verilator lint_on UNUSEDSIGNAL */
  logic [NA-1:0] word, word_now;
  logic [RA-1:0] row, row_now;
  logic [CA-1:0] channel, channel_now;
  logic factors, factors_now, ends;
  logic [31:0] weights_next, constants_next;
  assign word_now = first ? '0 : word;
  assign row_now = first ? '0 : row;
  assign channel_now = first ? '0 : channel;
  assign factors_now = first || factors;
  assign ends = word_now == (factors_now ? NA'(FACTOR_WORDS - 1) : NA'(CHANNEL_WORDS - 1));
  vetoc_crc32 of_weights (.state(first ? '1 : weights_crc), .data, .next(weights_next));
  vetoc_crc32 of_constants (.state(constants_crc), .data, .next(constants_next));

  for (genvar k = 0; k < MULTIPLIERS; k++) begin : g_factor
    assign weights_d[k*WW+:WW] = held[(N-FACTOR_WORDS+k/PER)*32+k%PER*WW+:WW];
  end
  for (genvar p = 0; p < LANES; p++) begin : g_lane
    logic [63:0] words;
    assign words = held[(N-CHANNEL_WORDS+2*p)*32+:64];
    assign constants_d[p*BW+:BW] = BW'($signed(words[55:0]));
    assign constants_d[LANES*BW+p*SW+:SW] = words[56+:SW];
    logic unused;
    assign unused = &{1'b0, words};
  end
  always_ff @(posedge clk) begin
    weights_we <= we && ends && factors_now;
    constants_we <= we && ends && !factors_now;
    weights_at <= row_now;
    constants_at <= channel_now;
    if (we) begin
      held <= {data, held[N*32-1:32]};
      word <= ends ? '0 : word_now + 1'b1;
      row <= row_now;
      channel <= channel_now;
      factors <= factors_now;
      if (factors_now) begin
        weights_crc <= weights_next;
        constants_crc <= '1;
        if (ends) row <= row_now + 1'b1;
        if (ends && row_now == RA'(ROWS - 1)) factors <= 1'b0;
      end else begin
        constants_crc <= constants_next;
        if (ends) channel <= channel_now + 1'b1;
      end
    end
    if (rst) begin
      weights_we <= 1'b0;
      constants_we <= 1'b0;
    end
  end
endmodule
`default_nettype wire
