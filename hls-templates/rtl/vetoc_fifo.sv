// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Reader's end of a link: a FIFO whose first word falls through. The producer counts credits, so that `we` never meets a
// full FIFO; `give` is a register that goes high once for each word taken.
// A word written in cycle t is valid from t + 1 (RAM = 0, look-up tables) or t + 2 (RAM = 1, block RAM) on.
// `pop` may be high only where `valid` is.
`default_nettype none
module vetoc_fifo #(
    parameter int W = 8,
    parameter int DEPTH = 2,
    parameter bit RAM = 0
) (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         we,
    input  wire logic [W-1:0] d,
    output logic              give,
    output logic              valid,
    output logic [W-1:0]      q,
    input  wire logic         pop
);
  localparam int A = DEPTH > 1 ? $clog2(DEPTH) : 1;
  localparam logic [A-1:0] LAST = A'(DEPTH - 1);
  logic [A-1:0] write_at, read_at;
  logic [A:0] count;        // words in the memory
  logic leave, some_next;   // a word leaves the memory; it then holds some
  // What leaves is known last: both answers are ready before it.
  assign some_next = we || (leave ? count > 1 : count != '0);

  always_ff @(posedge clk) begin
    give <= pop && !rst;
    if (we) write_at <= write_at == LAST ? '0 : write_at + 1'b1;
    if (leave) read_at <= read_at == LAST ? '0 : read_at + 1'b1;
    if (we && !leave) count <= count + 1'b1;
    if (!we && leave) count <= count - 1'b1;
    if (rst) begin
      write_at <= '0;
      read_at <= '0;
      count <= '0;
    end
  end

  if (RAM) begin : g_block
    (* ram_style = "block" *) logic [W-1:0] words[0:DEPTH-1];
    logic some;
    assign leave = some && (!valid || pop);
    always_ff @(posedge clk) begin
      if (we) words[write_at] <= d;
      if (leave) q <= words[read_at];
      some <= some_next;
      valid <= leave || (valid && !pop);
      if (rst) begin
        some <= 1'b0;
        valid <= 1'b0;
      end
    end
  end else begin : g_lut
    (* ram_style = "distributed" *) logic [W-1:0] words[0:DEPTH-1];
    assign q = words[read_at];
    assign leave = pop;
    always_ff @(posedge clk) begin
      if (we) words[write_at] <= d;
      valid <= some_next;
      if (rst) valid <= 1'b0;
    end
  end
endmodule
`default_nettype wire
