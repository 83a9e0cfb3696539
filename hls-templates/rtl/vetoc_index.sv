// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Places in a table of ENTRIES that starts with the value FIRST. Lanes beyond the end of a row carry anything: they must
// not lead outside the table. Words pass 1 cycle after `in_we`, without a pause.
`default_nettype none
module vetoc_index #(
    parameter int LANES = 1,
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter int FIRST = 0,
    parameter int ENTRIES = 256,
    parameter int A = ENTRIES > 1 ? $clog2(ENTRIES) : 1
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                in_we,
    input  wire logic [LANES*IW-1:0] in_d,
    output logic                     we,
    output logic [LANES*A-1:0]       d
);
  localparam int XW = (IW > 32 ? IW : 32) + 2;
  always_ff @(posedge clk) we <= in_we && !rst;
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [IW-1:0] x;
    logic signed [XW-1:0] place;
    assign x = in_d[l*IW+:IW];
    assign place = (ISIGNED ? XW'($signed(x)) : $signed(XW'(x))) - XW'(FIRST);
    always_ff @(posedge clk)
      d[l*A+:A] <= place < 0 ? '0 : place >= XW'(ENTRIES) ? A'(ENTRIES - 1) : A'(place);
  end
endmodule
`default_nettype wire
