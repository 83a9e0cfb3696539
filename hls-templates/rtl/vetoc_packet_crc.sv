// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The CRC-32 behind a packet: over every beat that is `taken` from the one that `begins` up to TRAILER beats that hold it, low
// bits first. `wrong` belongs to the last of these, in the same cycle. No logic where packets have none.
`default_nettype none
module vetoc_packet_crc #(
    parameter int PIXELS = 1,
    parameter int TRAILER = 0
) (
    input  wire logic                 clk,
    input  wire logic [16*PIXELS-1:0] data,
    input  wire logic                 taken,
    input  wire logic                 begins,
    input  wire logic                 ends,  // the beat belongs to the trailer
    output logic                      wrong
);
  if (TRAILER == 0) begin : g_none
    logic unused;
    assign unused = &{1'b0, clk, data, taken, begins, ends};
    assign wrong = 1'b0;
  end else begin : g_crc
    logic [31:0] crc, next, sent;
    vetoc_crc32 #(.W(16 * PIXELS)) step (.state(begins ? 32'hffffffff : crc), .data, .next);
    always_ff @(posedge clk) if (taken && !ends) crc <= next;
    if (TRAILER == 2) begin : g_halves
      logic [15:0] low;
      always_ff @(posedge clk) if (taken) low <= data[15:0];
      assign sent = {data[15:0], low};
    end else begin : g_whole
      assign sent = data[31:0];
      if (PIXELS > 2) begin : g_rest
        logic unused;
        assign unused = &{1'b0, data[16*PIXELS-1:32]};
      end
    end
    assign wrong = sent != ~crc;
  end
endmodule
`default_nettype wire
