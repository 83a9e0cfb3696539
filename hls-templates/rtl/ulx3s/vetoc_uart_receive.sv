// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Bytes from a serial line: 8 bits, the lowest first, no parity, CYCLES cycles a bit. `valid` for one cycle with each byte; a
// byte without its stop bit is left out.
`default_nettype none
module vetoc_uart_receive #(
    parameter int CYCLES = 25
) (
    input  wire logic  clk,
    input  wire logic  rst,
    input  wire logic  line,
    output logic       valid,
    output logic [7:0] data
);
  localparam int A = $clog2(CYCLES + CYCLES / 2 + 1);
  logic [2:0] past;  // of the line, which knows no clock
  logic [A-1:0] left;
  logic [3:0] bits_left;
  logic [7:0] bits;
  always_ff @(posedge clk) begin
    past <= {past[1:0], line};
    valid <= 1'b0;
    if (bits_left == '0) begin
      // From the edge of the start bit to the middle of the first bit.
      if (past[2] && !past[1]) begin
        bits_left <= 4'd9;
        left <= A'(CYCLES + CYCLES / 2 - 1);
      end
    end else if (left != '0) begin
      left <= left - 1'b1;
    end else begin
      left <= A'(CYCLES - 1);
      bits_left <= bits_left - 1'b1;
      if (bits_left == 4'd1) begin
        valid <= past[1];
        data <= bits;
      end else begin
        bits <= {past[1], bits[7:1]};
      end
    end
    if (rst) begin
      past <= '1;
      bits_left <= '0;
      valid <= 1'b0;
    end
  end
endmodule
`default_nettype wire
