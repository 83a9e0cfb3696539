// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// For simulation alone: the phase-locked loop as a wire, so that the clock of the board is that of the firmware.
`default_nettype none
/* verilator lint_off UNUSEDSIGNAL */
/* verilator lint_off UNUSEDPARAM */
module EHXPLLL #(
    parameter CLKI_DIV = 1,
    parameter CLKFB_DIV = 1,
    parameter CLKOP_DIV = 8,
    parameter CLKOP_ENABLE = "ENABLED",
    parameter FEEDBK_PATH = "CLKOP",
    parameter CLKOP_CPHASE = 0,
    parameter CLKOP_FPHASE = 0
) (
    input  wire logic CLKI,
    input  wire logic CLKFB,
    input  wire logic RST,
    input  wire logic STDBY,
    input  wire logic PHASESEL0,
    input  wire logic PHASESEL1,
    input  wire logic PHASEDIR,
    input  wire logic PHASESTEP,
    input  wire logic PHASELOADREG,
    input  wire logic PLLWAKESYNC,
    input  wire logic ENCLKOP,
    output logic      CLKOP,
    output logic      LOCK
);
  assign CLKOP = CLKI;
  assign LOCK = 1'b1;
endmodule
`default_nettype wire
