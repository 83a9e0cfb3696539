// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Lets pixels through; with the first word of a frame it tells every stage the set of weights for that frame: how often they were
// exchanged, modulo 256. From the event to `we` and `set_we`: 1 cycle.
`default_nettype none
module vetoc_swap #(
    parameter int W = 16,
    parameter int WORDS = 16384
) (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         announce,
    input  wire logic         valid,
    input  wire logic [W-1:0] q,
    output logic              pop,
    input  wire logic         ok,
    output logic              take,
    output logic              we,
    output logic [W-1:0]      d,
    input  wire logic         set_ok,
    output logic              set_take,
    output logic              set_we,
    output logic [7:0]        set_d
);
  localparam int A = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [A-1:0] i;
  logic announced;
  assign pop = valid && ok && (set_ok || i != '0);
  assign take = pop;
  assign set_take = pop && i == '0;
  always_ff @(posedge clk) begin
    we <= pop;
    d <= q;
    set_we <= set_take;
    if (pop) i <= i == A'(WORDS - 1) ? '0 : i + 1'b1;
    if (set_take) begin
      if (announced) set_d <= set_d + 1'b1;
      announced <= 1'b0;
    end
    if (announce) announced <= 1'b1;
    if (rst) begin
      we <= 1'b0;
      set_we <= 1'b0;
      i <= '0;
      announced <= 1'b0;
      set_d <= '0;
    end
  end
endmodule
`default_nettype wire
