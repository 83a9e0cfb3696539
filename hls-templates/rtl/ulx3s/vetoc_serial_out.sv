// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// From decisions and answers of registers to bytes, in messages that end as in SLIP (vetoc_serial_in):
//   44 'D'  a decision: its 32 bytes, the lowest first
//   52 'R'  what a register says: 4 bytes
`default_nettype none
module vetoc_serial_out (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         decision_valid,
    input  wire logic [255:0] decision,
    output logic              decision_ready,
    input  wire logic         rvalid,
    input  wire logic [31:0]  rdata,
    output logic              rready,
    output logic              byte_valid,
    output logic [7:0]        byte_data,
    input  wire logic         byte_ready
);
  logic [263:0] words;
  logic [5:0] left;  // bytes of the message
  logic escaping, ending, idle, special;
  assign idle = left == '0 && !ending;
  assign rready = idle;
  assign decision_ready = idle && !rvalid;
  assign special = words[7:0] == 8'hc0 || words[7:0] == 8'hdb;
  assign byte_valid = !idle;
  always_comb
    if (left == '0) byte_data = 8'hc0;
    else if (escaping) byte_data = words[7:0] == 8'hc0 ? 8'hdc : 8'hdd;
    else byte_data = special ? 8'hdb : words[7:0];
  always_ff @(posedge clk) begin
    if (idle) begin
      ending <= rvalid || decision_valid;
      left <= rvalid ? 6'd5 : decision_valid ? 6'd33 : '0;
      words <= rvalid ? {224'd0, rdata, "R"} : {decision, "D"};
    end else if (byte_ready) begin
      if (left == '0) ending <= 1'b0;
      else if (special && !escaping) escaping <= 1'b1;
      else begin
        escaping <= 1'b0;
        words <= {8'd0, words[263:8]};
        left <= left - 1'b1;
      end
    end
    if (rst) begin
      left <= '0;
      ending <= 1'b0;
      escaping <= 1'b0;
    end
  end
endmodule
`default_nettype wire
