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
  logic [W-1:0] past[0:N-1];
  always_ff @(posedge clk) begin
    past[0] <= x;
    for (int i = 1; i < N; i++) past[i] <= past[i-1];
  end
  assign y = past[N-1];
endmodule
`default_nettype wire
