// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Which of two networks decides, and how often they have disagreed since either was loaded or they changed places. Software says
// who (`second_decides`); while `may_take_over` is set the other one takes over, from the next decision on, once `canary_frames`
// good frames were seen with at most `canary_bound` disagreements. `take`: a decision begins; `weights` are those of its
// networks from the next cycle on, `second` holds 2 cycles after it. What can be read changes 1 cycle after the decision `d`, and
// stands still where `hold` is set.
`default_nettype none
module vetoc_canary (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         second_decides,
    input  wire logic         may_take_over,
    input  wire logic [31:0]  canary_frames,
    input  wire logic [31:0]  canary_bound,
    input  wire logic         take,
    input  wire logic [15:0]  weights,
    input  wire logic         we,
    /* verilator lint_off UNUSEDSIGNAL */  // not all of a decision is counted
    input  wire logic [255:0] d,
    /* verilator lint_on UNUSEDSIGNAL */
    input  wire logic         hold,
    output logic              second,
    output logic              taken_over,
    output logic [63:0]       canary_count,
    output logic [63:0]       canary_disagreements,
    output logic [31:0]       canary_swaps
);
  logic begins, counted, ripe, takes_over, second_now, swaps_now;
  logic [15:0] seen;  // the weights that the counts hold of
  logic [31:0] swaps;
  logic [63:0] frames, frames_now, disagreements, disagreements_now;
  assign takes_over = may_take_over && (taken_over || ripe);
  assign second_now = second_decides ^ takes_over;
  assign swaps_now = begins && second_now != second;
  // A malformed frame counts for neither.
  assign frames_now = frames + 64'(!d[99]);
  assign disagreements_now = disagreements + 64'(!d[99] && d[97] != d[121]);
  always_ff @(posedge clk) begin
    begins <= take;
    counted <= we;
    if (begins) begin
      taken_over <= takes_over;
      second <= second_now;
      seen <= weights;
      if (swaps_now || weights != seen) begin
        frames <= '0;
        disagreements <= '0;
      end
    end
    if (swaps_now && !(&swaps)) swaps <= swaps + 1'b1;
    if (we) begin
      frames <= frames_now;
      disagreements <= disagreements_now;
      if (!hold) begin
        canary_count <= frames_now;
        canary_disagreements <= disagreements_now;
        canary_swaps <= swaps;
      end
    end
    if (counted)
      ripe <= may_take_over && canary_frames != '0 && frames >= 64'(canary_frames) && disagreements <= 64'(canary_bound);
    if (rst) begin
      begins <= 1'b0;
      counted <= 1'b0;
      ripe <= 1'b0;
      taken_over <= 1'b0;
      second <= 1'b0;
      seen <= '0;
      swaps <= '0;
      frames <= '0;
      disagreements <= '0;
      canary_count <= '0;
      canary_disagreements <= '0;
      canary_swaps <= '0;
    end
  end
endmodule
`default_nettype wire
