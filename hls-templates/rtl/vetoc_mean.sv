// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The exact sum of N values times RECIPROCAL, lane by lane; `in_d` is [value][lane], `d` signed products of AW bits.
// Words pass 1 + ceil(log2 N) cycles after `in_we`, without a pause.
`default_nettype none
module vetoc_mean #(
    parameter int LANES = 8,
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter int N = 4,
    parameter int AW = 20,
    parameter int RECIPROCAL = 1
) (
    input  wire logic                  clk,
    input  wire logic                  rst,
    input  wire logic                  in_we,
    input  wire logic [N*LANES*IW-1:0] in_d,
    output logic                       we,
    output logic [LANES*AW-1:0]        d
);
  localparam int XW = ISIGNED ? IW : IW + 1;
  localparam int TW = XW + $clog2(N);
  vetoc_delay #(.N(1 + $clog2(N))) valid (.clk, .rst, .a(in_we), .y(we));
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [N*XW-1:0] x;
    for (genvar k = 0; k < N; k++) begin : g_value
      assign x[k*XW+:XW] = ISIGNED ? XW'($signed(in_d[(k*LANES+l)*IW+:IW])) : XW'(in_d[(k*LANES+l)*IW+:IW]);
    end
    /* verilator lint_off UNUSEDSIGNAL */  // the upper bits, where the proof says that they repeat the sign
    logic signed [TW-1:0] total;
    /* verilator lint_on UNUSEDSIGNAL */
    vetoc_sum #(.N(N), .W(XW), .OW(TW)) sum (.clk, .x, .y(total));
    always_ff @(posedge clk) d[l*AW+:AW] <= AW'(total) * AW'(RECIPROCAL);
  end
endmodule
`default_nettype wire
