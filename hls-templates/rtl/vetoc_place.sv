// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Where the next beat of a packet belongs: to the header, the pixels or the trailer. `advance` moves on by a beat, with `ends`
// to the first beat of the next packet. `at_final_pixel` and `at_final` are the last beat of the pixels and of the packet.
`default_nettype none
module vetoc_place #(
    parameter int HEADER = 4,
    parameter int BEATS = 16384,
    parameter int TRAILER = 0
) (
    input  wire logic    clk,
    input  wire logic    rst,
    input  wire logic    advance,
    input  wire logic    ends,
    output logic [31:0]  place,
    output logic         at_header,
    output logic         at_pixels,
    output logic         at_final_pixel,
    output logic         at_final
);
  localparam int LENGTH = HEADER + BEATS + TRAILER;
  localparam int PA = $clog2(LENGTH + 1);

  logic [PA-1:0] now, next;
  assign place = 32'(now);
  assign next = ends ? '0 : now + 1'b1;

  always_ff @(posedge clk) begin
    if (advance) begin
      now <= next;
      if (HEADER > 0 && now == PA'(HEADER - 1)) begin
        at_header <= 1'b0;
        at_pixels <= 1'b1;
      end
      if (now == PA'(HEADER + BEATS - 1)) at_pixels <= 1'b0;
      if (ends) begin
        at_header <= HEADER > 0;
        at_pixels <= HEADER == 0;
      end
      at_final_pixel <= next == PA'(HEADER + BEATS - 1);
      at_final <= next == PA'(LENGTH - 1);
    end
    if (rst) begin
      now <= '0;
      at_header <= HEADER > 0;
      at_pixels <= HEADER == 0;
      at_final_pixel <= HEADER == 0 && BEATS == 1;
      at_final <= LENGTH == 1;
    end
  end
endmodule
`default_nettype wire
