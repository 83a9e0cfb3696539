// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The gain stage that a detector's word is of, one hot, 1 cycle later: none where the word measures nothing, since its gain bits
// mean no stage or its ADC value is beyond the limits of its stage.
// The low ADC_BITS of a word are its ADC value, those above its gain bits. STAGE_OF has for each of their values the stage, one
// hot, that of 0 in the low bits. With THRESHOLDS the stage is the number of thresholds that the word of gain is above, and gain
// bits that are not 0 mean none.
`default_nettype none
module vetoc_gain_stage #(
    parameter int W = 16,
    parameter int ADC_BITS = 14,
    parameter int STAGES = 3,
    parameter bit THRESHOLDS = 0,
    parameter logic [2**(W-ADC_BITS)*STAGES-1:0] STAGE_OF = '0,
    parameter logic [STAGES*ADC_BITS-1:0] LEAST = '0,
    parameter logic [STAGES*ADC_BITS-1:0] MOST = '1,
    parameter int LIMITS = STAGES > 1 ? STAGES - 1 : 1
) (
    input  wire logic                clk,
    input  wire logic [W-1:0]        word,
    input  wire logic [W-1:0]        gain,
    input  wire logic [LIMITS*W-1:0] thresholds,
    output logic [STAGES-1:0]        stage
);
  logic [W-1:0] code;
  logic [ADC_BITS-1:0] adc;
  logic [STAGES-1:0] means, measures;
  assign code = word >> ADC_BITS;
  assign adc = word[ADC_BITS-1:0];
  if (THRESHOLDS) begin : g_thresholds
    logic [1:0] above;
    always_comb begin
      above = '0;
      for (int s = 0; s < LIMITS; s++) above = above + 2'(gain > thresholds[s*W+:W]);
      for (int s = 0; s < STAGES; s++) means[s] = code == '0 && above == 2'(s);
    end
  end else begin : g_bits
    logic unused;
    assign unused = &{1'b0, gain, thresholds};
    always_comb begin
      means = '0;
      for (int c = 0; c < 2 ** (W - ADC_BITS); c++) if (code == W'(c)) means = STAGE_OF[c*STAGES+:STAGES];
    end
  end
  always_comb
    for (int s = 0; s < STAGES; s++)
      measures[s] = adc >= LEAST[s*ADC_BITS+:ADC_BITS] && adc <= MOST[s*ADC_BITS+:ADC_BITS];
  always_ff @(posedge clk) stage <= means & measures;
endmodule
`default_nettype wire
