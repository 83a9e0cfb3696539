// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// CRC-32 of Ethernet and zlib (reflected, 0xEDB88320): the state after W more bits, the lowest first. It starts with all ones,
// and the CRC is its complement. No registers; synthesis makes one parity of each bit.
`default_nettype none
module vetoc_crc32 #(
    parameter int W = 32
) (
    input  wire logic [31:0]  state,
    input  wire logic [W-1:0] data,
    output logic [31:0]       next
);
  always_comb begin
    next = state;
    for (int i = 0; i < W; i++) next = {1'b0, next[31:1]} ^ (next[0] != data[i] ? 32'hedb88320 : 32'd0);
  end
endmodule
`default_nettype wire
