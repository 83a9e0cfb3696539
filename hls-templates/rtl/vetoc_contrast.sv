// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// How far a pixel stands above its surroundings, DISTANCE pixels away: of each pair of opposite neighbours (in a row, a
// column, a diagonal) the darker one counts, of the four pairs the brightest; below that, 0. `in_d` is a window of
// (2 DISTANCE + 1) x (2 DISTANCE + 1) words of LANES values. Words pass 4 cycles after `in_we`, without a pause, a cycle for each
// comparison.
`default_nettype none
module vetoc_contrast #(
    parameter int LANES = 1,
    parameter int W = 16,
    parameter int DISTANCE = 2,
    parameter int SIDE = 2 * DISTANCE + 1
) (
    input  wire logic                        clk,
    input  wire logic                        rst,
    input  wire logic                        in_we,
    /* verilator lint_off UNUSEDSIGNAL */  // positions between the neighbours
    input  wire logic [SIDE*SIDE*LANES*W-1:0] in_d,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic                             we,
    output logic [LANES*W-1:0]               d
);
  localparam int CENTRE = DISTANCE * SIDE + DISTANCE;

  function automatic logic [W-1:0] darker(input logic [W-1:0] a, input logic [W-1:0] b);
    darker = a < b ? a : b;
  endfunction
  function automatic logic [W-1:0] brighter(input logic [W-1:0] a, input logic [W-1:0] b);
    brighter = a > b ? a : b;
  endfunction

  vetoc_delay #(.N(4)) valid (.clk, .rst, .a(in_we), .y(we));
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [W-1:0] row1, column1, rising1, falling1, straight2, diagonal2, level3, pixel1, pixel2, pixel3;
    always_ff @(posedge clk) begin
      row1 <= darker(in_d[((CENTRE-DISTANCE)*LANES+l)*W+:W], in_d[((CENTRE+DISTANCE)*LANES+l)*W+:W]);
      column1 <= darker(in_d[((CENTRE-DISTANCE*SIDE)*LANES+l)*W+:W], in_d[((CENTRE+DISTANCE*SIDE)*LANES+l)*W+:W]);
      falling1 <= darker(in_d[((CENTRE-DISTANCE*(SIDE+1))*LANES+l)*W+:W],
                         in_d[((CENTRE+DISTANCE*(SIDE+1))*LANES+l)*W+:W]);
      rising1 <= darker(in_d[((CENTRE-DISTANCE*(SIDE-1))*LANES+l)*W+:W],
                        in_d[((CENTRE+DISTANCE*(SIDE-1))*LANES+l)*W+:W]);
      straight2 <= brighter(row1, column1);
      diagonal2 <= brighter(rising1, falling1);
      level3 <= brighter(straight2, diagonal2);
      {pixel3, pixel2, pixel1} <= {pixel2, pixel1, in_d[(CENTRE*LANES+l)*W+:W]};
      d[l*W+:W] <= pixel3 > level3 ? pixel3 - level3 : '0;
    end
  end
endmodule
`default_nettype wire
