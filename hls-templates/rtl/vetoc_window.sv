// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Line buffer and window: walks over the image, one word of W bits (some channels of a pixel) an event, and emits [KH][KW] words
// wherever a window is complete. Positions come in a fixed order, GROUPS words a pixel. An event at a position inside the
// image reads, one that completes a window writes. Padding that does neither is not walked over: rows and columns in front of
// the first that reads or writes are put in where they would come out, those behind the last are left out.
// From the event to `we`: 2 cycles. Nothing that an earlier frame left behind is ever emitted.
`default_nettype none
module vetoc_window #(
    parameter int W = 8,
    parameter int KH = 3,
    parameter int KW = 3,
    parameter int SY = 1,
    parameter int SX = 1,
    parameter int TOP = 1,
    parameter int LEFT = 1,
    parameter int BOTTOM = 1,
    parameter int RIGHT = 1,
    parameter int HEIGHT = 16,
    parameter int WIDTH = 16,
    parameter int GROUPS = 1,
    parameter bit BLOCK = 0,                  // lines in block RAM
    parameter bit ECC = 0,                    // that corrects single flipped bits
    parameter int ID = 0,
    parameter logic [W-1:0] PADDING = '0
) (
    input  wire logic              clk,
    input  wire logic              rst,
    input  wire logic              valid,
    input  wire logic [W-1:0]      q,
    output logic                   pop,
    input  wire logic              ok,
    output logic                   take,
    output logic                   we,
    output logic [KH*KW*W-1:0]     d
);
  // In front of the walk, and how long it is: to the end of the image or to the last window that is complete.
  localparam int SKIP_Y = TOP < KH ? TOP : KH - 1;
  localparam int SKIP_X = LEFT < KW ? LEFT : KW - 1;
  localparam int FIRST_Y = TOP - SKIP_Y;     // of the image
  localparam int FIRST_X = LEFT - SKIP_X;
  localparam int WINDOWS_Y = KH - SKIP_Y + (TOP + HEIGHT + BOTTOM - KH) / SY * SY;
  localparam int WINDOWS_X = KW - SKIP_X + (LEFT + WIDTH + RIGHT - KW) / SX * SX;
  localparam int ROWS = FIRST_Y + HEIGHT > WINDOWS_Y ? FIRST_Y + HEIGHT : WINDOWS_Y;
  localparam int COLUMNS = FIRST_X + WIDTH > WINDOWS_X ? FIRST_X + WIDTH : WINDOWS_X;
  localparam int WORDS = COLUMNS * GROUPS;
  localparam int GA = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam int XA = $clog2(COLUMNS + 1), YA = $clog2(ROWS + 1);
  localparam int RA = $clog2((KH > SY ? KH : SY) + 1), CA = $clog2((KW > SX ? KW : SX) + 1);

  logic [GA-1:0] g;
  logic [XA-1:0] x;
  logic [YA-1:0] y;
  logic [RA-1:0] rows_to_go, next_rows;        // rows until the next row of windows is complete
  logic [CA-1:0] columns_to_go, next_columns;
  // What is asked of a position is a register beside it, worked out at the position before.
  logic last_g, last_x, last_y, in_row, next_in_row, in_column, next_in_column, in_image, emit, fire;
  always_comb begin
    {next_in_row, next_columns, next_in_column, next_rows} = {in_row, columns_to_go, in_column, rows_to_go};
    if (last_g) begin
      // A difference below 0 is a large number.
      next_in_row = last_x ? FIRST_X == 0 : XA'(x - XA'(FIRST_X - 1)) < XA'(WIDTH);
      next_columns = last_x ? CA'(KW - 1 - SKIP_X) : columns_to_go == '0 ? CA'(SX - 1) : columns_to_go - 1'b1;
    end
    if (last_g && last_x) begin
      next_in_column = last_y ? FIRST_Y == 0 : YA'(y - YA'(FIRST_Y - 1)) < YA'(HEIGHT);
      next_rows = last_y ? RA'(KH - 1 - SKIP_Y) : rows_to_go == '0 ? RA'(SY - 1) : rows_to_go - 1'b1;
    end
  end
  assign fire = (valid || !in_image) && (ok || !emit);
  assign pop = fire && in_image;
  assign take = fire && emit;

  // The column that enters the window: a new word below those of the rows above.
  logic v1;
  logic [W-1:0] arriving1;
  logic [KH*W-1:0] entering1;
  assign entering1[(KH-1)*W+:W] = arriving1;
  if (KH > 1) begin : g_lines
    logic [(KH-1)*W-1:0] above1;
    vetoc_lines #(.W((KH - 1) * W), .WORDS(WORDS), .BLOCK(BLOCK), .ECC(ECC), .ID(ID)) lines (
        .clk, .rst, .read(fire), .q(above1), .write(v1), .d(entering1[KH*W-1:W]));
    for (genvar ky = 0; ky < KH - 1; ky++) begin : g_above
      if (ky < SKIP_Y) begin : g_skipped
        logic outside1;
        always_ff @(posedge clk) outside1 <= 32'(y) < 32'(KH - 1 - ky);
        assign entering1[ky*W+:W] = outside1 ? PADDING : above1[ky*W+:W];
      end else begin : g_walked
        assign entering1[ky*W+:W] = above1[ky*W+:W];
      end
    end
  end

  // Columns to the left are those of the same channels one position, that is GROUPS events, ago.
  logic [KW*KH*W-1:0] columns1, columns2;
  assign columns1[(KW-1)*KH*W+:KH*W] = entering1;
  if (KW > 1) begin : g_columns
    logic [(KW-1)*KH*W-1:0] left1;
    if (GROUPS == 1) begin : g_registers
      assign left1 = columns2[KW*KH*W-1:KH*W];
    end else begin : g_memory
      logic [GA-1:0] g1;
      (* ram_style = "distributed" *) logic [(KW-1)*KH*W-1:0] columns[0:GROUPS-1];
      assign left1 = columns[g1];
      always_ff @(posedge clk) begin
        g1 <= g;
        if (v1) columns[g1] <= columns1[KW*KH*W-1:KH*W];
      end
    end
    for (genvar kx = 0; kx < KW - 1; kx++) begin : g_left
      if (kx < SKIP_X) begin : g_skipped
        logic outside1;
        always_ff @(posedge clk) outside1 <= 32'(x) < 32'(KW - 1 - kx);
        assign columns1[kx*KH*W+:KH*W] = outside1 ? {KH{PADDING}} : left1[kx*KH*W+:KH*W];
      end else begin : g_walked
        assign columns1[kx*KH*W+:KH*W] = left1[kx*KH*W+:KH*W];
      end
    end
  end
  for (genvar ky = 0; ky < KH; ky++) begin : g_row
    for (genvar kx = 0; kx < KW; kx++) begin : g_column
      assign d[(ky*KW+kx)*W+:W] = columns2[(kx*KH+ky)*W+:W];
    end
  end

  vetoc_delay #(.N(2)) emitted (.clk, .rst, .a(take), .y(we));
  always_ff @(posedge clk) begin
    v1 <= fire;
    arriving1 <= in_image ? q : PADDING;
    if (v1) columns2 <= columns1;
    if (fire) begin
      g <= last_g ? '0 : g + 1'b1;
      last_g <= GROUPS == 1 || g == GA'(GROUPS - 2);
      if (last_g) x <= last_x ? '0 : x + 1'b1;
      if (last_g) last_x <= COLUMNS == 1 || x == XA'(COLUMNS - 2);
      if (last_g && last_x) y <= last_y ? '0 : y + 1'b1;
      if (last_g && last_x) last_y <= ROWS == 1 || y == YA'(ROWS - 2);
      {in_row, in_column, in_image} <= {next_in_row, next_in_column, next_in_row && next_in_column};
      {columns_to_go, rows_to_go, emit} <= {next_columns, next_rows, next_columns == '0 && next_rows == '0};
    end
    if (rst) begin
      {v1, g, x, y} <= '0;
      {last_g, last_x, last_y, emit} <= {GROUPS == 1, COLUMNS == 1, ROWS == 1, SKIP_X == KW - 1 && SKIP_Y == KH - 1};
      {in_row, in_column, in_image} <= {FIRST_X == 0, FIRST_Y == 0, FIRST_X == 0 && FIRST_Y == 0};
      {columns_to_go, rows_to_go} <= {CA'(KW - 1 - SKIP_X), RA'(KH - 1 - SKIP_Y)};
    end
  end
endmodule
`default_nettype wire
