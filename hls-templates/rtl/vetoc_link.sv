// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// A stream between two stages: credits at the producer, a FIFO of DEPTH words at the reader. No ready wire crosses it.
// The producer's event takes a credit (`take`, allowed while `ok`) and its word follows a fixed number of cycles later
// (`we`, `d`); the reader takes a word with `pop` while `valid`. A credit that comes back serves an event 2 cycles after
// the `pop`.
`default_nettype none
module vetoc_link #(
    parameter int W = 8,
    parameter int DEPTH = 2,
    parameter bit RAM = 0
) (
    input  wire logic         clk,
    input  wire logic         rst,
    output logic              ok,
    input  wire logic         take,
    input  wire logic         we,
    input  wire logic [W-1:0] d,
    output logic              valid,
    output logic [W-1:0]      q,
    input  wire logic         pop
);
  logic give;
  vetoc_credit #(.DEPTH(DEPTH)) credit (.clk, .rst, .take, .give, .ok);
  vetoc_fifo #(.W(W), .DEPTH(DEPTH), .RAM(RAM)) fifo (.clk, .rst, .we, .d, .give, .valid, .q, .pop);
endmodule
`default_nettype wire
