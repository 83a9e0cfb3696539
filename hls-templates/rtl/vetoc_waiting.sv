// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The frames of which modules have sent something, FRAMES of them at once: their numbers, which modules came, whether something
// was wrong. In each cycle one thing may be done to the frame at `at`: `open` gives the place to the frame of `number`, `enter`
// enters module `module_now`, `spoil` says that it is to be flagged, `close` frees the place. 3 cycles later the answers hold:
//   `oldest`  the place of the least number, `any` whether there is one, `oldest_whole` whether all modules came
//   `same`    the place of the frame of `number`, where `known` says that there is one
//   `free`    a free place, where `full` does not say that there is none; `older`: `number` is less than all that wait
`default_nettype none
module vetoc_waiting #(
    parameter int FRAMES = 4,
    parameter int MODULES = 2,
    parameter int FA = FRAMES > 1 ? $clog2(FRAMES) : 1,
    parameter int MA = MODULES > 1 ? $clog2(MODULES) : 1
) (
    input  wire logic              clk,
    input  wire logic              rst,
    input  wire logic [63:0]       number,
    input  wire logic [FA-1:0]     at,
    input  wire logic [MA-1:0]     module_now,
    input  wire logic              open,
    input  wire logic              enter,
    input  wire logic              spoil,
    input  wire logic              close,
    output logic                   any,
    output logic [FA-1:0]          oldest,
    output logic                   oldest_whole,
    output logic                   known,
    output logic [FA-1:0]          same,
    output logic                   full,
    output logic [FA-1:0]          free,
    output logic                   older,
    // Of the frame at `at`, in the same cycle.
    output logic [63:0]            number_at,
    output logic [MODULES-1:0]     seen_at,
    output logic                   wrong_at
);
  logic [FRAMES-1:0] used, wrong, is, first, less;
  logic [63:0] numbers[0:FRAMES-1];
  logic [MODULES-1:0] seen[0:FRAMES-1];
  assign number_at = numbers[at];
  assign seen_at = seen[at];
  assign wrong_at = wrong[at];

  always_ff @(posedge clk) begin
    if (open) begin
      used[at] <= 1'b1;
      wrong[at] <= 1'b0;
      seen[at] <= '0;
      numbers[at] <= number;
    end
    if (enter) seen[at][module_now] <= 1'b1;
    if (spoil) wrong[at] <= 1'b1;
    if (close) used[at] <= 1'b0;
    if (rst) used <= '0;
  end

  // Each frame beside `number`, and beside the others.
  for (genvar f = 0; f < FRAMES; f++) begin : g_frame
    logic [FRAMES-1:0] ahead;  // the others, where they are later or not there
    for (genvar o = 0; o < FRAMES; o++) begin : g_other
      always_ff @(posedge clk) ahead[o] <= o == f || !used[o] || numbers[f] < numbers[o];
    end
    always_ff @(posedge clk) begin
      is[f] <= used[f] && numbers[f] == number;
      less[f] <= !used[f] || number < numbers[f];
      first[f] <= used[f] && &ahead;
    end
  end
  logic [FA-1:0] first_at, is_at, free_at;
  always_comb begin
    first_at = '0;
    is_at = '0;
    free_at = '0;
    for (int f = 0; f < FRAMES; f++) begin
      if (first[f]) first_at = FA'(f);
      if (is[f]) is_at = FA'(f);
      if (!used[f]) free_at = FA'(f);
    end
  end
  always_ff @(posedge clk) begin
    any <= |used;
    oldest <= first_at;
    oldest_whole <= |first && &seen[first_at];
    known <= |is;
    same <= is_at;
    full <= &used;
    free <= free_at;
    older <= &less;
  end
endmodule
`default_nettype wire
