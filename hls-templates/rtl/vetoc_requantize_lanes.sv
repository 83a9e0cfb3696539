// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_requantize side by side, LANES values a word, each with a constant shift. Words pass 3 cycles after `in_we` (4
// under a leaky ReLU), without a pause.
`default_nettype none
module vetoc_requantize_lanes #(
    parameter int LANES = 1,
    parameter int IW = 20,
    parameter bit ISIGNED = 1,
    parameter int SW = 1,
    parameter logic [LANES*SW-1:0] SHIFT = '0,
    parameter int MAXSHIFT = 0,
    parameter int DROP = 9,
    parameter int OW = 8,
    parameter bit OSIGNED = 0,
    parameter int ROUNDING = 0,
    parameter int OVERFLOW = 0,
    parameter int ACTIVATION = 0,
    parameter int MIN = 0,
    parameter int MAX = 0,
    parameter int ALPHA = 0,
    parameter int ALPHA_FRACTION = 0
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                in_we,
    input  wire logic [LANES*IW-1:0] in_d,
    output logic                     we,
    output logic [LANES*OW-1:0]      d
);
  localparam int AW = ISIGNED ? IW : IW + 1;
  vetoc_delay #(.N(ACTIVATION == 3 ? 4 : 3)) valid (.clk, .rst, .a(in_we), .y(we));
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [AW-1:0] acc;
    assign acc = ISIGNED ? AW'($signed(in_d[l*IW+:IW])) : $signed(AW'(in_d[l*IW+:IW]));
    vetoc_requantize #(
        .AW(AW), .SW(SW), .MAXSHIFT(MAXSHIFT), .DROP(DROP), .OW(OW), .OSIGNED(OSIGNED), .ROUNDING(ROUNDING),
        .OVERFLOW(OVERFLOW), .ACTIVATION(ACTIVATION), .MIN(MIN), .MAX(MAX), .ALPHA(ALPHA),
        .ALPHA_FRACTION(ALPHA_FRACTION)
    ) round (.clk, .acc, .shift(SHIFT[l*SW+:SW]), .y(d[l*OW+:OW]));
  end
endmodule
`default_nettype wire
