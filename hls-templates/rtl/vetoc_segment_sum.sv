// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What each segment of SEGMENT words is to be shifted by: the exact sum of its values within LIMIT of zero, times the reciprocal of
// their number. A value of 0 is no measurement, and takes no part. Every event reads a word and hands it on, to wait; from the event
// to `we`: 1 cycle. The one that ends a segment also writes its shift; from the event to `shift_we`: 6 + ceil(log2 LANES) cycles.
// `reciprocal` is that of `count`, a cycle later.
`default_nettype none
module vetoc_segment_sum #(
    parameter int LANES = 1,
    parameter int W = 16,
    parameter bit ISIGNED = 1,
    parameter int LIMIT = 192,
    parameter int SEGMENT = 256,
    parameter int RW = 13,  // a reciprocal
    parameter int HW = 29,  // a shift, signed
    parameter int CW = $clog2(SEGMENT * LANES + 1)
) (
    input  wire logic               clk,
    input  wire logic               rst,
    input  wire logic               valid,
    input  wire logic [LANES*W-1:0] q,
    output logic                    pop,
    input  wire logic               ok,
    output logic                    take,
    output logic                    we,
    output logic [LANES*W-1:0]      d,
    output logic [CW-1:0]           count,
    input  wire logic [RW-1:0]      reciprocal,
    input  wire logic               shift_ok,
    output logic                    shift_take,
    output logic                    shift_we,
    output logic [HW-1:0]           shift_d
);
  localparam int L = $clog2(LANES);
  localparam int XW = ISIGNED ? W : W + 1;  // a value as a signed number
  localparam int LW = $clog2(LIMIT + 1) + 1;
  localparam int DW = XW < LW ? XW : LW;    // one that counts
  localparam int NW = XW > LW ? XW : LW;
  localparam logic signed [NW-1:0] MOST = NW'(LIMIT);
  localparam int TW = DW + $clog2(SEGMENT * LANES);
  localparam int PA = SEGMENT > 1 ? $clog2(SEGMENT) : 1;

  logic [PA-1:0] place, next;
  logic last;
  assign next = last ? '0 : place + 1'b1;
  assign take = valid && ok && (shift_ok || !last);
  assign pop = take;
  assign shift_take = take && last;
  always_ff @(posedge clk) begin
    if (take) begin
      place <= next;
      last <= next == PA'(SEGMENT - 1);
    end
    if (rst) begin
      place <= '0;
      last <= SEGMENT == 1;
    end
  end

  // What counts of the word behind the register.
  logic [LANES*DW-1:0] values2;
  logic [LANES*2-1:0] counts2;
  always_ff @(posedge clk) begin
    d <= q;
    we <= take && !rst;
  end
  for (genvar l = 0; l < LANES; l++) begin : g_lane
    logic signed [NW-1:0] value;
    logic dark;
    assign value = ISIGNED ? NW'($signed(d[l*W+:W])) : $signed(NW'(d[l*W+:W]));
    assign dark = value != 0 && value <= MOST && value >= -MOST;
    always_ff @(posedge clk) begin
      values2[l*DW+:DW] <= dark ? DW'(value) : '0;
      counts2[l*2+:2] <= {1'b0, dark};
    end
  end

  // The segment so far, word by word.
  logic adds, ends, fresh;
  logic signed [DW+L-1:0] part;
  /* verilator lint_off UNUSEDSIGNAL */  // a sign, where a word is as long as a segment
  logic signed [L+1:0] number;
  /* verilator lint_on UNUSEDSIGNAL */
  logic signed [TW-1:0] sum, sum1;
  vetoc_sum #(.N(LANES), .W(DW)) values (.clk, .x(values2), .y(part));
  vetoc_sum #(.N(LANES), .W(2)) numbers (.clk, .x(counts2), .y(number));
  vetoc_delay #(.N(2 + L)) added (.clk, .rst, .a(take), .y(adds));
  vetoc_delay #(.N(2 + L)) ended (.clk, .rst, .a(shift_take), .y(ends));
  always_ff @(posedge clk) begin
    if (adds) begin
      sum <= TW'(part) + (fresh ? '0 : sum);
      count <= CW'(number) + (fresh ? '0 : count);
      fresh <= ends;
    end
    if (rst) fresh <= 1'b1;
    sum1 <= sum;
  end

  /* verilator lint_off UNUSEDSIGNAL */  // bits above those of a shift
  logic signed [TW+RW:0] exact;
  /* verilator lint_on UNUSEDSIGNAL */
  vetoc_product #(.A_WIDTH(TW), .B_WIDTH(RW + 1)) product (.clk, .a(sum1), .b($signed({1'b0, reciprocal})), .y(exact));
  assign shift_d = HW'(exact);
  vetoc_delay #(.N(4)) written (.clk, .rst, .a(ends), .y(shift_we));
endmodule
`default_nettype wire
