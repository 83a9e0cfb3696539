// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// `y` is the word `x` of N cycles ago.
`default_nettype none
module vetoc_later #(
    parameter int W = 1,
    parameter int N = 1
) (
    input  wire logic         clk,
    input  wire logic [W-1:0] x,
    output logic [W-1:0]      y
);
  if (N == 1) begin : g_one
    always_ff @(posedge clk) y <= x;
  end else begin : g_more
    logic [N*W-1:0] past;
    always_ff @(posedge clk) past <= {past[(N-1)*W-1:0], x};
    assign y = past[(N-1)*W+:W];
  end
endmodule
`default_nettype wire
