// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Which of a stage's two banks counts: that of the set of weights (`set_pop`, the lowest bit of `set_q`). `commit` says that the
// other one holds the next set: `full` until a frame asks for it. `spent` when the built-in weights of bank 0 are in use and
// have been overwritten (`written`) since they were configured: a reset does not bring them back.
`default_nettype none
module vetoc_banks (
    input  wire logic       clk,
    input  wire logic       rst,
    input  wire logic       set_pop,
    input  wire logic [7:0] set_q,
    input  wire logic       written,
    input  wire logic       commit,
    output logic            bank,
    output logic            changed,
    output logic            full,
    output logic            spent
);
  logic [7:0] in_use;
  logic gone = 1'b0;  // bank 0 was overwritten: no reset brings it back
  logic loaded;       // it holds an image since the last reset
  assign bank = in_use[0];
  assign changed = set_pop && set_q != in_use;
  assign spent = gone && !loaded && !in_use[0];
  always_ff @(posedge clk) begin
    if (set_pop) in_use <= set_q;
    if (changed) full <= 1'b0;
    if (commit) full <= 1'b1;
    if (commit && in_use[0]) loaded <= 1'b1;
    if (written && in_use[0]) gone <= 1'b1;
    if (rst) begin
      in_use <= '0;
      full <= 1'b0;
      loaded <= 1'b0;
    end
  end
endmodule
`default_nettype wire
