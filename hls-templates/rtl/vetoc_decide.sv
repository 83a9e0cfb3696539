// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The decision: score = max(hit logits) - max(miss logits); keep when score >= threshold, when the frame was malformed, when a
// memory holds a flipped bit, when the prescale chooses it, or when the firmware only counts (pass-through).
// Every event reads LANES logits; the last of a frame also reads its packet (vetoc_prescale) and writes. A packet without
// pixels has no logits: an event of its own answers it, with score 0. From the event to `we`: 5 cycles. The fields of the
// decision word and the mode bits stand in registers.h; decisions are at least 8 cycles apart.
`default_nettype none
module vetoc_decide #(
    parameter int LW = 16,
    parameter bit LSIGNED = 1,
    parameter int LANES = 1,
    parameter int WORDS = 2,
    parameter bit RELOADABLE = 0,               // the last event of a frame also reads its set of weights
    parameter logic [LANES*WORDS-1:0] HIT = '0  // class by class
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                valid,
    input  wire logic [LANES*LW-1:0] q,
    output logic                     pop,
    input  wire logic                packet_valid,
    input  wire logic [201:0]        packet_q,
    output logic                     packet_pop,
    input  wire logic signed [31:0]  threshold,
    input  wire logic signed [31:0]  trained,   // the threshold that belongs to the weights
    input  wire logic                set_valid,
    input  wire logic [7:0]          set_q,
    output logic                     set_pop,
    input  wire logic [31:0]         memories,  // those in which a flipped bit was found
    input  wire logic                ok,
    output logic                     take,
    output logic                     we,
    output logic [255:0]             d,
    output logic [201:0]             decided,   // the packet of `d`
    output logic [31:0]              upsets     // what its decision knew of the memories
);
  localparam int A = WORDS > 1 ? $clog2(WORDS) : 1;
  localparam int XW = LW + (LSIGNED ? 0 : 1);
  localparam logic signed [XW-1:0] LOWEST = LSIGNED ? {1'b1, {XW - 1{1'b0}}} : '0;
  logic [A-1:0] i;
  logic [LANES-1:0] hits[0:WORDS-1];
  for (genvar k = 0; k < WORDS; k++) begin : g_word
    assign hits[k] = HIT[k*LANES+:LANES];
  end
  logic last, empty;
  logic [7:0] weights;  // with which they are decided
  assign last = i == A'(WORDS - 1);
  assign empty = packet_valid && packet_q[74];
  assign pop = valid && (!last || (ok && packet_valid && !empty && (set_valid || !RELOADABLE)));
  assign packet_pop = ok && packet_valid && (empty || (pop && last));
  assign set_pop = pop && last;
  assign take = packet_pop;

  // The best of both sorts.
  logic v1, first1;
  logic [LANES*LW-1:0] x1;
  logic [LANES-1:0] hits1;
  logic signed [XW-1:0] hit2, miss2, hit_next, miss_next, x;
  always_comb begin
    hit_next = first1 ? LOWEST : hit2;
    miss_next = first1 ? LOWEST : miss2;
    x = LOWEST;
    for (int l = 0; l < LANES; l++) begin
      x = LSIGNED ? XW'($signed(x1[l*LW+:LW])) : $signed(XW'(x1[l*LW+:LW]));
      if (hits1[l] && x > hit_next) hit_next = x;
      if (!hits1[l] && x > miss_next) miss_next = x;
    end
  end

  // Score and reasons. The packet stands still meanwhile.
  logic last1, last2, last3, last4, malformed, pass_through;
  logic signed [31:0] score3, limit3, score4, limit4;
  logic by_score4, upset4, wanted, by_prescale, keep;
  assign malformed = decided[71:64] != '0;
  assign pass_through = decided[171];
  assign wanted = by_score4 || malformed || upset4;
  assign by_prescale = !wanted && decided[175];
  assign keep = wanted || by_prescale || pass_through;
  always_ff @(posedge clk) begin
    v1 <= pop;
    x1 <= q;
    hits1 <= hits[i];
    first1 <= i == '0;
    if (pop) i <= last ? '0 : i + 1'b1;
    if (v1) begin
      hit2 <= hit_next;
      miss2 <= miss_next;
    end
    if (packet_pop) decided <= packet_q;
    if (set_pop && RELOADABLE) weights <= set_q;
    last1 <= take;
    last2 <= last1;
    score3 <= decided[74] ? '0 : 32'(hit2) - 32'(miss2);
    limit3 <= decided[172] ? threshold : trained;
    last3 <= last2;
    // A packet without pixels brings no news of the memories.
    if (last2 && !decided[74]) upsets <= memories;
    score4 <= score3;
    limit4 <= limit3;
    by_score4 <= !malformed && score3 >= limit3;
    upset4 <= upsets != '0;
    last4 <= last3;
    we <= last4;
    if (last4)
      d <= {32'd0, limit4, decided[138:107], !keep ? 32'd0 : by_prescale && !pass_through ? {7'd0, decided[200:176]} : 32'd1,
            8'd0, decided[71:64], weights, decided[72], decided[73], upset4, pass_through, malformed, by_prescale, by_score4,
            keep, score4, decided[63:0]};
    if (rst) begin
      i <= '0;
      v1 <= 1'b0;
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
