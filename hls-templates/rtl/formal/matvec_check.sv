// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_matvec with any weights, biases and values, under any pauses: output o of vector v is the sum of the products, plus
// the bias, in order. Rounding is proved apart: results are as wide as the sums.
`default_nettype none
module matvec_check #(
    parameter int IW = 2,
    parameter bit ISIGNED = 0,
    parameter int WW = 2,
    parameter int TAPS = 2,
    parameter int TAP_FOLD = 1,
    parameter int OUT_FOLD = 2,
    parameter int VECTORS = 2,
    parameter bit EARLY = 0
) (
    input wire logic               clk,
    input wire logic               valid,
    input wire logic               ok,
    input wire logic [TAPS*IW-1:0] q
);
  localparam int PART = TAPS / TAP_FOLD;
  localparam int STEPS = TAP_FOLD * OUT_FOLD;
  localparam int SA = STEPS > 1 ? $clog2(STEPS) : 1;
  localparam int CA = OUT_FOLD > 1 ? $clog2(OUT_FOLD) : 1;
  localparam int AW = IW + WW + $clog2(TAPS) + 2;
  localparam int BW = 3;
  localparam int ROW = PART * WW;
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst, pop, take, we;
  assign rst = !started;
  (* anyconst *) logic [STEPS*ROW-1:0] matrix;
  (* anyconst *) logic [OUT_FOLD*BW-1:0] biases;
  logic [SA-1:0] step;
  logic [CA-1:0] channel;
  logic [ROW-1:0] weights1, weights;
  logic [BW:0] constants1, constants;
  logic [AW-1:0] d;
  always_ff @(posedge clk) begin
    weights1 <= matrix[step*ROW+:ROW];
    weights <= EARLY ? weights1 : matrix[step*ROW+:ROW];
    constants1 <= {1'b0, biases[channel*BW+:BW]};
    constants <= constants1;
  end
  vetoc_matvec #(
      .IW(IW), .ISIGNED(ISIGNED), .WW(WW), .TAPS(TAPS), .TAP_FOLD(TAP_FOLD), .OUT_FOLD(OUT_FOLD), .VECTORS(VECTORS), .EARLY(EARLY),
      .AW(AW), .BW(BW), .SW(1), .MAXSHIFT(0), .DROP(0), .OW(AW), .OSIGNED(1)
  ) dut (
      .clk, .rst, .valid, .q, .pop, .step, .weights, .channel, .constants, .set_valid(1'b0), .set_bank(1'b0), .set_pop(),
      .bank(), .channel_bank(), .ok, .take, .we, .d);

  // What the vectors that were read must give.
  localparam int RESULTS = 2 * OUT_FOLD;
  logic [AW-1:0] expected[0:RESULTS-1];
  logic [3:0] vectors = '0, parts = '0, results = '0;
  logic signed [AW-1:0] sums[0:OUT_FOLD-1];
  for (genvar o = 0; o < OUT_FOLD; o++) begin : g_output
    always_comb begin
      sums[o] = AW'($signed(biases[o*BW+:BW]));
      for (int k = 0; k < TAPS; k++)
        sums[o] = sums[o] + AW'($signed(matrix[(k/PART*OUT_FOLD+o)*ROW+k%PART*WW+:WW]))
            * (ISIGNED ? AW'($signed(q[k*IW+:IW])) : $signed(AW'(q[k*IW+:IW])));
    end
    for (genvar v = 0; v < 2; v++) begin : g_vector
      always_ff @(posedge clk) if (pop && !rst && vectors == 4'(v)) expected[v*OUT_FOLD+o] <= sums[o];
    end
  end
  always_ff @(posedge clk) if (!rst) begin
    if (pop) vectors <= vectors + 1'b1;
    if (we) results <= results + 1'b1;
  end
  for (genvar n = 0; n < RESULTS; n++) begin : g_result
    always_comb if (we && !rst && results == 4'(n)) assert (vectors * OUT_FOLD > n && d == expected[n]);
  end
  always_comb begin
    assert (rst || !pop || valid);
    assert (rst || !take || ok);
  end
endmodule
`default_nettype wire
