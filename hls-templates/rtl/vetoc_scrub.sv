// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The scrubber: reads a memory through its second port, byte by byte, round after round, and compares the CRC-32 of all of it
// with what it should be. `wrong` stays until `restart` (another bank counts from now on) or reset.
// The memory has COPIES times ROWS rows of N words of 32 bits. With each `tick` one byte is taken; `words` is the row of the
// `copy` and `at` of two ticks ago. A round is judged three ticks after its last byte came.
`default_nettype none
module vetoc_scrub #(
    parameter int COPIES = 1,
    parameter int ROWS = 16,
    parameter int N = 1,
    parameter int CA = COPIES > 1 ? $clog2(COPIES) : 1,
    parameter int RA = ROWS > 1 ? $clog2(ROWS) : 1
) (
    input  wire logic            clk,
    input  wire logic            rst,
    input  wire logic            tick,
    input  wire logic            restart,
    input  wire logic [31:0]     expected,
    output logic [CA-1:0]        copy,
    output logic [RA-1:0]        at,
    input  wire logic [N*32-1:0] words,
    output logic                 wrong
);
  localparam int NA = N > 1 ? $clog2(N) : 1;
  localparam int BITS = $clog2(32 * N);
  /* verilator lint_off UNUSEDSIGNAL */  // where a row is one word
  logic [NA-1:0] word, word1, word2;
  /* verilator lint_on UNUSEDSIGNAL */
  logic [1:0] place, place1, place2, place3;  // of a byte in its word
  logic valid1, valid2, valid3, valid4, ends, last1, last2, last3, last4, whole;
  logic [31:0] word3;
  logic [7:0] byte4;
  logic [31:0] crc, next, total;
  assign ends = copy == CA'(COPIES - 1) && at == RA'(ROWS - 1) && word == NA'(N - 1) && place == 2'd3;

  function automatic logic [31:0] next_crc(input logic [31:0] state, input logic [7:0] data);
    next_crc = state ^ {24'd0, data};
    for (int i = 0; i < 8; i++) next_crc = {1'b0, next_crc[31:1]} ^ (next_crc[0] ? 32'hedb88320 : 32'd0);
  endfunction

  assign next = next_crc(crc, byte4);
  always_ff @(posedge clk) begin
    if (tick) begin
      place <= place + 1'b1;
      if (place == 2'd3) begin
        word <= word == NA'(N - 1) ? '0 : word + 1'b1;
        if (word == NA'(N - 1)) begin
          at <= at == RA'(ROWS - 1) ? '0 : at + 1'b1;
          if (at == RA'(ROWS - 1)) copy <= copy == CA'(COPIES - 1) ? '0 : copy + 1'b1;
        end
      end
      valid1 <= 1'b1;
      word1 <= word;
      place1 <= place;
      last1 <= ends;
      valid2 <= valid1;
      word2 <= word1;
      place2 <= place1;
      last2 <= last1;
      valid3 <= valid2;
      word3 <= words[BITS'({word2, 5'd0})+:32];
      place3 <= place2;
      last3 <= last2;
      valid4 <= valid3;
      byte4 <= word3[{place3, 3'd0}+:8];
      last4 <= last3;
      if (valid4) crc <= last4 ? '1 : next;
      total <= next;
      whole <= valid4 && last4;
      if (whole && total != ~expected) wrong <= 1'b1;
    end
    if (rst || restart) begin
      place <= '0;
      word <= '0;
      at <= '0;
      copy <= '0;
      valid1 <= 1'b0;
      valid2 <= 1'b0;
      valid3 <= 1'b0;
      valid4 <= 1'b0;
      whole <= 1'b0;
      crc <= '1;
      wrong <= 1'b0;
    end
  end
endmodule
`default_nettype wire
