// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The words of the frames that wait, a row for each module, and the words of the frame that is handed on: its number, low bits
// first, then its rows, zeros where a module is missing. With each `send` the next word of the frame at `at`, {last, wrong, first,
// word}, follows 2 cycles later; `done` says in the same cycle that it is the last one.
`default_nettype none
module vetoc_rows #(
    parameter int MODULES = 2,
    parameter int FEATURES = 1,
    parameter int FRAMES = 4,
    parameter int FA = FRAMES > 1 ? $clog2(FRAMES) : 1,
    parameter int MA = MODULES > 1 ? $clog2(MODULES) : 1,
    parameter int CA = FEATURES > 1 ? $clog2(FEATURES) : 1
) (
    input  wire logic               clk,
    input  wire logic               rst,
    input  wire logic [FA-1:0]      at,
    input  wire logic               write,  // word `write_c` of module `write_m`
    input  wire logic [MA-1:0]      write_m,
    input  wire logic [CA-1:0]      write_c,
    input  wire logic [15:0]        q,
    input  wire logic               send,
    output logic                    done,
    input  wire logic [63:0]        number,
    input  wire logic [MODULES-1:0] seen,
    input  wire logic               wrong,
    output logic                    we,
    output logic [18:0]             d
);
  logic [15:0] words[0:(1<<(FA+MA+CA))-1];
  logic [2:0] w;  // words of the number that are sent
  logic [MA-1:0] m;
  logic [CA-1:0] c;
  logic in_rows, last_c;
  assign in_rows = w == 3'd4;
  assign last_c = c == CA'(FEATURES - 1);
  assign done = in_rows && last_c && m == MA'(MODULES - 1);

  logic [15:0] word1, number1;
  logic send1, first1, last1, wrong1, in_rows1, here1;
  always_ff @(posedge clk) begin
    if (write) words[{at, write_m, write_c}] <= q;
    word1 <= words[{at, m, c}];
    number1 <= number[16*w[1:0]+:16];
    in_rows1 <= in_rows;
    here1 <= seen[m];
    first1 <= w == '0;
    last1 <= done;
    wrong1 <= done && wrong;
    send1 <= send;
    we <= send1;
    d <= {last1, wrong1, first1, !in_rows1 ? number1 : here1 ? word1 : 16'd0};
    if (send) begin
      w <= done ? '0 : in_rows ? w : w + 1'b1;
      if (in_rows) c <= last_c ? '0 : c + 1'b1;
      if (in_rows && last_c) m <= done ? '0 : m + 1'b1;
    end
    if (rst) begin
      {w, m, c} <= '0;
      send1 <= 1'b0;
      we <= 1'b0;
    end
  end
endmodule
`default_nettype wire
