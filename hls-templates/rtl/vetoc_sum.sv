// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Exact sum of N signed values, a register behind each addition: ceil(log2 N) cycles.
`default_nettype none
module vetoc_sum #(
    parameter int N = 9,
    parameter int W = 16,
    parameter int OW = W + $clog2(N)
) (
    input  wire logic           clk,
    input  wire logic [N*W-1:0] x,
    output logic signed [OW-1:0] y
);
  if (N == 1) begin : g_one
    logic unused;
    assign unused = clk;
    assign y = OW'($signed(x));
  end else begin : g_more
    localparam int M = (N + 1) / 2;
    logic [M*(W+1)-1:0] halves;
    for (genvar i = 0; i < M; i++) begin : g_pair
      logic signed [W-1:0] a, b;
      logic signed [W:0] both;
      assign a = x[2*i*W+:W];
      if (2 * i + 1 < N) begin : g_two
        assign b = x[(2*i+1)*W+:W];
      end else begin : g_odd
        assign b = '0;
      end
      always_ff @(posedge clk) both <= (W+1)'(a) + (W+1)'(b);
      assign halves[i*(W+1)+:W+1] = both;
    end
    vetoc_sum #(.N(M), .W(W + 1), .OW(OW)) rest (.clk, .x(halves), .y);
  end
endmodule
`default_nettype wire
