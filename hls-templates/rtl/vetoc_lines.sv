// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The rows above the one that arrives: a memory of one padded row, WORDS words, that is walked round and round. Each word
// holds the rows' values one above the other.
// `read` asks for the word at the current place, which `q` shows in the next cycle; `write`, one cycle after `read`,
// replaces it by `d`. With ECC single bits that flip in it are corrected (vetoc_protected).
`default_nettype none
module vetoc_lines #(
    parameter int W = 16,
    parameter int WORDS = 18,
    parameter bit BLOCK = 0,
    parameter bit ECC = 0,
    parameter int ID = 0
) (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         read,
    output logic [W-1:0]      q,
    input  wire logic         write,
    input  wire logic [W-1:0] d
);
  if (WORDS == 1) begin : g_register
    // A memory would answer with what stood there before the write of the same cycle.
    logic unused;
    assign unused = &{1'b0, rst, read};
    always_ff @(posedge clk) if (write) q <= d;
  end else begin : g_memory
    localparam int A = $clog2(WORDS);
    logic [A-1:0] at, at1, after;
    assign after = at == A'(WORDS - 1) ? '0 : at + 1'b1;
    always_ff @(posedge clk) begin
      at1 <= at;
      if (read) at <= after;
      if (rst) at <= '0;
    end
    if (ECC) begin : g_protected
      vetoc_protected #(.W(W), .WORDS(WORDS), .BLOCK(BLOCK), .ID(ID)) line (
          .clk, .read, .at, .q, .write, .write_at(at1), .d);
    end else if (BLOCK && WORDS > 2) begin : g_block
      // The next word is fetched before it is asked for: what a block RAM gives comes late in a cycle, and has the rest of it.
      (* ram_style = "block" *) logic [W-1:0] line[0:WORDS-1];
      logic [W-1:0] fetched;
      always_ff @(posedge clk) begin
        fetched <= line[read ? after : at];
        if (read) q <= fetched;
        if (write) line[at1] <= d;
      end
    end else begin : g_lut
      (* ram_style = "distributed" *) logic [W-1:0] line[0:WORDS-1];
      always_ff @(posedge clk) begin
        if (read) q <= line[at];
        if (write) line[at1] <= d;
      end
    end
  end
endmodule
`default_nettype wire
