// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Whether the maps of the frame that is decided had a flaw. With the status of a packet that brought pixels the verdict on its set
// is read: `valid` where both are there, `pop` takes both. From the event of the decision (`decides`) on `wrong` says it, up to
// the next one. One packet at a time stands between the two.
`default_nettype none
module vetoc_maps_flaw (
    input  wire logic clk,
    input  wire logic rst,
    input  wire logic packet_valid,
    input  wire logic empty,  // the packet brought no pixels: no set was taken for it
    input  wire logic flaw_valid,
    input  wire logic flaw_q,
    output logic      flaw_pop,
    output logic      valid,
    input  wire logic pop,
    input  wire logic decides,
    output logic      wrong
);
  logic found;
  assign valid = packet_valid && (flaw_valid || empty);
  assign flaw_pop = pop && !empty;
  always_ff @(posedge clk) begin
    if (flaw_pop) found <= flaw_q;
    if (decides) wrong <= found;
    if (rst) begin
      found <= 1'b0;
      wrong <= 1'b0;
    end
  end
endmodule
`default_nettype wire
