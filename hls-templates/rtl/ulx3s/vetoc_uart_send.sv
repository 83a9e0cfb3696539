// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Bytes to a serial line: 8 bits, the lowest first, no parity, one stop bit, CYCLES cycles a bit.
`default_nettype none
module vetoc_uart_send #(
    parameter int CYCLES = 25
) (
    input  wire logic       clk,
    input  wire logic       rst,
    input  wire logic       valid,
    input  wire logic [7:0] data,
    output logic            ready,
    output logic            line
);
  localparam int A = $clog2(CYCLES);
  logic [A-1:0] left;
  logic [3:0] bits_left;
  logic [9:0] bits;
  assign ready = bits_left == '0;
  assign line = bits[0];
  always_ff @(posedge clk) begin
    if (ready) begin
      if (valid) begin
        bits <= {1'b1, data, 1'b0};
        bits_left <= 4'd10;
        left <= A'(CYCLES - 1);
      end
    end else if (left != '0) begin
      left <= left - 1'b1;
    end else begin
      left <= A'(CYCLES - 1);
      bits <= {1'b1, bits[9:1]};
      bits_left <= bits_left - 1'b1;
    end
    if (rst) begin
      bits <= '1;
      bits_left <= '0;
    end
  end
endmodule
`default_nettype wire
