// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A detector's words to exact products, PIXELS a word: the ADC value minus the pedestal of its gain stage (vetoc_gain_stage),
// times the factor of that stage. What measures nothing has a factor of 0. Every event reads a word and its maps and writes; from
// the event to `we`: 4 cycles. Maps lie pixel by pixel, of a pixel one value for each stage. An ADC unit is 2^FRACTION units of a
// pedestal; a difference has DW bits, a product AW, signed: proved of every value within the limits.
`default_nettype none
module vetoc_calibrate #(
    parameter int PIXELS = 1,
    parameter int W = 16,
    parameter int ADC_BITS = 14,
    parameter int STAGES = 3,
    parameter bit THRESHOLDS = 0,
    parameter logic [2**(W-ADC_BITS)*STAGES-1:0] STAGE_OF = '0,
    parameter logic [STAGES*ADC_BITS-1:0] LEAST = '0,
    parameter logic [STAGES*ADC_BITS-1:0] MOST = '1,
    parameter int PW = 19,
    parameter bit PSIGNED = 0,
    parameter int FRACTION = 5,
    parameter int FW = 17,
    parameter bit FSIGNED = 1,
    parameter int DW = 20,
    parameter int AW = 36,
    parameter int LIMITS = STAGES > 1 ? STAGES - 1 : 1
) (
    input  wire logic                       clk,
    input  wire logic                       rst,
    input  wire logic                       valid,
    input  wire logic [PIXELS*W-1:0]        q,
    input  wire logic [PIXELS*STAGES*PW-1:0] pedestals,
    input  wire logic [PIXELS*STAGES*FW-1:0] factors,
    input  wire logic [PIXELS*W-1:0]        gains,
    input  wire logic [PIXELS*LIMITS*W-1:0] thresholds,
    output logic                            pop,
    input  wire logic                       ok,
    output logic                            take,
    output logic                            we,
    output logic [PIXELS*AW-1:0]            d
);
  localparam int XW = FSIGNED ? FW : FW + 1;  // a factor as a signed number
  assign take = valid && ok;
  assign pop = take;
  vetoc_delay #(.N(4)) written (.clk, .rst, .a(take), .y(we));
  for (genvar l = 0; l < PIXELS; l++) begin : g_pixel
    logic [STAGES-1:0] stage1;
    logic [ADC_BITS-1:0] adc1, adc2;
    logic [STAGES*PW-1:0] pedestals1;
    logic [STAGES*FW-1:0] factors1;
    logic [PW-1:0] pedestal1, pedestal2;
    logic [FW-1:0] factor1, factor2;
    vetoc_gain_stage #(
        .W(W), .ADC_BITS(ADC_BITS), .STAGES(STAGES), .THRESHOLDS(THRESHOLDS), .STAGE_OF(STAGE_OF), .LEAST(LEAST), .MOST(MOST)
    ) choice (
        .clk, .word(q[l*W+:W]), .gain(gains[l*W+:W]), .thresholds(thresholds[l*LIMITS*W+:LIMITS*W]), .stage(stage1));
    always_comb begin
      pedestal1 = '0;
      factor1 = '0;
      for (int s = 0; s < STAGES; s++)
        if (stage1[s]) begin
          pedestal1 = pedestal1 | pedestals1[s*PW+:PW];
          factor1 = factor1 | factors1[s*FW+:FW];
        end
    end
    always_ff @(posedge clk) begin
      adc1 <= q[l*W+:ADC_BITS];
      pedestals1 <= pedestals[l*STAGES*PW+:STAGES*PW];
      factors1 <= factors[l*STAGES*FW+:STAGES*FW];
      adc2 <= adc1;
      pedestal2 <= pedestal1;
      factor2 <= factor1;
    end
    logic signed [DW-1:0] pedestal, difference;
    logic signed [XW-1:0] factor;
    assign pedestal = PSIGNED ? DW'($signed(pedestal2)) : $signed(DW'(pedestal2));
    assign factor = FSIGNED ? XW'($signed(factor2)) : $signed(XW'(factor2));
    assign difference = $signed(DW'(adc2) <<< FRACTION) - pedestal;
    /* verilator lint_off UNUSEDSIGNAL */  // bits above those of a product within the limits
    logic signed [DW+XW-1:0] exact;
    /* verilator lint_on UNUSEDSIGNAL */
    vetoc_product #(.A_WIDTH(DW), .B_WIDTH(XW)) product (.clk, .a(difference), .b(factor), .y(exact));
    assign d[l*AW+:AW] = AW'(exact);
  end
endmodule
`default_nettype wire
