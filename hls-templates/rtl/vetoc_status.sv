// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The status of a packet, 1 cycle after `answers`:
//   63..0 number (0 unless it came), 71..64 causes (see registers.h), 72 numbered, 73 gap, 74 empty (no pixel was handed
//   on: there are no logits), 106..75 beats thrown away since the status before.
// `header` brings part `place` of the number, low bits first. A number is a gap when it is not that of the last numbered packet
// plus number_step (0: NUMBER_STEP); a packet whose CRC is wrong neither is one nor counts.
`default_nettype none
module vetoc_status #(
    parameter int PIXELS = 1,
    parameter int HEADER = 4,
    parameter logic [31:0] NUMBER_STEP = 1
) (
    input  wire logic                 clk,
    input  wire logic                 rst,
    input  wire logic [31:0]          number_step,
    input  wire logic                 header,
    input  wire logic [31:0]          place,
    input  wire logic [16*PIXELS-1:0] data,
    input  wire logic                 answers,
    input  wire logic                 numbered,
    input  wire logic                 empty,
    input  wire logic [7:0]           causes,
    input  wire logic [31:0]          dropped,
    output logic                      we,
    output logic [106:0]              d
);
  localparam int PART = 16 * PIXELS > 64 ? 64 : 16 * PIXELS;
  logic counting, trusted;
  logic [63:0] number, expected;
  logic [31:0] difference;
  assign difference = number_step == '0 ? NUMBER_STEP : number_step;
  assign trusted = numbered && !causes[4];
  for (genvar p = 0; p < 64 / PART; p++) begin : g_part
    if (p < HEADER) begin : g_here
      always_ff @(posedge clk) if (header && place == p) number[p*PART+:PART] <= data[PART-1:0];
    end else begin : g_none
      assign number[p*PART+:PART] = '0;
    end
  end
  always_ff @(posedge clk) begin
    we <= answers;
    d <= {dropped, empty, trusted && counting && number != expected, numbered, causes, numbered ? number : 64'd0};
    if (answers && trusted) begin
      expected <= number + 64'(difference);
      counting <= 1'b1;
    end
    if (rst) begin
      we <= 1'b0;
      counting <= 1'b0;
    end
  end
  if (HEADER == 0) begin : g_counted
    logic unused;
    assign unused = &{1'b0, header, place, data};
  end else if (16 * PIXELS > 64) begin : g_rest
    logic unused;
    assign unused = &{1'b0, data[16*PIXELS-1:64]};
  end
endmodule
`default_nettype wire
