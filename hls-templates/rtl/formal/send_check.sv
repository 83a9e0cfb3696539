// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_send under every pace of what is known of frames, of features and of the reader: each frame gives one packet of LENGTH
// words, its ends marked, with the frame's number, the module, what was wrong, the features as they were taken (zeros for a frame
// without pixels), and the CRC-32 of the words as they were seen to leave. The script connects what is marked `keep` to the
// sender's own state.
`default_nettype none
module send_check #(
    parameter int LANES = 2,
    parameter int WORDS = 1
) (
    input wire logic                clk,
    input wire logic                packet_valid,
    input wire logic [73:0]         packet_q,
    input wire logic                valid,
    input wire logic [16*LANES-1:0] q,
    input wire logic                ok
);
  localparam int FEATURES = LANES * WORDS;
  localparam int LENGTH = 6 + FEATURES + 2;
  (* anyconst *) logic [15:0] module_number;
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst, packet_pop, pop, take, we;
  logic [17:0] d;
  assign rst = !started;
  vetoc_send #(.LANES(LANES), .WORDS(WORDS)) dut (
      .clk, .rst, .module_number, .packet_valid, .packet_q, .packet_pop, .valid, .q, .pop, .ok, .take, .we, .d);

  // The sender's own state.
  (* keep *) logic [31:0] crc;
  (* keep *) logic [73:0] rest;
  (* keep *) logic [$clog2(LENGTH)-1:0] place;
  (* keep *) logic [(LANES > 1 ? $clog2(LANES) : 1)-1:0] lane;
  (* keep *) logic empty;

  // Events and words so far of a packet, the lanes that are theirs; the frame, and the features beside the event.
  logic [15:0] events, words, at, words_at;
  assign at = events >= 6 && events < 16'(LENGTH - 2) ? (events - 16'd6) % LANES : '0;
  assign words_at = words >= 6 && words < 16'(LENGTH - 2) ? (words - 16'd6) % LANES : '0;
  logic [73:0] known;
  logic [16*LANES-1:0] q1, q2;
  logic take1, take2;
  logic [31:0] sum, next;
  vetoc_crc32 #(.W(16)) step (.state(words == '0 ? 32'hffffffff : sum), .data(d[15:0]), .next);
  always_ff @(posedge clk) begin
    take1 <= take && !rst;
    take2 <= take1 && !rst;
    q1 <= q;
    q2 <= q1;
    if (packet_pop) known <= packet_q;
    if (take) events <= events == 16'(LENGTH - 1) ? '0 : events + 1'b1;
    if (we) words <= words == 16'(LENGTH - 1) ? '0 : words + 1'b1;
    if (we && words < 16'(LENGTH - 2)) sum <= next;
    if (rst) begin
      events <= '0;
      words <= '0;
    end
  end
  logic [15:0] behind;  // of the words, the events
  assign behind = 16'(take1) + 16'(take2);
  always_comb if (!rst) begin
    // Nothing is taken without room, or where there is nothing; and nothing else is waited for.
    assert (take == (ok && (events == '0 ? packet_valid : events < 6 || events >= 16'(LENGTH - 2) || known[73] || valid)));
    assert (!packet_pop || packet_valid);
    assert (!pop || valid);
    // A frame begins with a packet, its features are taken once.
    assert (packet_pop == (take && events == '0));
    assert (pop == (take && !known[73] && events >= 6 && events < 16'(LENGTH - 2) && at == 16'(LANES - 1)));
    // Two cycles after each event its word.
    assert (we == take2);
    if (we) begin
      assert (d[16] == (words == '0));
      assert (d[17] == (words == 16'(LENGTH - 1)));
      if (words < 4) assert (d[15:0] == known[16*words[1:0]+:16]);
      if (words == 4) assert (d[15:0] == module_number);
      if (words == 5) assert (d[15:0] == {7'd0, known[72:64]});
      if (words >= 6 && words < 16'(LENGTH - 2)) assert (d[15:0] == (known[73] ? 16'd0 : q2[16*words_at+:16]));
      if (words == 16'(LENGTH - 2)) assert (d[15:0] == ~sum[15:0]);
      if (words == 16'(LENGTH - 1)) assert (d[15:0] == ~sum[31:16]);
    end
    // What the sender's state means, for the induction.
    assert (events < 16'(LENGTH) && words < 16'(LENGTH));
    assert (events == (words + behind >= 16'(LENGTH) ? words + behind - 16'(LENGTH) : words + behind));
    assert (16'(place) == events);
    assert (16'(lane) == at);
    if (events != '0) assert (empty == known[73]);
    if (events != '0) assert (rest == known >> (events < 4 ? 16 * events : 64));
    if (we || words != '0) assert (crc == (we && words < 16'(LENGTH - 2) ? next : sum));
  end
endmodule
`default_nettype wire
