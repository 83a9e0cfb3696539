// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_window on frames of HEIGHT x WIDTH under any pauses of the writer and the reader: every window that is written holds
// one pixel of one of the first frames, both chosen by the solver, where the frame has it, and padding where it is outside.
`default_nettype none
module window_check #(
    parameter int W = 2,
    parameter int K = 3,
    parameter int STRIDE = 1,
    parameter int TOP = 1,
    parameter int LEFT = TOP,
    parameter int BOTTOM = TOP,
    parameter int RIGHT = TOP,
    parameter int HEIGHT = 2,
    parameter int WIDTH = 2,
    parameter int GROUPS = 1,
    parameter bit BLOCK = 0
) (
    input wire logic clk,
    input wire logic valid,
    input wire logic ok,
    input wire logic [W-1:0] pixel
);
  localparam int OUT_X = (LEFT + WIDTH + RIGHT - K) / STRIDE + 1;
  localparam int OUT_Y = (TOP + HEIGHT + BOTTOM - K) / STRIDE + 1;
  localparam logic [W-1:0] PADDING = W'(1);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst, pop, take, we;
  assign rst = !started;
  logic [K*K*W-1:0] d;
  vetoc_window #(
      .W(W), .KH(K), .KW(K), .SY(STRIDE), .SX(STRIDE), .TOP(TOP), .LEFT(LEFT), .BOTTOM(BOTTOM), .RIGHT(RIGHT),
      .HEIGHT(HEIGHT), .WIDTH(WIDTH), .GROUPS(GROUPS), .BLOCK(BLOCK), .PADDING(PADDING)
  ) dut (.clk, .rst, .valid, .q(pixel), .pop, .ok, .take, .we, .d);

  // Where the chosen pixel is, what it was, and which window comes next.
  (* anyconst *) logic [3:0] x, y, g;
  (* anyconst *) logic [1:0] frame;
  logic [3:0] at_x = '0, at_y = '0, at_g = '0, to_x = '0, to_y = '0, to_g = '0;
  logic [1:0] at_frame = '0, to_frame = '0;
  logic seen = 1'b0;
  logic [W-1:0] chosen = '0;
  always_ff @(posedge clk) if (!rst) begin
    if (pop) begin
      if (at_frame == frame && at_x == x && at_y == y && at_g == g) begin
        chosen <= pixel;
        seen <= 1'b1;
      end
      at_g <= at_g == 4'(GROUPS - 1) ? '0 : at_g + 1'b1;
      if (at_g == 4'(GROUPS - 1)) at_x <= at_x == 4'(WIDTH - 1) ? '0 : at_x + 1'b1;
      if (at_g == 4'(GROUPS - 1) && at_x == 4'(WIDTH - 1)) begin
        at_y <= at_y == 4'(HEIGHT - 1) ? '0 : at_y + 1'b1;
        if (at_y == 4'(HEIGHT - 1)) at_frame <= at_frame + 1'b1;
      end
    end
    if (we) begin
      to_g <= to_g == 4'(GROUPS - 1) ? '0 : to_g + 1'b1;
      if (to_g == 4'(GROUPS - 1)) to_x <= to_x == 4'(OUT_X - 1) ? '0 : to_x + 1'b1;
      if (to_g == 4'(GROUPS - 1) && to_x == 4'(OUT_X - 1)) begin
        to_y <= to_y == 4'(OUT_Y - 1) ? '0 : to_y + 1'b1;
        if (to_y == 4'(OUT_Y - 1)) to_frame <= to_frame + 1'b1;
      end
    end
  end
  for (genvar ky = 0; ky < K; ky++) begin : g_row
    for (genvar kx = 0; kx < K; kx++) begin : g_column
      logic [W-1:0] value;
      logic [7:0] row, column;  // of the padded frame
      assign value = d[(ky*K+kx)*W+:W];
      assign row = 8'(to_y) * STRIDE + ky;
      assign column = 8'(to_x) * STRIDE + kx;
      always_comb if (we && !rst) begin
        if (to_frame == frame && to_g == g && row == 8'(y) + TOP && column == 8'(x) + LEFT)
          assert (seen && value == chosen);
        if (row < TOP || row >= HEIGHT + TOP || column < LEFT || column >= WIDTH + LEFT) assert (value == PADDING);
      end
    end
  end
  always_comb begin
    assume (x < WIDTH && y < HEIGHT && g < GROUPS);
    assert (!pop || valid);
    assert (!take || ok);
  end
endmodule
`default_nettype wire
