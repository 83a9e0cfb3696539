// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What the decision must know of a packet beside the logits: its place among the answers, the mode, and whether the prescale
// chooses it if it is a miss: one in `prescale`, by a keyed hash of the frame's number, the same bits as in every form that
// vetoc emits. hash * prescale < 2^32 chooses. One multiplier, of four products of
// halves, works seven times.
// An event takes the status of a packet (vetoc_status); 43 cycles later the word follows: the status with the number that
// counts, then 170..107 answers before this one, 174..171 mode, 175 chosen, 200..176 prescale, 201 prescale refused.
`default_nettype none
module vetoc_prescale #(
    parameter bit NUMBERED = 1  // packets bring a number, else it is the count
) (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic [3:0]   mode,
    input  wire logic [31:0]  prescale,
    input  wire logic [31:0]  prescale_key,
    input  wire logic         valid,
    input  wire logic [106:0] q,
    output logic              pop,
    input  wire logic         ok,
    output logic              take,
    output logic              we,
    output logic [201:0]      d
);
  localparam logic [31:0] MOST = 32'd16777216;
  localparam logic [31:0] FIRST = 32'h7feb352d;
  localparam logic [31:0] SECOND = 32'h2c1b3c6d;
  logic busy;
  logic [2:0] phase;  // of a product: operands, then five registers
  logic [2:0] step;   // products made
  logic [63:0] count, count_now, number;
  logic [31:0] a, b, folded, now, sum, last;
  /* verilator lint_off UNUSEDSIGNAL */  // two signs of each
  logic [4*34-1:0] p1;  // a product: of halves of its factors, then two sums
  /* verilator lint_on UNUSEDSIGNAL */
  logic [32:0] middle;
  logic [63:0] p2, p3;
  logic [31:0] many;
  logic few, chosen;

  assign pop = valid && ok && !busy;
  assign take = pop;
  assign count_now = mode[2] ? 64'd0 : count;
  assign number = d[63:0];
  // The steps between products: xor of a shifted value, and a half of the number where a round ends.
  assign now = p3[31:0] ^ (step[0] ? p3[31:0] >> 16 : p3[31:0] >> 15);
  always_comb
    case (step)
      3'd1: sum = folded + number[31:0];
      3'd3: sum = folded + number[63:32];
      default: sum = folded;
    endcase
  // Factors are registered in the multiplier.
  assign b = pop ? FIRST : step == 3'd5 ? many : step[0] ? FIRST : SECOND;
  assign a = pop ? prescale_key ^ (prescale_key >> 16) : step == 3'd1 || step == 3'd3 ? last ^ (last >> 16) : last;
  for (genvar i = 0; i < 2; i++) begin : g_a
    for (genvar j = 0; j < 2; j++) begin : g_b
      vetoc_product #(.A_WIDTH(17), .B_WIDTH(17)) half (
          .clk, .a({1'b0, a[16*i+:16]}), .b({1'b0, b[16*j+:16]}), .y(p1[(2*i+j)*34+:34]));
    end
  end
  always_ff @(posedge clk) begin
    p2 <= {p1[3*34+:32], p1[31:0]};
    middle <= 33'(p1[34+:32]) + 33'(p1[2*34+:32]);
    p3 <= p2 + {15'd0, middle, 16'd0};
    folded <= now;
    few <= p3[63:32] == '0;
    last <= sum;
    chosen <= few;
    we <= 1'b0;
    if (pop) begin
      busy <= 1'b1;
      phase <= '0;
      step <= '0;
      count <= count_now + 1'b1;
      many <= prescale;
      d <= {prescale > MOST, prescale[24:0], 1'b0, mode, count_now, q[106:64], NUMBERED ? q[63:0] : count_now};
    end else if (busy) begin
      phase <= phase == 3'd5 ? '0 : phase + 1'b1;
      if (phase == 3'd5) begin
        step <= step + 1'b1;
        if (step == 3'd6) begin
          busy <= 1'b0;
          we <= 1'b1;
          d[175] <= many != '0 && many <= MOST && chosen;
        end
      end
    end
    if (rst) begin
      busy <= 1'b0;
      we <= 1'b0;
      count <= '0;
    end
  end
endmodule
`default_nettype wire
