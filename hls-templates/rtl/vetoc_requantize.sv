// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Exact accumulator -> activation -> alignment -> the one rounding of the stage -> overflow, as ap_fixed does them.
// 3 registers (4 under a leaky ReLU), no pause. `shift` is the left shift that brings the channel to the common fraction,
// `alpha` its slope.
//   ROUNDING    0 AP_RND_CONV  1 AP_RND  2 AP_RND_ZERO  3 AP_RND_MIN_INF  4 AP_RND_INF  5 AP_TRN  6 AP_TRN_ZERO
//   OVERFLOW    0 AP_SAT  1 AP_SAT_ZERO  2 AP_SAT_SYM  3 AP_WRAP  4 AP_WRAP_SM
//   ACTIVATION  0 none  1 ReLU  2 clip to [MIN, MAX] after rounding  3 leaky ReLU: alpha * 2^-ALPHA_FRACTION below 0
`default_nettype none
module vetoc_requantize #(
    parameter int AW = 20,        // accumulator
    parameter int SW = 1,
    parameter int MAXSHIFT = 0,
    parameter int DROP = 9,       // fraction bits that rounding removes; below 0: zeros that are appended
    parameter int OW = 8,
    parameter bit OSIGNED = 0,
    parameter int ROUNDING = 0,
    parameter int OVERFLOW = 0,
    parameter int ACTIVATION = 0,
    parameter int MIN = 0,
    parameter int MAX = 0,
    parameter int LW = 1,         // slope
    parameter int ALPHA_FRACTION = 0
) (
    input  wire logic                 clk,
    input  wire logic signed [AW-1:0] acc,
    input  wire logic [SW-1:0]        shift,
    input  wire logic signed [LW-1:0] alpha,
    output logic [OW-1:0]             y
);
  localparam int D = DROP > 0 ? DROP : 0;
  localparam int U = DROP < 0 ? -DROP : 0;
  localparam int EW = AW + MAXSHIFT > D + 1 ? AW + MAXSHIFT : D + 1;
  localparam int RW = EW - D + U + 1 > OW + 2 ? EW - D + U + 1 : OW + 2;
  localparam logic signed [RW-1:0] ONE = 1;
  localparam logic signed [RW-1:0] HIGH = OSIGNED ? (ONE <<< (OW - 1)) - ONE : (ONE <<< OW) - ONE;
  localparam logic signed [RW-1:0] BOTTOM = OSIGNED ? -(ONE <<< (OW - 1)) : '0;
  localparam logic signed [RW-1:0] LOW = OVERFLOW == 2 && OSIGNED && OW > 1 ? -HIGH : BOTTOM;

  // The activation that acts on the exact value.
  logic signed [AW-1:0] active;
  logic [SW-1:0] shift0;
  if (ACTIVATION == 3) begin : g_leaky
    always_ff @(posedge clk) begin
      active <= acc[AW-1] ? AW'(acc * AW'(alpha)) : acc <<< ALPHA_FRACTION;
      shift0 <= shift;
    end
  end else begin : g_direct
    logic unused;
    assign unused = &{1'b0, alpha};
    assign active = ACTIVATION == 1 && acc[AW-1] ? '0 : acc;
    assign shift0 = shift;
  end

  // Alignment.
  logic signed [EW-1:0] exact1;
  always_ff @(posedge clk) exact1 <= EW'(active) <<< shift0;

  // Rounding: the next integer below, or the one above it.
  logic signed [RW-1:0] whole1, rounded2;
  logic up1, dropped2;
  if (D > 0) begin : g_round
    logic negative, odd, half, sticky;
    assign negative = exact1[EW-1];
    assign odd = exact1[D];
    assign half = exact1[D-1];
    if (D > 1) begin : g_sticky
      assign sticky = |exact1[D-2:0];
    end else begin : g_none
      assign sticky = 1'b0;
    end
    always_comb
      case (ROUNDING)
        0: up1 = half && (sticky || odd);
        1: up1 = half;
        2: up1 = half && (sticky || negative);
        3: up1 = half && sticky;
        4: up1 = half && (sticky || !negative);
        5: up1 = 1'b0;
        default: up1 = negative && (half || sticky);
      endcase
    assign whole1 = RW'($signed(exact1[EW-1:D]));
  end else begin : g_exact
    assign up1 = 1'b0;
    assign whole1 = RW'(exact1) <<< U;
  end
  always_ff @(posedge clk) begin
    rounded2 <= up1 ? whole1 + ONE : whole1;
    dropped2 <= whole1[OW];
  end

  // Overflow, then the activation that limits the result. What is outside of the format shows in the bits above it, which
  // repeat the sign of all that is inside: nothing is compared with the bounds of the format.
  localparam int SIGN = OSIGNED ? OW - 1 : OW;
  localparam logic signed [RW-1:0] AT_HIGH = ACTIVATION == 2 && HIGH > RW'(MAX) ? RW'(MAX) : HIGH;
  localparam logic signed [RW-1:0] AT_LOW = ACTIVATION == 2 && LOW < RW'(MIN) ? RW'(MIN) : LOW;
  localparam logic signed [RW-1:0] AT_ZERO =
      ACTIVATION != 2 ? '0 : RW'(MIN) > 0 ? RW'(MIN) : RW'(MAX) < 0 ? RW'(MAX) : '0;
  logic below2, over, under;
  logic [OW-1:0] low, limited;
  logic signed [OW:0] inside_format;
  assign below2 = rounded2[RW-1];
  assign over = !below2 && |rounded2[RW-2:SIGN];
  if (!OSIGNED) begin : g_unsigned
    assign under = below2;
  end else if (LOW != BOTTOM) begin : g_symmetric
    assign under = below2 && !(&rounded2[RW-2:SIGN] && |rounded2[OW-2:0]);
  end else begin : g_signed
    assign under = below2 && !(&rounded2[RW-2:SIGN]);
  end
  assign low = rounded2[OW-1:0];
  if (OVERFLOW == 4 && OSIGNED) begin : g_magnitude
    assign inside_format = (OW+1)'($signed((over || under) && low[OW-1] != dropped2 ? ~low : low));
  end else begin : g_plain
    logic unused;
    assign unused = dropped2;
    assign inside_format = OSIGNED ? (OW+1)'($signed(low)) : $signed({1'b0, low});
  end
  always_comb begin
    limited = inside_format[OW-1:0];
    if (ACTIVATION == 2 && inside_format < (OW+1)'(MIN)) limited = OW'(MIN);
    if (ACTIVATION == 2 && inside_format > (OW+1)'(MAX)) limited = OW'(MAX);
    if (over && OVERFLOW < 3) limited = OVERFLOW == 1 ? AT_ZERO[OW-1:0] : AT_HIGH[OW-1:0];
    if (under && OVERFLOW < 3) limited = OVERFLOW == 1 ? AT_ZERO[OW-1:0] : AT_LOW[OW-1:0];
  end
  always_ff @(posedge clk) y <= limited;
endmodule
`default_nettype wire
