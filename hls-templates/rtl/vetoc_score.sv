// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The score of a network: max(hit logits) - max(miss logits). With each `pop` LANES logits of a frame come, `first` with those
// that begin it, `hits` with the classes that are hits. 2 cycles after the last ones `score` is that of the frame.
`default_nettype none
module vetoc_score #(
    parameter int LW = 16,
    parameter bit LSIGNED = 1,
    parameter int LANES = 1
) (
    input  wire logic                clk,
    input  wire logic                pop,
    input  wire logic                first,
    input  wire logic [LANES-1:0]    hits,
    input  wire logic [LANES*LW-1:0] q,
    output logic signed [31:0]       score
);
  localparam int XW = LW + (LSIGNED ? 0 : 1);
  localparam logic signed [XW-1:0] LOWEST = LSIGNED ? {1'b1, {XW - 1{1'b0}}} : '0;
  // The best of both sorts among the lanes: the better one of each two of a tree, whose leaves are the lanes.
  logic signed [XW-1:0] hit_of[1:2*LANES-1];
  logic signed [XW-1:0] miss_of[1:2*LANES-1];
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [XW-1:0] x;
    assign x = LSIGNED ? XW'($signed(q[l*LW+:LW])) : $signed(XW'(q[l*LW+:LW]));
    assign hit_of[LANES+l] = hits[l] ? x : LOWEST;
    assign miss_of[LANES+l] = hits[l] ? LOWEST : x;
  end
  for (genvar k = 1; k < LANES; k++) begin : g_better
    assign hit_of[k] = hit_of[2*k] > hit_of[2*k+1] ? hit_of[2*k] : hit_of[2*k+1];
    assign miss_of[k] = miss_of[2*k] > miss_of[2*k+1] ? miss_of[2*k] : miss_of[2*k+1];
  end

  // The best so far.
  logic v1, first1;
  logic signed [XW-1:0] hit1, miss1, hit2, miss2;
  assign score = 32'(hit2) - 32'(miss2);
  always_ff @(posedge clk) begin
    v1 <= pop;
    hit1 <= hit_of[1];
    miss1 <= miss_of[1];
    first1 <= first;
    if (v1 && (first1 || hit1 > hit2)) hit2 <= hit1;
    if (v1 && (first1 || miss1 > miss2)) miss2 <= miss1;
  end
endmodule
`default_nettype wire
