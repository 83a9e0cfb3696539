// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The decision: score = max(hit logits) - max(miss logits); keep when score >= threshold, when the frame was malformed,
// or when the firmware only counts (pass-through). Every event reads LANES logits; the last of a frame also reads the
// frame's status and writes. From the event to `we`: 4 cycles.
// mode: bit 0 pass-through, bit 1 the register's threshold instead of the trained one, bit 2 counters start from 0.
`default_nettype none
module vetoc_decide #(
    parameter int LW = 16,
    parameter bit LSIGNED = 1,
    parameter int LANES = 1,
    parameter int WORDS = 2,
    parameter logic [LANES*WORDS-1:0] HIT = '0,   // class by class
    parameter logic signed [31:0] TRAINED = 0
) (
    input  wire logic               clk,
    input  wire logic               rst,
    input  wire logic               valid,
    input  wire logic [LANES*LW-1:0] q,
    output logic                    pop,
    input  wire logic               status_valid,
    input  wire logic               status_q,
    output logic                    status_pop,
    input  wire logic [2:0]         mode,
    input  wire logic signed [31:0] threshold,
    output logic [63:0]             frame_count,
    output logic [63:0]             kept_count,
    output logic [63:0]             vetoed_count,
    output logic [63:0]             malformed_count,
    input  wire logic               ok,
    output logic                    take,
    output logic                    we,
    output logic [127:0]            d
);
  localparam int A = WORDS > 1 ? $clog2(WORDS) : 1;
  localparam int XW = LW + (LSIGNED ? 0 : 1);
  localparam logic signed [XW-1:0] LOWEST = LSIGNED ? {1'b1, {XW - 1{1'b0}}} : '0;
  logic [A-1:0] i;
  logic [LANES-1:0] hits[0:WORDS-1];
  for (genvar k = 0; k < WORDS; k++) begin : g_word
    assign hits[k] = HIT[k*LANES+:LANES];
  end
  logic last, fire;
  assign last = i == A'(WORDS - 1);
  assign fire = valid && (!last || (ok && status_valid));
  assign pop = fire;
  assign status_pop = fire && last;
  assign take = fire && last;

  // The best of both sorts.
  logic v1, first1, last1, bad1;
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

  // Score, decision, counters.
  logic last2, bad2, last3, bad3, wanted;
  logic signed [31:0] score3, limit3;
  assign wanted = bad3 || score3 >= limit3;
  always_ff @(posedge clk) begin
    v1 <= fire;
    x1 <= q;
    hits1 <= hits[i];
    first1 <= i == '0;
    last1 <= take;
    bad1 <= status_q;
    if (fire) i <= last ? '0 : i + 1'b1;
    if (v1) begin
      hit2 <= hit_next;
      miss2 <= miss_next;
    end
    last2 <= last1;
    bad2 <= bad1;
    score3 <= 32'(hit2) - 32'(miss2);
    limit3 <= mode[1] ? threshold : TRAINED;
    last3 <= last2;
    bad3 <= bad2;
    we <= last3;
    if (last3) begin
      d <= {62'b0, bad3, wanted || mode[0], score3, mode[2] ? 32'd0 : frame_count[31:0]};
      frame_count <= (mode[2] ? 64'd0 : frame_count) + 64'd1;
      kept_count <= (mode[2] ? 64'd0 : kept_count) + 64'(wanted);
      vetoed_count <= (mode[2] ? 64'd0 : vetoed_count) + 64'(!wanted);
      malformed_count <= (mode[2] ? 64'd0 : malformed_count) + 64'(bad3);
    end
    if (rst) begin
      i <= '0;
      v1 <= 1'b0;
      last1 <= 1'b0;
      last2 <= 1'b0;
      last3 <= 1'b0;
      we <= 1'b0;
      frame_count <= '0;
      kept_count <= '0;
      vetoed_count <= '0;
      malformed_count <= '0;
    end
  end
endmodule
`default_nettype wire
