// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// AXI4-Lite registers of 32 bits: SETTINGS that software writes and reads, FACTS that it only reads. Each stands at the
// byte address that SETTING_AT and FACT_AT name, the first in the low bits; other addresses read 0 and ignore writes.
// One access of each direction at a time, always OKAY. Settings are 0 after a reset.
`default_nettype none
module vetoc_registers #(
    parameter int A = 12,
    parameter int SETTINGS = 2,
    parameter logic [SETTINGS*A-1:0] SETTING_AT = '0,
    parameter int FACTS = 4,
    parameter logic [FACTS*A-1:0] FACT_AT = '0
) (
    input  wire logic                   clk,
    input  wire logic                   rst,
    input  wire logic                   awvalid,
    output logic                        awready,
    input  wire logic [A-1:0]           awaddr,
    input  wire logic                   wvalid,
    output logic                        wready,
    input  wire logic [31:0]            wdata,
    input  wire logic [3:0]             wstrb,
    output logic                        bvalid,
    input  wire logic                   bready,
    output logic [1:0]                  bresp,
    input  wire logic                   arvalid,
    output logic                        arready,
    input  wire logic [A-1:0]           araddr,
    output logic                        rvalid,
    input  wire logic                   rready,
    output logic [31:0]                 rdata,
    output logic [1:0]                  rresp,
    output logic [SETTINGS*32-1:0]      settings,
    input  wire logic [FACTS*32-1:0]    facts
);
  logic write, read;
  logic [31:0] found;
  assign write = awvalid && wvalid && !bvalid;
  assign awready = write;
  assign wready = write;
  assign bresp = 2'b00;
  assign read = arvalid && !rvalid;
  assign arready = read;
  assign rresp = 2'b00;
  always_comb begin
    found = '0;
    for (int i = 0; i < SETTINGS; i++)
      if (araddr[A-1:2] == SETTING_AT[i*A+2+:A-2]) found = settings[i*32+:32];
    for (int i = 0; i < FACTS; i++) if (araddr[A-1:2] == FACT_AT[i*A+2+:A-2]) found = facts[i*32+:32];
  end
  always_ff @(posedge clk) begin
    if (write) begin
      bvalid <= 1'b1;
      for (int i = 0; i < SETTINGS; i++)
        if (awaddr[A-1:2] == SETTING_AT[i*A+2+:A-2])
          for (int b = 0; b < 4; b++) if (wstrb[b]) settings[i*32+b*8+:8] <= wdata[b*8+:8];
    end else if (bready) begin
      bvalid <= 1'b0;
    end
    if (read) begin
      rvalid <= 1'b1;
      rdata <= found;
    end else if (rready) begin
      rvalid <= 1'b0;
    end
    if (rst) begin
      bvalid <= 1'b0;
      rvalid <= 1'b0;
      settings <= '0;
    end
  end
  logic unused;
  assign unused = &{1'b0, awaddr[1:0], araddr[1:0]};
endmodule
`default_nettype wire
