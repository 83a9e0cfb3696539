// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// From bytes to packets of frames and to the registers. Messages end as in SLIP (RFC 1055): with C0, which stands nowhere else;
// DB DC and DB DD are a C0 and a DB. The first byte of a message says what it is:
//   46 'F'  a packet: the bytes of its beats, BYTES each, the lowest first; the end of the message is TLAST
//   57 'W'  a register is written: address (2 bytes), value (4 bytes), the lowest first
//   52 'R'  a register is read: address (2 bytes); vetoc_serial_out answers
// Anything else is thrown away up to its end. A packet that the firmware does not take in time is cut: it answers `short`.
`default_nettype none
module vetoc_serial_in #(
    parameter int BYTES = 2,
    parameter int A = 12
) (
    input  wire logic           clk,
    input  wire logic           rst,
    input  wire logic           byte_valid,
    input  wire logic [7:0]     byte_data,
    output logic                tvalid,
    output logic [8*BYTES-1:0]  tdata,
    output logic [BYTES-1:0]    tkeep,
    output logic [1:0]          tuser,  // SOF with the first beat
    output logic                tlast,
    input  wire logic           tready,
    output logic                awvalid,
    output logic [A-1:0]        awaddr,
    input  wire logic           awready,
    output logic                wvalid,
    output logic [31:0]         wdata,
    input  wire logic           wready,
    output logic                arvalid,
    output logic [A-1:0]        araddr,
    input  wire logic           arready
);
  localparam int FA = $clog2(BYTES + 1);
  localparam logic [2:0] NEXT = 0, PACKET = 1, WRITE = 2, READ = 3, NOTHING = 4;
  logic [2:0] kind;
  logic escaped, plain, ends;
  logic [7:0] data;
  assign ends = byte_valid && byte_data == 8'hc0;
  assign plain = byte_valid && byte_data != 8'hc0 && byte_data != 8'hdb;
  always_comb begin
    data = byte_data;
    if (escaped && byte_data == 8'hdc) data = 8'hc0;
    if (escaped && byte_data == 8'hdd) data = 8'hdb;
  end

  // A beat waits until it is known whether it is the last.
  logic [8*BYTES-1:0] beat;
  logic [FA-1:0] fill;
  logic held, first, moves, late;
  logic [47:0] words;
  logic [2:0] count;
  assign moves = kind == PACKET && ((plain && fill == '0 && held) || (ends && (held || fill != '0)));
  assign late = moves && tvalid && !tready;
  always_ff @(posedge clk) begin
    if (byte_valid) escaped <= byte_data == 8'hdb;
    if (tready) tvalid <= 1'b0;
    if (moves && !late) begin
      tvalid <= 1'b1;
      tdata <= beat;
      tkeep <= fill == '0 || plain ? '1 : (BYTES'(1) << fill) - 1'b1;
      tuser <= {first, 1'b0};
      tlast <= ends;
      first <= 1'b0;
    end
    if (plain) begin
      case (kind)
        NEXT: begin
          kind <= data == "F" ? PACKET : data == "W" ? WRITE : data == "R" ? READ : NOTHING;
          first <= 1'b1;
          held <= 1'b0;
          fill <= '0;
          count <= '0;
        end
        PACKET: begin
          beat <= (8*BYTES)'({data, beat} >> 8);
          held <= fill == FA'(BYTES - 1);
          fill <= fill == FA'(BYTES - 1) ? '0 : fill + 1'b1;
        end
        default: begin
          words <= {data, words[47:8]};
          if (count != '1) count <= count + 1'b1;
        end
      endcase
    end
    if (late) begin
      tlast <= 1'b1;
      kind <= NOTHING;
    end
    if (awready) awvalid <= 1'b0;
    if (wready) wvalid <= 1'b0;
    if (arready) arvalid <= 1'b0;
    if (ends) begin
      kind <= NEXT;
      if (kind == WRITE && count == 3'd6) begin
        awvalid <= 1'b1;
        awaddr <= words[A-1:0];
        wvalid <= 1'b1;
        wdata <= words[47:16];
      end
      if (kind == READ && count == 3'd2) begin
        arvalid <= 1'b1;
        araddr <= words[32+:A];
      end
    end
    if (rst) begin
      kind <= NOTHING;
      escaped <= 1'b0;
      tvalid <= 1'b0;
      awvalid <= 1'b0;
      wvalid <= 1'b0;
      arvalid <= 1'b0;
    end
  end
endmodule
`default_nettype wire
