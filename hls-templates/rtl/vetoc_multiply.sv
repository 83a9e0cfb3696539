// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// An image of PIXELS times GROUPS words, times a vector of GROUPS words, lane by lane: exact in AW bits. The first events
// of a frame read the vector; the others read a word of the image and write. From the event to `we`: 2 cycles.
`default_nettype none
module vetoc_multiply #(
    parameter int LANES = 8,
    parameter int GROUPS = 1,
    parameter int PIXELS = 64,
    parameter int A_WIDTH = 8,
    parameter bit A_SIGNED = 0,
    parameter int B_WIDTH = 8,
    parameter bit B_SIGNED = 0,
    parameter int AW = 17
) (
    input  wire logic                     clk,
    input  wire logic                     rst,
    input  wire logic                     a_valid,
    input  wire logic [LANES*A_WIDTH-1:0] a_q,
    output logic                          a_pop,
    input  wire logic                     b_valid,
    input  wire logic [LANES*B_WIDTH-1:0] b_q,
    output logic                          b_pop,
    input  wire logic                     ok,
    output logic                          take,
    output logic                          we,
    output logic [LANES*AW-1:0]           d
);
  localparam int GA = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam int PA = PIXELS > 1 ? $clog2(PIXELS) : 1;
  logic [GA-1:0] g;
  logic [PA-1:0] pixel;
  logic streaming, last_g, v1;
  assign last_g = g == GA'(GROUPS - 1);
  assign b_pop = !streaming && b_valid;
  assign take = streaming && a_valid && ok;
  assign a_pop = take;
  always_ff @(posedge clk) begin
    if (take || b_pop) g <= last_g ? '0 : g + 1'b1;
    if (b_pop && last_g) streaming <= 1'b1;
    if (take && last_g) begin
      pixel <= pixel == PA'(PIXELS - 1) ? '0 : pixel + 1'b1;
      if (pixel == PA'(PIXELS - 1)) streaming <= 1'b0;
    end
    v1 <= take;
    we <= v1;
    if (rst) begin
      g <= '0;
      pixel <= '0;
      streaming <= 1'b0;
      v1 <= 1'b0;
      we <= 1'b0;
    end
  end

  logic [LANES*A_WIDTH-1:0] a1;
  logic [LANES*B_WIDTH-1:0] b1;
  if (GROUPS == 1) begin : g_register
    logic [LANES*B_WIDTH-1:0] factors;
    always_ff @(posedge clk) if (b_pop) factors <= b_q;
    always_ff @(posedge clk) b1 <= factors;
  end else begin : g_memory
    (* ram_style = "distributed" *) logic [LANES*B_WIDTH-1:0] factors[0:GROUPS-1];
    always_ff @(posedge clk) if (b_pop) factors[g] <= b_q;
    always_ff @(posedge clk) b1 <= factors[g];
  end
  always_ff @(posedge clk) a1 <= a_q;
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [AW-1:0] a, b;
    assign a = A_SIGNED ? AW'($signed(a1[l*A_WIDTH+:A_WIDTH])) : $signed(AW'(a1[l*A_WIDTH+:A_WIDTH]));
    assign b = B_SIGNED ? AW'($signed(b1[l*B_WIDTH+:B_WIDTH])) : $signed(AW'(b1[l*B_WIDTH+:B_WIDTH]));
    always_ff @(posedge clk) d[l*AW+:AW] <= a * b;
  end
endmodule
`default_nettype wire
