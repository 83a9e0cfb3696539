// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// AXI4-Stream beats -> exactly one frame of words, whatever arrives. A frame is BEATS beats, TLAST with the last.
//   TLAST too early  -> the rest of the frame is zeros, flagged; the next beat starts the next frame
//   TLAST missing    -> flagged; what follows is thrown away up to and including the next TLAST
//   a byte not valid -> flagged (TKEEP is not all ones)
// An event reads a beat (or makes a zero) and writes a word; the last one of a frame also writes the flag, so that the
// decision does not wait for a late TLAST. From the event to `we` and `status_we`: 1 cycle.
`default_nettype none
module vetoc_receive #(
    parameter int W = 16,
    parameter int BEATS = 16384
) (
    input  wire logic           clk,
    input  wire logic           rst,
    input  wire logic           s_tvalid,
    output logic                s_tready,
    input  wire logic [W-1:0]   s_tdata,
    input  wire logic [W/8-1:0] s_tkeep,
    input  wire logic           s_tlast,
    input  wire logic           ok,
    output logic                take,
    output logic                we,
    output logic [W-1:0]        d,
    input  wire logic           status_ok,
    output logic                status_take,
    output logic                status_we,
    output logic                status_d
);
  localparam int A = BEATS > 1 ? $clog2(BEATS) : 1;
  logic [A-1:0] i;
  logic last, ended, malformed, discard, room, wrong;
  assign room = ok && (!last || status_ok) && !discard;
  assign s_tready = discard || (room && !ended);
  assign take = room && (ended || s_tvalid);
  assign status_take = take && last;
  assign wrong = malformed || (!ended && (s_tlast != last || !(&s_tkeep)));
  always_ff @(posedge clk) begin
    we <= take;
    status_we <= take && last;
    d <= ended ? '0 : s_tdata;
    status_d <= wrong;
    if (take) begin
      i <= last ? '0 : i + 1'b1;
      last <= BEATS == 1 || i == A'(BEATS - 2);
      ended <= !last && (ended || s_tlast);
      malformed <= !last && wrong;
      discard <= last && !ended && !s_tlast;
    end
    if (discard && s_tvalid && s_tlast) discard <= 1'b0;
    if (rst) begin
      we <= 1'b0;
      status_we <= 1'b0;
      i <= '0;
      last <= BEATS == 1;
      ended <= 1'b0;
      malformed <= 1'b0;
      discard <= 1'b0;
    end
  end
endmodule
`default_nettype wire
