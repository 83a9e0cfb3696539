// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_receive_maps between any memory and any readers, for ever: a set is BEATS words and one verdict, with or behind the last
// of them, whatever beats come and wherever they end; and its first word is made of the beat behind a `last`. The script
// connects what is marked `keep` to the module's own registers.
`default_nettype none
module receive_maps_check #(
    parameter int BEATS = 16
) (
    input wire logic        clk,
    input wire logic        valid,
    input wire logic [31:0] data,
    input wire logic        last,
    input wire logic        ok,
    input wire logic        flaw_ok
);
  localparam int PA = $clog2(BEATS + 1);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst, ready, take, we, flaw_take, flaw_we, flaw_d;
  logic [31:0] d;
  assign rst = !started;
  vetoc_receive_maps #(.BITS(32), .D(32), .BEATS(BEATS)) dut (
      .clk, .rst, .valid, .ready, .data, .last, .ok, .take, .we, .d, .flaw_ok, .flaw_take, .flaw_we, .flaw_d);
  (* keep *) logic [PA-1:0] place;
  (* keep *) logic filling, tail;

  logic [PA:0] words, words_now;  // of this set
  logic begins;                   // the next beat is the first behind a `last`
  assign words_now = words + (PA + 1)'(take);
  always_ff @(posedge clk) begin
    words <= flaw_take ? '0 : words_now;
    if (valid && ready) begins <= last;
    if (rst) begin
      words <= '0;
      begins <= 1'b1;
    end
  end
  always_comb begin
    assert (rst || !take || (ok && words < (PA + 1)'(BEATS)));
    assert (rst || !flaw_take || (flaw_ok && words_now == (PA + 1)'(BEATS)));
    assert (rst || !take || words != '0 || begins);
    assert (rst || !ready || !filling);
    // What the proof by induction rests on.
    assert (rst || words == (PA + 1)'(place));
    assert (rst || words <= (PA + 1)'(BEATS) - (PA + 1)'(filling));
    assert (rst || (words == '0 ? !filling && begins == !tail : !tail && begins == filling));
  end
endmodule
`default_nettype wire
