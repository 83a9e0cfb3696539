// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The end of a front end: the features of a frame as a packet for whoever decides, 16 bits a word: the frame's number (4 words),
// the module, what was wrong with the frame in this module (bits 7..0: causes, bit 8: a memory holds a flipped bit), the features,
// and the CRC-32 (2 words) of all that, low bits first.
// An event makes a word. The first one of a packet takes what is known of its frame, {empty, state, number}; the last feature
// of each word of LANES pops it. A frame without pixels has features of 0. From the event to `we`: 2 cycles; `d` is
// {last, first, word}.
`default_nettype none
module vetoc_send #(
    parameter int LANES = 1,
    parameter int WORDS = 1
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic [15:0]         module_number,
    input  wire logic                packet_valid,
    input  wire logic [73:0]         packet_q,
    output logic                     packet_pop,
    input  wire logic                valid,
    input  wire logic [16*LANES-1:0] q,
    output logic                     pop,
    input  wire logic                ok,
    output logic                     take,
    output logic                     we,
    output logic [17:0]              d
);
  localparam int HEADER = 6;  // number, module, state
  localparam int LENGTH = HEADER + LANES * WORDS + 2;
  localparam int PA = $clog2(LENGTH);
  localparam int LA = LANES > 1 ? $clog2(LANES) : 1;
  logic [PA-1:0] place;
  logic [LA-1:0] lane;
  logic [73:0] rest;  // of what is known of the frame: its words leave at the low end
  logic first, last, at_features, empty;
  assign first = place == '0;
  assign last = place == PA'(LENGTH - 1);
  assign at_features = place >= PA'(HEADER) && place < PA'(LENGTH - 2);
  assign take = ok && (first ? packet_valid : !at_features || empty || valid);
  assign packet_pop = take && first;
  assign pop = take && at_features && !empty && lane == LA'(LANES - 1);

  logic [15:0] word, word1, data;
  always_comb begin
    word = first ? packet_q[15:0] : rest[15:0];
    if (place == PA'(4)) word = module_number;
    if (place == PA'(5)) word = {7'd0, rest[8:0]};
    if (at_features) word = empty ? '0 : q[16*lane+:16];
  end

  // The CRC of all words before stands still while its own are sent.
  logic [31:0] crc, next;
  logic first1, low1, high1;
  vetoc_crc32 #(.W(16)) step (.state(first1 ? 32'hffffffff : crc), .data(word1), .next);
  assign data = low1 ? ~crc[15:0] : high1 ? ~crc[31:16] : word1;

  logic take1;
  always_ff @(posedge clk) begin
    if (take) begin
      place <= last ? '0 : place + 1'b1;
      if (at_features) lane <= lane == LA'(LANES - 1) ? '0 : lane + 1'b1;
      if (first) empty <= packet_q[73];
      if (place < PA'(4)) rest <= (first ? packet_q : rest) >> 16;
    end
    take1 <= take;
    word1 <= word;
    first1 <= first;
    low1 <= place == PA'(LENGTH - 2);
    high1 <= last;
    if (take1 && !low1 && !high1) crc <= next;
    we <= take1;
    d <= {high1, first1, data};
    if (rst) begin
      place <= '0;
      lane <= '0;
      take1 <= 1'b0;
      we <= 1'b0;
    end
  end
endmodule
`default_nettype wire
