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
  logic v1, first1;
  logic [LANES*LW-1:0] x1;
  logic [LANES-1:0] hits1;
  logic signed [XW-1:0] hit2, miss2, hit_next, miss_next, x;
  // The best of both sorts.
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
  assign score = 32'(hit2) - 32'(miss2);
  always_ff @(posedge clk) begin
    v1 <= pop;
    x1 <= q;
    hits1 <= hits;
    first1 <= first;
    if (v1) begin
      hit2 <= hit_next;
      miss2 <= miss_next;
    end
  end
endmodule
`default_nettype wire
