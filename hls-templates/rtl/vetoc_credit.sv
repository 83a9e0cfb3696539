// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Producer's end of a link: may one more word be sent?
// `take` spends a credit in the cycle of the event that makes a word, `give` brings one back; `ok` is a register that
// says whether a credit is left. At the start there are DEPTH of them, one for each place in the reader's FIFO.
`default_nettype none
module vetoc_credit #(
    parameter int DEPTH = 2
) (
    input  wire logic clk,
    input  wire logic rst,
    input  wire logic take,
    input  wire logic give,
    output logic      ok
);
  localparam int A = $clog2(DEPTH + 1);
  logic [A-1:0] count;
  always_ff @(posedge clk) begin
    if (take && !give) count <= count - 1'b1;
    if (!take && give) count <= count + 1'b1;
    // `take` is known last: what it needs is ready before it.
    ok <= give || (count != '0 && !(take && count == A'(1)));
    if (rst) begin
      count <= A'(DEPTH);
      ok <= 1'b1;
    end
  end
endmodule
`default_nettype wire
