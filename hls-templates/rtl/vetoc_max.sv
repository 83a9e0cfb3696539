// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The largest of N values, lane by lane; `in_d` is [value][lane]. Words pass 1 cycle after `in_we`, without a pause.
`default_nettype none
module vetoc_max #(
    parameter int LANES = 8,
    parameter int W = 8,
    parameter bit SIGNED = 0,
    parameter int N = 4
) (
    input  wire logic                 clk,
    input  wire logic                 rst,
    input  wire logic                 in_we,
    input  wire logic [N*LANES*W-1:0] in_d,
    output logic                      we,
    output logic [LANES*W-1:0]        d
);
  always_ff @(posedge clk) we <= in_we && !rst;
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [W-1:0] best, one;
    always_comb begin
      best = in_d[l*W+:W];
      one = best;
      for (int k = 1; k < N; k++) begin
        one = in_d[(k*LANES+l)*W+:W];
        if (SIGNED ? $signed(one) > $signed(best) : one > best) best = one;
      end
    end
    always_ff @(posedge clk) d[l*W+:W] <= best;
  end
endmodule
`default_nettype wire
