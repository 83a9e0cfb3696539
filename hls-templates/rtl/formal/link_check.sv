// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_link between any producer with CYCLES registers and any reader, for ever: credits, words under way, words stored
// and credits on their way back are DEPTH together, so that no word meets a full FIFO and none is lost. The script connects
// what is marked `keep` to the link's own registers.
`default_nettype none
module link_check #(
    parameter int DEPTH = 3,
    parameter bit RAM = 0,
    parameter int CYCLES = 2
) (
    input wire logic clk,
    input wire logic wants,
    input wire logic accepts,
    input wire logic x
);
  localparam int N = $clog2(DEPTH + 1) + 1;
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst, ok, take, valid, q, pop;
  assign rst = !started;
  assign take = wants && ok && !rst;
  assign pop = accepts && valid && !rst;
  logic [CYCLES-1:0] flying, bits;
  always_ff @(posedge clk) begin
    flying <= rst ? '0 : CYCLES'({flying, take});
    bits <= CYCLES'({bits, x});
  end
  vetoc_link #(.W(1), .DEPTH(DEPTH), .RAM(RAM)) link (
      .clk, .rst, .ok, .take, .we(flying[CYCLES-1]), .d(bits[CYCLES-1]), .valid, .q, .pop);

  (* keep *) logic [$clog2(DEPTH+1)-1:0] credits;
  (* keep *) logic [(DEPTH > 1 ? $clog2(DEPTH) : 1):0] stored;
  (* keep *) logic some, given;
  logic [15:0] flight;
  always_comb begin
    flight = '0;
    for (int i = 0; i < CYCLES; i++) flight = flight + 16'(flying[i]);
  end
  always_comb begin
    assert (rst || 16'(credits) + flight + 16'(stored) + 16'(RAM && valid) + 16'(given) == 16'(DEPTH));
    assert (rst || ok == (credits != '0));
    assert (rst || some == (stored != '0));
  end
endmodule
`default_nettype wire
