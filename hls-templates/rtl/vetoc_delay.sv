// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// `y` is `a` of N cycles ago; nothing after a reset.
`default_nettype none
module vetoc_delay #(
    parameter int N = 1
) (
    input  wire logic clk,
    input  wire logic rst,
    input  wire logic a,
    output logic      y
);
  if (N == 1) begin : g_one
    always_ff @(posedge clk) y <= a && !rst;
  end else begin : g_more
    logic [N-1:0] past;
    always_ff @(posedge clk) past <= rst ? '0 : {past[N-2:0], a};
    assign y = past[N-1];
  end
endmodule
`default_nettype wire
