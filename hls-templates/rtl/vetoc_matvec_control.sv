// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The order of the events of vetoc_matvec: for each of GROUPS groups, WORDS words, TAP_FOLD parts of a word, OUT_FOLD
// output words. With RELOADABLE the first event of a frame of VECTORS also reads which set of weights counts: `bank` is its
// lowest bit. `first` marks events whose sums start with the bias, `last` (= `take`) those that finish them.
`default_nettype none
module vetoc_matvec_control #(
    parameter int GROUPS = 1,
    parameter int WORDS = 1,
    parameter int TAP_FOLD = 1,
    parameter int OUT_FOLD = 1,
    parameter bit RELOADABLE = 0,
    parameter bit EARLY = 0,
    parameter int VECTORS = 1,
    parameter int TA = TAP_FOLD > 1 ? $clog2(TAP_FOLD) : 1,
    parameter int STEPS = GROUPS * WORDS * TAP_FOLD * OUT_FOLD,
    parameter int SA = STEPS > 1 ? $clog2(STEPS) : 1,
    parameter int CHANNELS = GROUPS * OUT_FOLD,
    parameter int CA = CHANNELS > 1 ? $clog2(CHANNELS) : 1
) (
    input  wire logic     clk,
    input  wire logic     rst,
    input  wire logic     valid,
    input  wire logic     ok,
    input  wire logic     set_valid,
    input  wire logic     set_bank,
    output logic          set_pop,
    output logic          bank,
    output logic          fire,
    output logic          pop,
    output logic          take,
    output logic          first,
    output logic          last,
    output logic [TA-1:0] t,
    output logic [CA-1:0] channel,  // word of outputs, counted over all groups
    // Row of weights, that of the next cycle if EARLY: block RAM takes long to answer.
    output logic [SA-1:0] step
);
  localparam int OA = OUT_FOLD > 1 ? $clog2(OUT_FOLD) : 1;
  localparam int WA = WORDS > 1 ? $clog2(WORDS) : 1;
  logic [OA-1:0] o;
  logic [WA-1:0] w;
  logic [SA-1:0] row, after, next_row;
  logic begins;
  // What the counters say of this event, in registers: an event waits for no comparison.
  logic last_o, last_t, last_w, reads, writes;
  logic [TA-1:0] next_t;
  logic [WA-1:0] next_w;
  assign fire = (valid || !reads) && (ok || !writes) && (set_valid || !begins);
  assign set_pop = fire && begins;
  assign pop = fire && reads;
  assign take = fire && writes;
  assign first = w == '0 && t == '0;
  assign last = take;
  assign next_row = rst ? '0 : fire ? after : row;
  assign step = EARLY ? next_row : row;
  assign next_t = !last_o ? t : last_t ? '0 : t + 1'b1;
  assign next_w = !(last_o && last_t) ? w : last_w ? '0 : w + 1'b1;
  always_ff @(posedge clk) begin
    row <= next_row;
    if (fire) begin
      after <= after == SA'(STEPS - 1) ? '0 : after + 1'b1;
      o <= last_o ? '0 : o + 1'b1;
      t <= next_t;
      w <= next_w;
      reads <= last_o && last_t;
      last_o <= OUT_FOLD == 1 || (OUT_FOLD > 1 && !last_o && o == OA'(OUT_FOLD - 2));
      last_t <= next_t == TA'(TAP_FOLD - 1);
      last_w <= next_w == WA'(WORDS - 1);
      writes <= next_t == TA'(TAP_FOLD - 1) && next_w == WA'(WORDS - 1);
      if (!last_o) channel <= channel + 1'b1;
      else if (!writes) channel <= channel - CA'(OUT_FOLD - 1);
      else channel <= channel == CA'(CHANNELS - 1) ? '0 : channel + 1'b1;
    end
    if (rst) begin
      after <= STEPS > 1 ? SA'(1) : '0;
      o <= '0;
      t <= '0;
      w <= '0;
      reads <= 1'b1;
      last_o <= OUT_FOLD == 1;
      last_t <= TAP_FOLD == 1;
      last_w <= WORDS == 1;
      writes <= TAP_FOLD == 1 && WORDS == 1;
      channel <= '0;
    end
  end
  if (RELOADABLE) begin : g_sets
    localparam int VA = VECTORS > 1 ? $clog2(VECTORS) : 1;
    logic [VA-1:0] v;
    logic in_use, last_step;
    assign last_step = row == SA'(STEPS - 1);
    assign begins = v == '0 && row == '0;
    assign bank = begins ? set_bank : in_use;
    always_ff @(posedge clk) begin
      if (set_pop) in_use <= set_bank;
      if (fire && last_step) v <= v == VA'(VECTORS - 1) ? '0 : v + 1'b1;
      if (rst) begin
        v <= '0;
        in_use <= 1'b0;
      end
    end
  end else begin : g_constant
    logic unused;
    assign unused = &{1'b0, set_valid, set_bank};
    assign begins = 1'b0;
    assign bank = 1'b0;
  end
endmodule
`default_nettype wire
