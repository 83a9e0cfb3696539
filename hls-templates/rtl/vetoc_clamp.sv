// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Limits unsigned counts to [LOW, HIGH]. Words pass 1 cycle after `in_we`, without a pause.
`default_nettype none
module vetoc_clamp #(
    parameter int LANES = 1,
    parameter int IW = 16,
    parameter int OW = 12,
    parameter logic [IW-1:0] LOW = '0,
    parameter logic [IW-1:0] HIGH = '1
) (
    input  wire logic                clk,
    input  wire logic                rst,
    input  wire logic                in_we,
    input  wire logic [LANES*IW-1:0] in_d,
    output logic                     we,
    output logic [LANES*OW-1:0]      d
);
  always_ff @(posedge clk) we <= in_we && !rst;
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic [IW-1:0] x, above;
    /* verilator lint_off UNUSEDSIGNAL */  // bits above those of HIGH are 0
    logic [IW-1:0] limited;
    /* verilator lint_on UNUSEDSIGNAL */
    assign x = in_d[l*IW+:IW];
    if (LOW == '0) begin : g_any
      assign above = x;
    end else begin : g_low
      assign above = x < LOW ? LOW : x;
    end
    if (HIGH == '1) begin : g_all
      assign limited = above;
    end else begin : g_high
      assign limited = above > HIGH ? HIGH : above;
    end
    always_ff @(posedge clk) d[l*OW+:OW] <= OW'(limited);
  end
endmodule
`default_nettype wire
