// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Time-multiplexed multipliers of convolutions and dense layers. A vector is GROUPS times WORDS words of TAPS values; in
// a cycle PART = TAPS / TAP_FOLD values meet OUT_LANES weights each, OUT_FOLD times. Depthwise, a word is [tap][lane] and
// each lane meets weights of its own.
// The first event of a word reads; the events of the last part of the last word of a group write, one output word each.
// Weights come from a memory 1 cycle after their address (2 if EARLY), constants ({slopes, shifts, biases} of the lanes;
// slopes where they are CHANNELWISE) 2 cycles after theirs.
// From the event to `we`: 7 + ceil(log2 PART) cycles, and 1 more under a leaky ReLU.
`default_nettype none
module vetoc_matvec #(
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter int WW = 8,
    parameter bit DSP = 1,
    parameter bit DEPTHWISE = 0,
    parameter int GROUPS = 1,
    parameter int WORDS = 1,
    parameter int TAPS = 9,
    parameter int TAP_FOLD = 1,
    parameter int OUT_LANES = 1,
    parameter int OUT_FOLD = 1,
    parameter bit EARLY = 0,      // weights are asked for a cycle before their event
    parameter bit RELOADABLE = 0, // two banks of weights and constants, see vetoc_matvec_control
    parameter int VECTORS = 1,
    parameter int AW = 20,        // holds every partial sum: proved
    parameter int BW = 14,
    parameter int SW = 3,
    parameter int MAXSHIFT = 1,
    parameter int DROP = 8,
    parameter int OW = 8,
    parameter bit OSIGNED = 0,
    parameter int ROUNDING = 0,
    parameter int OVERFLOW = 0,
    parameter int ACTIVATION = 0,
    parameter int MIN = 0,
    parameter int MAX = 0,
    parameter bit CHANNELWISE = 0,
    parameter int LW = 1,
    parameter logic signed [LW-1:0] ALPHA = '0,
    parameter int ALPHA_FRACTION = 0,
    parameter int CW = CHANNELWISE ? LW : 0,
    parameter int PART = TAPS / TAP_FOLD / (DEPTHWISE ? OUT_LANES : 1),
    parameter int STEPS = GROUPS * WORDS * TAP_FOLD * OUT_FOLD,
    parameter int SA = STEPS > 1 ? $clog2(STEPS) : 1,
    parameter int CHANNELS = GROUPS * OUT_FOLD,
    parameter int CA = CHANNELS > 1 ? $clog2(CHANNELS) : 1
) (
    input  wire logic                         clk,
    input  wire logic                         rst,
    input  wire logic                         valid,
    input  wire logic [TAPS*IW-1:0]           q,
    output logic                              pop,
    output logic [SA-1:0]                     step,
    input  wire logic [OUT_LANES*PART*WW-1:0] weights,
    output logic [CA-1:0]                     channel,
    input  wire logic [OUT_LANES*(CW+SW+BW)-1:0] constants,
    input  wire logic                         set_valid,
    input  wire logic                         set_bank,
    output logic                              set_pop,
    output logic                              bank,           // of `step`
    output logic                              channel_bank,   // of `channel`
    input  wire logic                         ok,
    output logic                              take,
    output logic                              we,
    output logic [OUT_LANES*OW-1:0]           d
);
  localparam int L = $clog2(PART);
  localparam int TA = TAP_FOLD > 1 ? $clog2(TAP_FOLD) : 1;
  localparam int SLICE = TAPS / TAP_FOLD * IW;

  // Control, and the values of a cycle one cycle after their event: the products register them once more.
  logic [TA-1:0] t;
  logic [CA-1:0] channel0;
  logic fire, first, last;
  vetoc_matvec_control #(
      .GROUPS(GROUPS), .WORDS(WORDS), .TAP_FOLD(TAP_FOLD), .OUT_FOLD(OUT_FOLD), .RELOADABLE(RELOADABLE), .EARLY(EARLY),
      .VECTORS(VECTORS)
  ) control (
      .clk, .rst, .valid, .ok, .set_valid, .set_bank, .set_pop, .bank, .fire, .pop, .take, .first, .last, .t,
      .channel(channel0), .step);

  logic [TAPS*IW-1:0] x1;
  logic [SLICE-1:0] part1;
  always_ff @(posedge clk) if (pop) x1 <= q;
  if (TAP_FOLD == 1) begin : g_all
    logic unused;
    assign unused = &{1'b0, t};
    assign part1 = x1;
  end else begin : g_part
    // A table, not a part-select: an index times a stride would become a multiplier.
    logic [TA-1:0] t1;
    logic [SLICE-1:0] parts[0:TAP_FOLD-1];
    for (genvar i = 0; i < TAP_FOLD; i++) begin : g_slice
      assign parts[i] = x1[i*SLICE+:SLICE];
    end
    always_ff @(posedge clk) t1 <= t;
    assign part1 = parts[t1];
  end

  // What the control says, at the time of the sum; the constants, at the same time.
  logic v_sum, first_sum;
  vetoc_delay #(.N(3 + L)) delay_fire (.clk, .rst, .a(fire), .y(v_sum));
  vetoc_delay #(.N(3 + L)) delay_first (.clk, .rst, .a(first), .y(first_sum));
  vetoc_delay #(.N(7 + L + (ACTIVATION == 3 ? 1 : 0))) delay_last (.clk, .rst, .a(last), .y(we));
  vetoc_later #(.W(CA), .N(1 + L)) delay_channel (.clk, .x(channel0), .y(channel));
  vetoc_later #(.W(1), .N(1 + L)) delay_bank (.clk, .x(bank), .y(channel_bank));
  logic [OUT_LANES*BW-1:0] biases;
  logic [OUT_LANES*SW-1:0] shifts, shifts1;
  assign {shifts, biases} = constants[OUT_LANES*(SW+BW)-1:0];
  logic [OUT_LANES*LW-1:0] alphas1;
  if (CHANNELWISE) begin : g_slopes
    always_ff @(posedge clk) alphas1 <= constants[OUT_LANES*(SW+BW)+:OUT_LANES*LW];
  end else begin : g_slope
    assign alphas1 = {OUT_LANES{ALPHA}};
  end
  always_ff @(posedge clk) shifts1 <= shifts;

  for (genvar p = 0; p < OUT_LANES; p++) begin : g_lane
    logic [PART*IW-1:0] own;
    for (genvar k = 0; k < PART; k++) begin : g_value
      assign own[k*IW+:IW] = part1[(DEPTHWISE ? k * OUT_LANES + p : k) * IW+:IW];
    end
    logic signed [AW-1:0] sum1;
    vetoc_accumulate #(
        .N(PART), .IW(IW), .ISIGNED(ISIGNED), .WW(WW), .DSP(DSP), .AW(AW), .BW(BW), .OUT_FOLD(OUT_FOLD)
    ) accumulate (
        .clk, .rst, .x(own), .weights(weights[p*PART*WW+:PART*WW]), .valid(v_sum), .first(first_sum),
        .bias(biases[p*BW+:BW]), .sum(sum1));
    vetoc_requantize #(
        .AW(AW), .SW(SW), .MAXSHIFT(MAXSHIFT), .DROP(DROP), .OW(OW), .OSIGNED(OSIGNED), .ROUNDING(ROUNDING),
        .OVERFLOW(OVERFLOW), .ACTIVATION(ACTIVATION), .MIN(MIN), .MAX(MAX), .LW(LW),
        .ALPHA_FRACTION(ALPHA_FRACTION)
    ) round (.clk, .acc(sum1), .shift(shifts1[p*SW+:SW]), .alpha(alphas1[p*LW+:LW]), .y(d[p*OW+:OW]));
  end
endmodule
`default_nettype wire
