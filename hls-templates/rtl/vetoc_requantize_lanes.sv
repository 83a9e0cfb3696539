// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_requantize side by side, LANES values a word, each with a constant shift, and with the slope of its channel: a
// pixel is GROUPS words, whose slopes stand in ALPHAS, those of the first word in the low bits. Words pass 3 cycles after
// `in_we` (4 under a leaky ReLU), without a pause.
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
    parameter int GROUPS = 1,
    parameter int LW = 1,
    parameter logic [GROUPS*LANES*LW-1:0] ALPHAS = '0,
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
  logic [LANES*LW-1:0] alphas;
  if (GROUPS == 1) begin : g_one
    assign alphas = ALPHAS;
  end else begin : g_groups
    localparam int GA = $clog2(GROUPS);
    logic [GA-1:0] group;
    logic [LANES*LW-1:0] words[0:GROUPS-1];
    for (genvar i = 0; i < GROUPS; i++) begin : g_word
      assign words[i] = ALPHAS[i*LANES*LW+:LANES*LW];
    end
    assign alphas = words[group];
    always_ff @(posedge clk)
      if (rst) group <= '0;
      else if (in_we) group <= group == GA'(GROUPS - 1) ? '0 : group + 1'b1;
  end
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [AW-1:0] acc;
    assign acc = ISIGNED ? AW'($signed(in_d[l*IW+:IW])) : $signed(AW'(in_d[l*IW+:IW]));
    vetoc_requantize #(
        .AW(AW), .SW(SW), .MAXSHIFT(MAXSHIFT), .DROP(DROP), .OW(OW), .OSIGNED(OSIGNED), .ROUNDING(ROUNDING),
        .OVERFLOW(OVERFLOW), .ACTIVATION(ACTIVATION), .MIN(MIN), .MAX(MAX), .LW(LW),
        .ALPHA_FRACTION(ALPHA_FRACTION)
    ) round (.clk, .acc, .shift(SHIFT[l*SW+:SW]), .alpha(alphas[l*LW+:LW]), .y(d[l*OW+:OW]));
  end
endmodule
`default_nettype wire
