// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The largest of N values, lane by lane; `in_d` is [value][lane]. A register behind each comparison of two: words pass
// ceil(log2 N) cycles after `in_we`, 1 for a single value, without a pause.
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
  localparam int M = (N + 1) / 2;
  logic better_we;
  logic [M*LANES*W-1:0] better;
  always_ff @(posedge clk) better_we <= in_we && !rst;
  for (genvar i = 0; i < M; i++) begin : g_pair
    for (genvar l = 0; l < LANES; l++) begin : g_lane
      logic [W-1:0] one, other, best;
      assign one = in_d[(2*i*LANES+l)*W+:W];
      if (2 * i + 1 < N) begin : g_two
        assign other = in_d[((2*i+1)*LANES+l)*W+:W];
      end else begin : g_odd
        assign other = one;
      end
      always_ff @(posedge clk) best <= (SIGNED ? $signed(other) > $signed(one) : other > one) ? other : one;
      assign better[(i*LANES+l)*W+:W] = best;
    end
  end
  if (M == 1) begin : g_last
    assign we = better_we;
    assign d = better;
  end else begin : g_more
    vetoc_max #(.LANES(LANES), .W(W), .SIGNED(SIGNED), .N(M)) rest (.clk, .rst, .in_we(better_we), .in_d(better), .we, .d);
  end
endmodule
`default_nettype wire
