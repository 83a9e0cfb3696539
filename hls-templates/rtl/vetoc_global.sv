// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The largest value (SUM = 0) or the sum (SUM = 1) of a whole image, channel by channel: PIXELS times GROUPS words of
// LANES channels. Every event reads; those of the last pixel write the results at once.
// From the event to `we`: 2 cycles.
`default_nettype none
module vetoc_global #(
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter bit SUM = 0,
    parameter int LANES = 6,
    parameter int GROUPS = 4,
    parameter int PIXELS = 256,
    parameter int OW = 8
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                valid,
    input  wire logic [LANES*IW-1:0] q,
    output logic                     pop,
    input  wire logic                ok,
    output logic                     take,
    output logic                     we,
    output logic [LANES*OW-1:0]      d
);
  localparam int GA = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam int PA = PIXELS > 1 ? $clog2(PIXELS) : 1;
  logic [GA-1:0] g, g1;
  logic [PA-1:0] i;
  logic last_g, last, fire, v1, first1;
  assign last_g = g == GA'(GROUPS - 1);
  assign last = i == PA'(PIXELS - 1);
  assign fire = valid && (ok || !last);
  assign pop = fire;
  assign take = fire && last;

  logic [LANES*IW-1:0] x1;
  logic [LANES*OW-1:0] earlier1, now1;
  vetoc_delay #(.N(2)) written (.clk, .rst, .a(take), .y(we));
  always_ff @(posedge clk) begin
    v1 <= fire;
    g1 <= g;
    x1 <= q;
    first1 <= i == '0;
    if (v1) d <= now1;
    if (fire) begin
      g <= last_g ? '0 : g + 1'b1;
      if (last_g) i <= last ? '0 : i + 1'b1;
    end
    if (rst) begin
      v1 <= 1'b0;
      g <= '0;
      i <= '0;
    end
  end
  if (GROUPS == 1) begin : g_register
    logic unused;
    assign unused = &{1'b0, g1};
    assign earlier1 = d;
  end else begin : g_memory
    (* ram_style = "distributed" *) logic [LANES*OW-1:0] results[0:GROUPS-1];
    assign earlier1 = results[g1];
    always_ff @(posedge clk) if (v1) results[g1] <= now1;
  end
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [OW-1:0] x, past;
    assign x = ISIGNED ? OW'($signed(x1[l*IW+:IW])) : $signed(OW'(x1[l*IW+:IW]));
    assign past = earlier1[l*OW+:OW];
    if (SUM) begin : g_sum
      assign now1[l*OW+:OW] = first1 ? x : past + x;
    end else begin : g_max
      logic larger;
      assign larger = ISIGNED ? x > past : $unsigned(x) > $unsigned(past);
      assign now1[l*OW+:OW] = first1 || larger ? x : past;
    end
  end
endmodule
`default_nettype wire
