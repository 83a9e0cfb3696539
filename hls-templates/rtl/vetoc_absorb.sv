// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// In front of the FIFO in front. An event takes a beat and writes it 1 cycle later. With DROP it never holds up the detector:
// a beat that finds no room is lost with the rest of its packet, and the next packet that gets in says so (`cut`, `lost`).
// A word is {lost, cut, last, error, start, whole, data}.
`default_nettype none
module vetoc_absorb #(
    parameter int PIXELS = 1,
    parameter bit SSI = 1,
    parameter bit DROP = 0
) (
    input  wire logic                 clk,
    input  wire logic                 rst,
    input  wire logic                 valid,
    output logic                      ready,
    input  wire logic [16*PIXELS-1:0] data,
    input  wire logic                 whole,
    input  wire logic                 start,
    input  wire logic                 error,
    input  wire logic                 last,
    input  wire logic                 ok,
    output logic                      take,
    output logic                      we,
    output logic [16*PIXELS+12:0]     d
);
  logic between, dropping, cut, starts, goes_in;
  logic [7:0] lost;
  assign starts = SSI ? start : between;
  assign goes_in = valid && !(DROP && dropping && !starts);
  // A sender may wait with a beat while there is a reset: none is taken then.
  assign ready = !rst && (DROP || ok);
  assign take = goes_in && ok;
  always_ff @(posedge clk) begin
    we <= take;
    d <= {starts ? lost : 8'd0, starts && cut, last, error, start, whole, data};
    if (valid && ready) between <= last;
    if (take) begin
      dropping <= 1'b0;
      if (starts) begin
        cut <= 1'b0;
        lost <= '0;
      end
    end else if (DROP && goes_in) begin
      dropping <= 1'b1;
      if (!starts) cut <= 1'b1;
      else if (!(&lost)) lost <= lost + 1'b1;
    end
    if (rst) begin
      we <= 1'b0;
      between <= 1'b1;
      dropping <= 1'b0;
      cut <= 1'b0;
      lost <= '0;
    end
  end
endmodule
`default_nettype wire
