// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// New weights over AXI4-Stream: checks an image of WORDS words (registers.h: weights_status; the format stands in the README) and
// hands the stages their parts, a word a cycle: `part_we` with the index of the part. When the whole image was good, `commit`
// tells them so; `announce` follows 3 cycles later. An image waits while a stage still holds the one before it (`pending`).
// Of two networks the one in shadow gets it (the parts of the second, its commit and its news stand behind those of the first):
// none is taken while the shadow may take over, or when the networks changed places under it.
// A part is FACTORS words of which the bits of UNUSED are 0, then two words a channel with a bias from LOW to HIGH.
`default_nettype none
module vetoc_load #(
    parameter int NETWORKS = 1,
    parameter int PARTS = 2,
    parameter int WORDS = 16,
    parameter logic [31:0] DESIGN = '0,
    parameter logic [PARTS*32-1:0] PART_WORDS = '0,
    parameter logic [PARTS*32-1:0] FACTORS = '0,
    parameter logic [PARTS*32-1:0] UNUSED = '0,
    parameter logic [PARTS*56-1:0] LOW = '0,
    parameter logic [PARTS*56-1:0] HIGH = '0
) (
    input  wire logic                      clk,
    input  wire logic                      rst,
    input  wire logic                      second_decides,
    input  wire logic                      may_take_over,
    input  wire logic                      w_tvalid,
    output logic                           w_tready,
    input  wire logic [31:0]               w_tdata,
    input  wire logic [3:0]                w_tkeep,
    input  wire logic                      w_tlast,
    input  wire logic [NETWORKS-1:0]       pending,
    output logic [NETWORKS*PARTS-1:0]      part_we,
    output logic                           part_first,
    output logic [31:0]                    part_data,
    output logic [NETWORKS-1:0]            commit,
    output logic [NETWORKS-1:0]            announce,
    output logic [31:0]                    weights_loaded,
    output logic [31:0]                    weights_refused,
    output logic [31:0]                    weights_status
);
  localparam logic [31:0] MAGIC = 32'h32574556;
  localparam logic [31:0] TAKEN = 32'd1;
  logic [31:0] i, place, previous, crc, next_crc;
  logic [PARTS-1:0] part;  // one hot
  logic [3:0] found, wrong, found_now;
  logic swallow, taken, of_a_part, in_range, ends;
  logic [31:0] words, factors, unused_bits;
  logic signed [55:0] low, high, bias;
  vetoc_crc32 step (.state(crc), .data(w_tdata), .next(next_crc));

  // The network that the image is for, with its first word; one that decides by now must not be touched.
  logic [NETWORKS-1:0] network, network_now;  // one hot
  logic busy;
  if (NETWORKS > 1) begin : g_two
    assign network_now = i == '0 ? {!second_decides, second_decides} : network;
    assign busy = may_take_over || network_now[second_decides];
  end else begin : g_one
    logic unused;
    assign unused = &{1'b0, second_decides, may_take_over, network};
    assign network_now = 1'b1;
    assign busy = 1'b0;
  end

  assign w_tready = !((pending & network_now) != '0 && i == '0);
  assign taken = w_tvalid && w_tready;
  assign of_a_part = i >= 32'd2 && i < 32'(WORDS - 1);
  assign bias = {w_tdata[23:0], previous};
  always_comb begin
    words = '0;
    factors = '0;
    unused_bits = '0;
    low = '0;
    high = '0;
    for (int s = 0; s < PARTS; s++)
      if (part[s]) begin
        words = PART_WORDS[s*32+:32];
        factors = FACTORS[s*32+:32];
        unused_bits = UNUSED[s*32+:32];
        low = LOW[s*56+:56];
        high = HIGH[s*56+:56];
      end
    if (place < factors) in_range = (w_tdata & unused_bits) == '0;
    else in_range = place[0] == factors[0] || (w_tdata[31:24] <= 8'd15 && bias >= low && bias <= high);
    // The first that is found counts; in a word the last one here.
    wrong = busy ? 4'd9 : '0;
    if (i == 32'(WORDS - 1) && w_tdata != ~crc) wrong = 4'd7;
    if (i == 32'd1 && w_tdata != DESIGN) wrong = 4'd3;
    if (i == '0 && w_tdata != MAGIC) wrong = 4'd2;
    if (w_tlast && i != 32'(WORDS - 1)) wrong = 4'd4;
    if (!w_tlast && i == 32'(WORDS - 1)) wrong = 4'd5;
    if (w_tkeep != 4'hf) wrong = 4'd6;
    if (of_a_part && wrong == '0 && !in_range) wrong = 4'd8;
    if (swallow) wrong = '0;
    found_now = found == '0 ? wrong : found;
    ends = taken && w_tlast;
  end
  logic [NETWORKS-1:0] committed, committed1;
  always_ff @(posedge clk) begin
    for (int n = 0; n < NETWORKS; n++)
      part_we[n*PARTS+:PARTS] <= taken && !swallow && of_a_part && found_now == '0 && network_now[n] ? part : '0;
    part_first <= place == '0;
    part_data <= w_tdata;
    commit <= ends && found_now == '0 ? network_now : '0;
    committed <= commit;
    committed1 <= committed;
    announce <= committed1;
    if (taken) begin
      found <= found_now;
      network <= network_now;
      previous <= w_tdata;
      crc <= next_crc;
      i <= i + 1'b1;
      if (i == 32'(WORDS - 1)) swallow <= 1'b1;
      if (of_a_part) begin
        place <= place == words - 1'b1 ? '0 : place + 1'b1;
        if (place == words - 1'b1) part <= part << 1;
      end
    end
    if (swallow) i <= 32'(WORDS);
    if (ends) begin
      weights_status <= found_now == '0 ? TAKEN : 32'(found_now);
      if (found_now == '0 && !(&weights_loaded)) weights_loaded <= weights_loaded + 1'b1;
      if (found_now != '0 && !(&weights_refused)) weights_refused <= weights_refused + 1'b1;
    end
    // Whatever image comes next begins anew.
    if (ends || rst) begin
      i <= '0;
      place <= '0;
      part <= PARTS'(1);
      found <= '0;
      crc <= '1;
      swallow <= 1'b0;
    end
    if (rst) begin
      part_we <= '0;
      commit <= '0;
      committed <= '0;
      committed1 <= '0;
      announce <= '0;
      weights_loaded <= '0;
      weights_refused <= '0;
      weights_status <= '0;
    end
  end
endmodule
`default_nettype wire
