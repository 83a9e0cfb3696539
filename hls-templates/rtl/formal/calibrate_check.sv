// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_calibrate and the rounding behind it against integers, two pixels of any words and maps: the stage by its number, what
// pedestal and ADC value are times the factor apart, the nearest count by what is left over, a tie to the even one, within the
// format. 7 cycles later the counts must stand there.
`default_nettype none
module calibrate_check #(
    parameter int W = 5,
    parameter int ADC_BITS = 3,
    parameter int STAGES = 3,
    parameter bit THRESHOLDS = 0,
    parameter logic [2**(W-ADC_BITS)*STAGES-1:0] STAGE_OF = '0,
    parameter logic [STAGES*ADC_BITS-1:0] LEAST = '0,
    parameter logic [STAGES*ADC_BITS-1:0] MOST = '1,
    parameter int PW = 3,
    parameter int FRACTION = 1,
    parameter int FW = 3,
    parameter int DW = 5,
    parameter int AW = 7,
    parameter int DROP = 2,
    parameter int OW = 3
) (
    input wire logic                     clk,
    input wire logic [2*W-1:0]           words,
    input wire logic [2*STAGES*PW-1:0]   pedestals,
    input wire logic [2*STAGES*FW-1:0]   factors,
    input wire logic [2*W-1:0]           gains,
    input wire logic [2*(STAGES-1)*W-1:0] thresholds
);
  localparam int CYCLES = 7;
  localparam int N = 12;
  logic pop, take, product_we, we;
  logic [2*AW-1:0] product;
  logic [2*OW-1:0] counts;
  vetoc_calibrate #(
      .PIXELS(2), .W(W), .ADC_BITS(ADC_BITS), .STAGES(STAGES), .THRESHOLDS(THRESHOLDS), .STAGE_OF(STAGE_OF), .LEAST(LEAST),
      .MOST(MOST), .PW(PW), .FRACTION(FRACTION), .FW(FW), .DW(DW), .AW(AW)
  ) dut (
      .clk, .rst(1'b0), .valid(1'b1), .q(words), .pedestals, .factors, .gains, .thresholds, .pop, .ok(1'b1), .take, .we(product_we),
      .d(product));
  vetoc_requantize_lanes #(.LANES(2), .IW(AW), .DROP(DROP), .OW(OW)) round (
      .clk, .rst(1'b0), .in_we(product_we), .in_d(product), .we, .d(counts));

  for (genvar l = 0; l < 2; l++) begin : g_pixel
    logic [W-1:0] word;
    logic signed [N-1:0] number, adc, pedestal, factor, exact, below, left, count;
    logic measures;
    assign word = words[l*W+:W];
    assign adc = $signed(N'(word[ADC_BITS-1:0]));
    always_comb begin
      number = -1;
      if (THRESHOLDS) begin
        if (word < 2 ** ADC_BITS) begin
          number = 0;
          for (int s = 0; s < STAGES - 1; s++)
            if (thresholds[(l*(STAGES-1)+s)*W+:W] < gains[l*W+:W]) number = number + 1;
        end
      end else begin
        for (int s = 0; s < STAGES; s++)
          for (int c = 0; c < 2 ** (W - ADC_BITS); c++)
            if (STAGE_OF[c*STAGES+s] && word >= W'(c * 2 ** ADC_BITS) && word - W'(c * 2 ** ADC_BITS) < 2 ** ADC_BITS) number = s;
      end
      measures = 1'b0;
      pedestal = '0;
      factor = '0;
      for (int s = 0; s < STAGES; s++)
        if (number == s) begin
          measures = !(adc < $signed(N'(LEAST[s*ADC_BITS+:ADC_BITS])) || adc > $signed(N'(MOST[s*ADC_BITS+:ADC_BITS])));
          pedestal = $signed(N'(pedestals[(l*STAGES+s)*PW+:PW]));
          factor = N'($signed(factors[(l*STAGES+s)*FW+:FW]));
        end
      exact = (adc * factor) * (2 ** FRACTION) - pedestal * factor;
      below = exact >>> DROP;
      left = exact - (below <<< DROP);
      count = 2 * left > 2 ** DROP || (2 * left == 2 ** DROP && below[0]) ? below + 1 : below;
      if (count < 0 || !measures) count = '0;
      if (count > 2 ** OW - 1) count = 2 ** OW - 1;
    end
    logic [OW-1:0] expected[0:CYCLES];
    assign expected[0] = count[OW-1:0];
    for (genvar i = 0; i < CYCLES; i++) begin : g_later
      always_ff @(posedge clk) expected[i+1] <= expected[i];
    end
    always_comb assert (counts[l*OW+:OW] == expected[CYCLES]);
  end
endmodule
`default_nettype wire
