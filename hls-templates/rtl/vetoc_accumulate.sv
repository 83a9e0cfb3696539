// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// One output lane of vetoc_matvec: the products of a cycle, added to the bias (`first`) or to what the same output has
// summed up before. OUT_FOLD outputs take turns; their sums wait in a small memory. `valid`, `first` and `bias` belong
// to the dot product that is there in the same cycle, 2 + ceil(log2 N) cycles after `x` and `weights`; `sum` follows 1
// cycle later. Sums are exact modulo 2^AW, and the proof says that each of them fits.
`default_nettype none
module vetoc_accumulate #(
    parameter int N = 9,
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter int WW = 8,
    parameter bit DSP = 1,
    parameter int AW = 20,
    parameter int BW = 14,
    parameter int OUT_FOLD = 1
) (
    input  wire logic                 clk,
    input  wire logic                 rst,
    input  wire logic [N*IW-1:0]      x,
    input  wire logic [N*WW-1:0]      weights,
    input  wire logic                 valid,
    input  wire logic                 first,
    input  wire logic signed [BW-1:0] bias,
    output logic signed [AW-1:0]      sum
);
  localparam int DW = WW + IW + (ISIGNED ? 0 : 1) + $clog2(N);
  /* verilator lint_off UNUSEDSIGNAL */  // the upper bits, where the proof says that they repeat the sign
  logic signed [DW-1:0] products;
  /* verilator lint_on UNUSEDSIGNAL */
  vetoc_dot #(.N(N), .IW(IW), .ISIGNED(ISIGNED), .WW(WW), .DSP(DSP), .OW(DW)) dot (.clk, .x, .weights, .y(products));

  logic signed [AW-1:0] earlier, now;
  assign now = (first ? AW'(bias) : earlier) + AW'(products);
  always_ff @(posedge clk) if (valid) sum <= now;
  if (OUT_FOLD == 1) begin : g_one
    logic unused;
    assign unused = rst;
    assign earlier = sum;
  end else begin : g_memory
    localparam int A = $clog2(OUT_FOLD);
    logic [A-1:0] o;
    (* ram_style = "distributed" *) logic signed [AW-1:0] sums[0:OUT_FOLD-1];
    assign earlier = sums[o];
    always_ff @(posedge clk) begin
      if (valid) begin
        sums[o] <= now;
        o <= o == A'(OUT_FOLD - 1) ? '0 : o + 1'b1;
      end
      if (rst) o <= '0;
    end
  end
endmodule
`default_nettype wire
