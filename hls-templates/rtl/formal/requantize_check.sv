// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_requantize against one line of arithmetic a mode, on integers of any size: what stands in src/fixed, for every
// accumulator, shift and slope. CYCLES later the result must stand there.
`default_nettype none
module requantize_check #(
    parameter int AW = 20,
    parameter int SW = 1,
    parameter int MAXSHIFT = 0,
    parameter int DROP = 9,
    parameter int OW = 8,
    parameter bit OSIGNED = 0,
    parameter int ROUNDING = 0,
    parameter int OVERFLOW = 0,
    parameter int ACTIVATION = 0,
    parameter int MIN = 0,
    parameter int MAX = 0,
    parameter int LW = 1,
    parameter int ALPHA_FRACTION = 0
) (
    input wire logic                 clk,
    input wire logic signed [AW-1:0] acc,
    input wire logic [SW-1:0]        shift,
    input wire logic signed [LW-1:0] alpha
);
  localparam int N = AW + MAXSHIFT + OW + (DROP < 0 ? -DROP : DROP) + LW + ALPHA_FRACTION + 2;
  localparam int D = DROP > 0 ? DROP : 0;
  localparam logic signed [N-1:0] ONE = 1;
  localparam logic signed [N-1:0] HALF = D > 0 ? ONE <<< (D - 1) : 0;
  localparam logic signed [N-1:0] HIGH = OSIGNED ? (ONE <<< (OW - 1)) - 1 : (ONE <<< OW) - 1;
  localparam logic signed [N-1:0] LOW = OSIGNED ? -(ONE <<< (OW - 1)) : 0;

  logic signed [N-1:0] exact, below, nearest, kept;
  logic fits;
  always_comb begin
    case (ACTIVATION)
      1: exact = acc < 0 ? 0 : N'(acc);
      3: exact = acc < 0 ? N'(acc) * N'(alpha) : N'(acc) <<< ALPHA_FRACTION;
      default: exact = N'(acc);
    endcase
    fits = exact == N'($signed(exact[AW-1:0]));
    exact = exact <<< shift;
    if (DROP < 0) exact = exact <<< -DROP;
    below = exact >>> D;
    case (ROUNDING)
      0: nearest = (exact + HALF - 1 + (below & 1)) >>> D;
      1: nearest = (exact + HALF) >>> D;
      2: nearest = (exact + HALF - (exact < 0 ? 0 : 1)) >>> D;
      3: nearest = (exact + HALF - 1) >>> D;
      4: nearest = (exact + HALF - (exact < 0 ? 1 : 0)) >>> D;
      5: nearest = below;
      default: nearest = exact < 0 ? (exact + (ONE <<< D) - 1) >>> D : below;
    endcase
    if (D == 0) nearest = exact;
    kept = nearest;
    if (nearest > HIGH || nearest < (OVERFLOW == 2 && OSIGNED && OW > 1 ? LOW + 1 : LOW))
      case (OVERFLOW)
        0: kept = nearest > HIGH ? HIGH : LOW;
        1: kept = 0;
        2: kept = nearest > HIGH ? HIGH : OSIGNED && OW > 1 ? LOW + 1 : LOW;
        3: kept = nearest;
        default: kept = OSIGNED && nearest[OW-1] != below[OW] ? ~nearest : nearest;
      endcase
    // What is kept of an overflow that wraps is its low bits, as a number of the format.
    kept = OSIGNED ? N'($signed(kept[OW-1:0])) : $signed(N'(kept[OW-1:0]));
    if (ACTIVATION == 2) kept = kept < MIN ? N'(MIN) : kept > MAX ? N'(MAX) : kept;
  end

  localparam int CYCLES = ACTIVATION == 3 ? 4 : 3;
  logic [OW-1:0] y;
  logic [OW-1:0] expected[0:CYCLES];
  assign expected[0] = kept[OW-1:0];
  for (genvar i = 0; i < CYCLES; i++) begin : g_later
    always_ff @(posedge clk) expected[i+1] <= expected[i];
  end
  vetoc_requantize #(
      .AW(AW), .SW(SW), .MAXSHIFT(MAXSHIFT), .DROP(DROP), .OW(OW), .OSIGNED(OSIGNED), .ROUNDING(ROUNDING),
      .OVERFLOW(OVERFLOW), .ACTIVATION(ACTIVATION), .MIN(MIN), .MAX(MAX), .LW(LW), .ALPHA_FRACTION(ALPHA_FRACTION)
  ) dut (.clk, .acc, .shift, .alpha, .y);
  always_comb begin
    assume (shift <= SW'(MAXSHIFT));
    assume (fits);  // the plan proves it of every accumulator
    assert (y == expected[CYCLES]);
  end
endmodule
`default_nettype wire
