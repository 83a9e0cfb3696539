// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The exact sum of N values times a reciprocal, lane by lane: RECIPROCAL, or, COUNTED, the one in RECIPROCALS at the number
// of elements that the window counts, ROWS of its row times COLUMNS of its column; `in_d` is [value][lane], `d` signed products of AW bits.
// Words pass 1 + ceil(log2 N) cycles after `in_we`, without a pause.
`default_nettype none
module vetoc_mean #(
    parameter int LANES = 8,
    parameter int IW = 8,
    parameter bit ISIGNED = 0,
    parameter int N = 4,
    parameter int AW = 20,
    parameter int RECIPROCAL = 1,
    parameter bit COUNTED = 0,
    parameter int GROUPS = 1,
    parameter int HEIGHT = 1,
    parameter int WIDTH = 1,
    parameter int CW = 8,
    parameter int RW = 8,
    parameter logic [HEIGHT*CW-1:0] ROWS = '0,
    parameter logic [WIDTH*CW-1:0] COLUMNS = '0,
    parameter logic [(N+1)*RW-1:0] RECIPROCALS = '0
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
  // The factor of the word whose total is there.
  logic signed [AW-1:0] factor;
  if (COUNTED) begin : g_counted
    localparam int GA = GROUPS > 1 ? $clog2(GROUPS) : 1;
    localparam int YA = HEIGHT > 1 ? $clog2(HEIGHT) : 1;
    localparam int XA = WIDTH > 1 ? $clog2(WIDTH) : 1;
    localparam int NA = $clog2(N + 1);
    logic [GA-1:0] g;
    logic [YA-1:0] y;
    logic [XA-1:0] x;
    logic last_g, last_x;
    logic [CW-1:0] rows[0:HEIGHT-1];
    logic [CW-1:0] columns[0:WIDTH-1];
    logic [RW-1:0] reciprocals[0:N];
    for (genvar i = 0; i < HEIGHT; i++) begin : g_row
      assign rows[i] = ROWS[i*CW+:CW];
    end
    for (genvar i = 0; i < WIDTH; i++) begin : g_column
      assign columns[i] = COLUMNS[i*CW+:CW];
    end
    for (genvar i = 0; i <= N; i++) begin : g_count
      assign reciprocals[i] = RECIPROCALS[i*RW+:RW];
    end
    assign last_g = g == GA'(GROUPS - 1);
    assign last_x = x == XA'(WIDTH - 1);
    always_ff @(posedge clk)
      if (rst) begin
        g <= '0;
        x <= '0;
        y <= '0;
      end else if (in_we) begin
        g <= last_g ? '0 : g + 1'b1;
        if (last_g) begin
          x <= last_x ? '0 : x + 1'b1;
          if (last_x) y <= y == YA'(HEIGHT - 1) ? '0 : y + 1'b1;
        end
      end
    /* verilator lint_off UNUSEDSIGNAL */  // a count is no more than N
    logic [2*CW-1:0] count;
    /* verilator lint_on UNUSEDSIGNAL */
    assign count = (2*CW)'(rows[y]) * (2*CW)'(columns[x]);
    logic [RW-1:0] now, then_;
    assign now = reciprocals[count[NA-1:0]];
    if (N > 1) begin : g_later
      vetoc_later #(.W(RW), .N($clog2(N))) later (.clk, .x(now), .y(then_));
    end else begin : g_now
      assign then_ = now;
    end
    assign factor = $signed(AW'(then_));
  end else begin : g_constant
    assign factor = AW'(RECIPROCAL);
  end
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
    always_ff @(posedge clk) d[l*AW+:AW] <= AW'(total) * factor;
  end
endmodule
`default_nettype wire
