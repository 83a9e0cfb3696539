// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A memory that corrects single flipped bits: every 64 bits of a word have 8 more, a Hamming code and a parity (Hsiao 1970 has
// the like), as block RAM with ECC has them. Here they are logic, so that any memory and any tool will do: a tree of XORs before
// the write, and behind the read another one and a comparison for each bit, in the cycle in which `q` is used. Two flips in
// one word of 64 bits are left as they are.
// `read` asks for the word `at`, which `q` shows in the next cycle; `write` replaces the word `write_at` by `d`.
`default_nettype none
module vetoc_protected #(
    parameter int W = 16,
    parameter int WORDS = 18,
    parameter bit BLOCK = 0,
    /* verilator lint_off UNUSEDPARAM */
    parameter int ID = 0,  // by which a simulation that flips bits knows it
    /* verilator lint_on UNUSEDPARAM */
    parameter int A = WORDS > 1 ? $clog2(WORDS) : 1
) (
    input  wire logic         clk,
    input  wire logic         read,
    input  wire logic [A-1:0] at,
    output logic [W-1:0]      q,
    input  wire logic         write,
    input  wire logic [A-1:0] write_at,
    input  wire logic [W-1:0] d
);
  localparam int PARTS = (W + 63) / 64;
  localparam int S = W + 8 * PARTS;  // the check bits stand above the word
  // The code of each bit: no power of two, which are those of the check bits.
  function automatic logic [6:0] code(input int i);
    code = i < 63 ? 7'(65 + i) : 7'd63;
  endfunction
  function automatic logic [6:0] sums(input logic [63:0] data);
    sums = '0;
    for (int i = 0; i < 64; i++) if (data[i]) sums = sums ^ code(i);
  endfunction

  logic [S-1:0] stored, found;
  assign stored[W-1:0] = d;
  for (genvar p = 0; p < PARTS; p++) begin : g_part
    localparam int N = W - 64 * p < 64 ? W - 64 * p : 64;
    logic [63:0] written, seen;
    logic [6:0] syndrome;
    logic odd;
    assign written = 64'(d[64*p+:N]);
    assign stored[W+8*p+:8] = {^written ^ (^sums(written)), sums(written)};
    assign seen = 64'(found[64*p+:N]);
    assign syndrome = sums(seen) ^ found[W+8*p+:7];
    assign odd = ^seen ^ (^found[W+8*p+:8]);
    for (genvar i = 0; i < N; i++) begin : g_bit
      assign q[64*p+i] = found[64*p+i] ^ (odd && syndrome == code(i));
    end
  end

  if (BLOCK) begin : g_block
    (* ram_style = "block" *) logic [S-1:0] words[0:WORDS-1];
    always_ff @(posedge clk) if (read) found <= words[at];
    always @(posedge clk) begin
      if (write) words[write_at] <= stored;
`ifdef VETOC_UPSETS
      // A word that is replaced in this cycle is right again.
      if (vetoc_upset(0) == ID && !(write && write_at == A'(vetoc_upset(1))))
        words[A'(vetoc_upset(1))] <= words[A'(vetoc_upset(1))] ^ (S'(1) << vetoc_upset(2));
`endif
    end
  end else begin : g_lut
    (* ram_style = "distributed" *) logic [S-1:0] words[0:WORDS-1];
    always_ff @(posedge clk) if (read) found <= words[at];
    always @(posedge clk) begin
      if (write) words[write_at] <= stored;
`ifdef VETOC_UPSETS
      // A word that is replaced in this cycle is right again.
      if (vetoc_upset(0) == ID && !(write && write_at == A'(vetoc_upset(1))))
        words[A'(vetoc_upset(1))] <= words[A'(vetoc_upset(1))] ^ (S'(1) << vetoc_upset(2));
`endif
    end
  end
endmodule
`default_nettype wire
