// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// The second stream -> exactly BEATS words of maps and one verdict a set, whatever arrives.
//
// A set is BEATS beats, one for each word of pixels, and a beat whose low 32 bits are the CRC-32 of all bits before, `last` with
// that one.
//   ends too early -> the rest is zeros: pixels that measure nothing
//   does not end   -> what follows up to `last` is thrown away
//   another CRC-32 -> as it is
// Each of these is a flaw of the set; the next one is right again.
// An event takes a beat and hands on its low D bits, or makes a word of zeros; from the event to `we`: 1 cycle. The one that ends a
// set, the beat of its CRC or its last word where none comes, also writes the verdict; from the event to `flaw_we`: 2 cycles.
`default_nettype none
module vetoc_receive_maps #(
    parameter int BITS = 32,
    parameter int D = 32,
    parameter int BEATS = 16384
) (
    input  wire logic            clk,
    input  wire logic            rst,
    input  wire logic            valid,
    output logic                 ready,
    input  wire logic [BITS-1:0] data,
    input  wire logic            last,
    input  wire logic            ok,
    output logic                 take,
    output logic                 we,
    output logic [D-1:0]         d,
    input  wire logic            flaw_ok,
    output logic                 flaw_take,
    output logic                 flaw_we,
    output logic                 flaw_d
);
  localparam int PA = $clog2(BEATS + 1);
  logic [PA-1:0] place;  // of the next word
  logic filling;         // the set has ended: the words that it lacks are zeros
  logic tail;            // it has not ended where it should
  logic at_crc, at_final, cut, takes_crc;
  assign at_crc = place == PA'(BEATS);
  assign at_final = place == PA'(BEATS - 1);
  assign cut = filling || last;
  assign take = !tail && !at_crc && ok && (filling || valid) && (flaw_ok || !at_final || !cut);
  assign takes_crc = !tail && at_crc && valid && flaw_ok;
  assign flaw_take = takes_crc || (take && at_final && cut);
  // A memory may wait with its first beat while there is a reset: none is taken then.
  assign ready = !rst && (tail || takes_crc || (take && !filling));

  // The CRC is that of the words behind the register; it is complete a cycle after the event of the beat that holds it.
  logic [BITS-1:0] beat;
  logic [31:0] crc, next, sent1;
  logic ended1, flawed1;
  vetoc_crc32 #(.W(BITS)) step (.state(crc), .data(beat), .next);
  assign d = beat[D-1:0];
  always_ff @(posedge clk) begin
    we <= take;
    beat <= cut ? '0 : data;
    if (take) begin
      place <= at_final && cut ? '0 : place + 1'b1;
      filling <= cut && !at_final;
    end
    if (takes_crc) place <= '0;
    if (takes_crc || (tail && valid)) tail <= !last;
    ended1 <= flaw_take;
    flawed1 <= !takes_crc || !last;
    sent1 <= data[31:0];
    flaw_we <= ended1;
    flaw_d <= flawed1 || sent1 != ~crc;
    if (we) crc <= next;
    if (ended1) crc <= '1;
    if (rst) begin
      we <= 1'b0;
      place <= '0;
      filling <= 1'b0;
      tail <= 1'b0;
      ended1 <= 1'b0;
      flaw_we <= 1'b0;
      crc <= '1;
    end
  end
endmodule
`default_nettype wire
