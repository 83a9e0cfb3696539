// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What vetoc_calibrate multiplies, in the formats of the design, for any word and any maps: 2 cycles later the factor of the stage
// whose number NUMBERS has for the gain bits (4 bits each, 15 for none) or that words of gain say, and how far the ADC value is
// above that stage's pedestal; a factor of 0 where there is no stage, or the value is beyond its limits. The script connects
// what is marked `keep` to the module's own wires.
`default_nettype none
module operands_check #(
    parameter int ADC_BITS = 14,
    parameter int STAGES = 3,
    parameter bit THRESHOLDS = 0,
    parameter logic [2**(16-ADC_BITS)*STAGES-1:0] STAGE_OF = '0,
    parameter logic [2**(16-ADC_BITS)*4-1:0] NUMBERS = '0,
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
    input wire logic                 clk,
    input wire logic [15:0]          word,
    input wire logic [STAGES*PW-1:0] pedestals,
    input wire logic [STAGES*FW-1:0] factors,
    input wire logic [15:0]          gain,
    input wire logic [LIMITS*16-1:0] thresholds
);
  localparam int XW = FSIGNED ? FW : FW + 1;
  localparam int N = (PW > 16 + FRACTION ? PW : 16 + FRACTION) + 2;
  logic pop, take, we;
  logic [AW-1:0] d;
  vetoc_calibrate #(
      .ADC_BITS(ADC_BITS), .STAGES(STAGES), .THRESHOLDS(THRESHOLDS), .STAGE_OF(STAGE_OF), .LEAST(LEAST), .MOST(MOST), .PW(PW),
      .PSIGNED(PSIGNED), .FRACTION(FRACTION), .FW(FW), .FSIGNED(FSIGNED), .DW(DW), .AW(AW)
  ) dut (
      .clk, .rst(1'b0), .valid(1'b1), .q(word), .pedestals, .factors, .gains(gain), .thresholds, .pop, .ok(1'b1), .take, .we, .d);
  (* keep *) logic signed [DW-1:0] difference;
  (* keep *) logic signed [XW-1:0] factor;

  logic [3:0] number;
  logic [15:0] adc;
  logic measures;
  logic [PW-1:0] pedestal;
  logic signed [N-1:0] exact, exact1, exact2;
  logic [FW-1:0] chosen, chosen1, chosen2;
  logic measures1, measures2;
  always_comb begin
    adc = word % (1 << ADC_BITS);
    if (THRESHOLDS) begin
      number = word > adc ? 4'd15 : 4'd0;
      for (int s = 0; s < STAGES - 1; s++) if (word == adc && thresholds[s*16+:16] < gain) number = number + 1'b1;
    end else number = NUMBERS[(word-adc)/(1<<ADC_BITS)*4+:4];
    measures = number < 4'(STAGES) && !(adc < 16'(LEAST[number*ADC_BITS+:ADC_BITS])) && !(adc > 16'(MOST[number*ADC_BITS+:ADC_BITS]));
    chosen = factors[number*FW+:FW];
    pedestal = pedestals[number*PW+:PW];
    exact = $signed(N'(adc)) * (1 << FRACTION) - (PSIGNED ? N'($signed(pedestal)) : $signed(N'(pedestal)));
  end
  always_ff @(posedge clk) begin
    {measures1, measures2} <= {measures, measures1};
    {chosen1, chosen2} <= {chosen, chosen1};
    {exact1, exact2} <= {exact, exact1};
  end
  always_comb begin
    assert (factor == (!measures2 ? '0 : FSIGNED ? XW'($signed(chosen2)) : $signed(XW'(chosen2))));
    assert (!measures2 || N'(difference) == exact2);
  end
endmodule
`default_nettype wire
