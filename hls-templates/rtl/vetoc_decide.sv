// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The decision: score = max(hit logits) - max(miss logits); keep when score >= threshold, when the frame was malformed, when a
// memory holds a flipped bit, when the prescale chooses it, or when the firmware only counts (pass-through).
// Every event reads LANES logits of each network; the last of a frame also reads its packet (vetoc_prescale) and writes. A packet
// without pixels has no logits: an event of its own answers it, with score 0. From the event to `we`: 5 cycles. The fields of
// the decision word and the mode bits stand in registers.h; decisions are at least 8 cycles apart.
// Of two networks (the first in the low bits) `second` says which one decides, from 2 cycles after the event on; the other
// one's score stands in the decision, too.
`default_nettype none
module vetoc_decide #(
    parameter int NETWORKS = 1,
    parameter int LW = 16,
    parameter bit LSIGNED = 1,
    parameter int LANES = 1,
    parameter int WORDS = 2,
    parameter bit RELOADABLE = 0,               // the last event of a frame also reads its set of weights
    parameter logic [LANES*WORDS-1:0] HIT = '0  // class by class
) (
    input  wire logic                         clk,
    input  wire logic                         rst,
    input  wire logic                         valid,  // those of all networks are there
    input  wire logic [NETWORKS*LANES*LW-1:0] q,
    output logic                              pop,
    input  wire logic                         packet_valid,
    input  wire logic [201:0]                 packet_q,
    output logic                              packet_pop,
    input  wire logic signed [31:0]           threshold,
    input  wire logic [NETWORKS*32-1:0]       trained,  // the threshold that belongs to the weights
    input  wire logic                         set_valid,
    input  wire logic [NETWORKS*8-1:0]        set_q,
    output logic                              set_pop,
    input  wire logic                         second,
    input  wire logic [31:0]                  memories,  // those in which a flipped bit was found
    input  wire logic                         ok,
    output logic                              take,
    output logic                              we,
    output logic [255:0]                      d,
    output logic [NETWORKS*8-1:0]             weights,  // with which they are decided
    output logic [201:0]                      decided,  // the packet of `d`
    output logic [31:0]                       upsets    // what its decision knew of the memories
);
  localparam int A = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [A-1:0] i;
  logic [LANES-1:0] hits[0:WORDS-1];
  for (genvar k = 0; k < WORDS; k++) begin : g_word
    assign hits[k] = HIT[k*LANES+:LANES];
  end
  logic last, empty;
  assign last = i == A'(WORDS - 1);
  assign empty = packet_valid && packet_q[74];
  assign pop = valid && (!last || (ok && packet_valid && !empty && (set_valid || !RELOADABLE)));
  assign packet_pop = ok && packet_valid && (empty || (pop && last));
  assign set_pop = pop && last;
  assign take = packet_pop;

  // Score and limit of each network. The packet stands still meanwhile.
  logic [NETWORKS*32-1:0] score3, limit3;
  for (genvar n = 0; n < NETWORKS; n++) begin : g_network
    logic signed [31:0] own;
    vetoc_score #(.LW(LW), .LSIGNED(LSIGNED), .LANES(LANES)) best (
        .clk, .pop, .first(i == '0), .hits(hits[i]), .q(q[n*LANES*LW+:LANES*LW]), .score(own));
    always_ff @(posedge clk) begin
      score3[n*32+:32] <= decided[74] ? '0 : own;
      limit3[n*32+:32] <= decided[172] ? threshold : trained[n*32+:32];
    end
  end
  // The one that decides, and the one in shadow.
  logic signed [31:0] score, limit, shadow_score, shadow_score4, score4, limit4;
  logic [7:0] set;
  logic shadow_keep, shadow_keep4;
  if (NETWORKS > 1) begin : g_two
    assign score = second ? score3[63:32] : score3[31:0];
    assign limit = second ? limit3[63:32] : limit3[31:0];
    assign set = second ? weights[15:8] : weights[7:0];
    assign shadow_score = second ? score3[31:0] : score3[63:32];
    assign shadow_keep = shadow_score >= $signed(second ? limit3[31:0] : limit3[63:32]);
  end else begin : g_one
    assign score = score3;
    assign limit = limit3;
    assign set = weights;
    assign shadow_score = '0;
    assign shadow_keep = 1'b0;
  end

  // The reasons.
  logic last1, last2, last3, last4, malformed, pass_through;
  logic by_score4, more4, same4, enough4, upset4, wanted, by_prescale, keep;
  assign malformed = decided[71:64] != '0;
  assign pass_through = decided[171];
  assign by_score4 = !malformed && (more4 || (same4 && enough4));
  assign wanted = by_score4 || malformed || upset4;
  assign by_prescale = !wanted && decided[175];
  assign keep = wanted || by_prescale || pass_through;
  always_ff @(posedge clk) begin
    if (pop) i <= last ? '0 : i + 1'b1;
    if (packet_pop) decided <= packet_q;
    if (set_pop && RELOADABLE) weights <= set_q;
    last1 <= take;
    last2 <= last1;
    last3 <= last2;
    // A packet without pixels brings no news of the memories.
    if (last2 && !decided[74]) upsets <= memories;
    score4 <= score;
    limit4 <= limit;
    shadow_score4 <= shadow_score;
    shadow_keep4 <= shadow_keep;
    // In two halves: a comparison of 32 bits is the slowest that there is here.
    more4 <= $signed(score[31:16]) > $signed(limit[31:16]);
    same4 <= score[31:16] == limit[31:16];
    enough4 <= score[15:0] >= limit[15:0];
    upset4 <= upsets != '0;
    last4 <= last3;
    we <= last4;
    if (last4)
      d <= {shadow_score4, limit4, decided[138:107],
            !keep ? 32'd0 : by_prescale && !pass_through ? {7'd0, decided[200:176]} : 32'd1, 6'd0, shadow_keep4, second,
            decided[71:64], set, decided[72], decided[73], upset4, pass_through, malformed, by_prescale, by_score4, keep, score4,
            decided[63:0]};
    if (rst) begin
      i <= '0;
      last1 <= 1'b0;
      last2 <= 1'b0;
      last3 <= 1'b0;
      last4 <= 1'b0;
      we <= 1'b0;
      upsets <= '0;
      weights <= '0;
    end
  end
endmodule
`default_nettype wire
