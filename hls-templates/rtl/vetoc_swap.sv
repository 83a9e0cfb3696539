// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Lets pixels through; with the first word of a frame it tells every stage the set of weights for that frame: how often they were
// exchanged, modulo 256, of each network. From the event to `we` and `set_we`: 1 cycle.
`default_nettype none
module vetoc_swap #(
    parameter int NETWORKS = 1,
    parameter int W = 16,
    parameter int WORDS = 16384
) (
    input  wire logic                    clk,
    input  wire logic                    rst,
    input  wire logic [NETWORKS-1:0]     announce,
    input  wire logic                    valid,
    input  wire logic [W-1:0]            q,
    output logic                         pop,
    input  wire logic                    ok,
    output logic                         take,
    output logic                         we,
    output logic [W-1:0]                 d,
    input  wire logic                    set_ok,
    output logic                         set_take,
    output logic                         set_we,
    output logic [NETWORKS*8-1:0]        set_d
);
  localparam int A = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [A-1:0] i;
  logic [NETWORKS-1:0] announced;
  assign pop = valid && ok && (set_ok || i != '0);
  assign take = pop;
  assign set_take = pop && i == '0;
  always_ff @(posedge clk) begin
    we <= pop;
    d <= q;
    set_we <= set_take;
    if (pop) i <= i == A'(WORDS - 1) ? '0 : i + 1'b1;
    for (int n = 0; n < NETWORKS; n++) begin
      if (set_take && announced[n]) set_d[n*8+:8] <= set_d[n*8+:8] + 1'b1;
      if (set_take) announced[n] <= 1'b0;
      if (announce[n]) announced[n] <= 1'b1;
    end
    if (rst) begin
      we <= 1'b0;
      set_we <= 1'b0;
      i <= '0;
      announced <= '0;
      set_d <= '0;
    end
  end
endmodule
`default_nettype wire
