// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_segment_sum and vetoc_common_mode with the links between them, two segments of any values under any pauses, and any
// reciprocals: every value that leaves is the one that came in that place, less the sum of those of its segment that are not 0 and
// no further from it than LIMIT, times the reciprocal of how many those are; a 0 is a 0.
`default_nettype none
module common_mode_check #(
    parameter int LANES = 2,
    parameter int SEGMENT = 2,
    parameter int W = 2,
    parameter bit ISIGNED = 1,
    parameter int LIMIT = 1,
    parameter int FRACTION = 2
) (
    input wire logic               clk,
    input wire logic               valid,
    input wire logic               waits,
    input wire logic               shift_waits,
    input wire logic               ok,
    input wire logic [LANES*W-1:0] q
);
  localparam int N = SEGMENT * LANES;
  localparam int CW = $clog2(N + 1);
  localparam int RW = 2;
  localparam int HW = 6;
  localparam int AW = 7;
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst;
  assign rst = !started;
  (* anyconst *) logic [2**CW*RW-1:0] reciprocals;
  logic pop, wait_ok, wait_room, wait_take, wait_we, wait_valid, wait_pop;
  logic shift_ok, shift_room, shift_take, shift_we, shift_valid, shift_pop, take, we;
  logic [LANES*W-1:0] wait_d, wait_q;
  logic [CW-1:0] count;
  logic [RW-1:0] reciprocal;
  logic [HW-1:0] shift_d, shift_q;
  logic [LANES*AW-1:0] d;
  always_ff @(posedge clk) reciprocal <= reciprocals[count*RW+:RW];
  assign wait_ok = wait_room && !waits;
  assign shift_ok = shift_room && !shift_waits;
  vetoc_segment_sum #(.LANES(LANES), .W(W), .ISIGNED(ISIGNED), .LIMIT(LIMIT), .SEGMENT(SEGMENT), .RW(RW), .HW(HW)) sum (
      .clk, .rst, .valid, .q, .pop, .ok(wait_ok), .take(wait_take), .we(wait_we), .d(wait_d), .count, .reciprocal, .shift_ok,
      .shift_take, .shift_we, .shift_d);
  vetoc_link #(.W(LANES*W), .DEPTH(2*SEGMENT)) waiting (
      .clk, .rst, .ok(wait_room), .take(wait_take), .we(wait_we), .d(wait_d), .valid(wait_valid), .q(wait_q), .pop(wait_pop));
  vetoc_link #(.W(HW), .DEPTH(2)) shifts (
      .clk, .rst, .ok(shift_room), .take(shift_take), .we(shift_we), .d(shift_d), .valid(shift_valid), .q(shift_q), .pop(shift_pop));
  vetoc_common_mode #(.LANES(LANES), .W(W), .ISIGNED(ISIGNED), .SEGMENT(SEGMENT), .FRACTION(FRACTION), .HW(HW), .AW(AW)) subtract (
      .clk, .rst, .valid(wait_valid), .q(wait_q), .pop(wait_pop), .shift_valid, .shift_q, .shift_pop, .ok, .take, .we, .d);

  // What came, in the order of the pixels, and what left.
  logic [2*N*W-1:0] pixels;
  logic [3:0] came = '0, left = '0;
  always_ff @(posedge clk) if (!rst) begin
    if (pop) came <= came + 1'b1;
    if (we) left <= left + 1'b1;
  end
  for (genvar n = 0; n < 2 * SEGMENT; n++) begin : g_word
    always_ff @(posedge clk) if (!rst && pop && came == 4'(n)) pixels[n*LANES*W+:LANES*W] <= q;
  end
  for (genvar s = 0; s < 2; s++) begin : g_segment
    logic signed [AW-1:0] total, mean;
    logic [3:0] number;
    for (genvar n = 0; n < N; n++) begin : g_pixel
      logic signed [AW-1:0] value, distance;
      assign value = ISIGNED ? AW'($signed(pixels[(s*N+n)*W+:W])) : $signed(AW'(pixels[(s*N+n)*W+:W]));
      assign distance = value < 0 ? -value : value;
    end
    logic [N*AW-1:0] values, distances;
    for (genvar n = 0; n < N; n++) begin : g_list
      assign values[n*AW+:AW] = g_pixel[n].value;
      assign distances[n*AW+:AW] = g_pixel[n].distance;
    end
    always_comb begin
      total = '0;
      number = '0;
      for (int n = 0; n < N; n++)
        if (distances[n*AW+:AW] != '0 && !($signed(distances[n*AW+:AW]) > LIMIT)) begin
          total = total + $signed(values[n*AW+:AW]);
          number = number + 1'b1;
        end
      mean = total * $signed(AW'(reciprocals[number*RW+:RW]));
    end
    for (genvar n = 0; n < N; n++) begin : g_result
      always_comb
        if (we && !rst && left == 4'(s * SEGMENT + n / LANES)) begin
          assert (came >= 4'((s + 1) * SEGMENT));
          assert ($signed(d[n%LANES*AW+:AW]) == (g_pixel[n].value == 0 ? 0 : g_pixel[n].value * (1 << FRACTION) - mean));
        end
    end
  end
  always_comb if (!rst) begin
    assert (!pop || valid);
    assert (wait_take == pop && (!wait_take || wait_ok));
    assert (!shift_take || shift_ok);
    assert (!wait_pop || wait_valid);
    assert (!shift_pop || shift_valid);
    assert (take == wait_pop && (!take || ok));
  end
endmodule
`default_nettype wire
