// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// vetoc_receive under every pattern of beats, starts, ends, bad bytes, pauses, resets and readers that wait: between two statuses
// there are the words of exactly one frame, or none where the status says so; and every packet that begins is answered
// once, before the next one begins. Nothing is lost in front (`cut`, `lost`). The script connects what is marked `keep` to
// the receiver's own state.
`default_nettype none
module receive_check #(
    parameter int PIXELS = 1,
    parameter int HEADER = 1,
    parameter int BEATS = 3,
    parameter int TRAILER = 0,
    parameter bit SSI = 1
) (
    input wire logic        clk,
    input wire logic        resets,
    input wire logic        valid,
    input wire logic [16*PIXELS-1:0] data,
    input wire logic        whole,
    input wire logic        start,
    input wire logic        error,
    input wire logic        last,
    input wire logic [31:0] idle_cycles,
    input wire logic        ok,
    input wire logic        packet_ok
);
  logic started = 1'b0;
  always_ff @(posedge clk) started <= 1'b1;
  logic rst, ready, take, we, packet_take, packet_we;
  logic [16*PIXELS-1:0] d;
  logic [106:0] packet_d;
  assign rst = !started || resets;
  vetoc_receive #(.PIXELS(PIXELS), .HEADER(HEADER), .BEATS(BEATS), .TRAILER(TRAILER), .SSI(SSI), .IDLE_CYCLES(4)) dut (
      .clk, .rst, .valid, .ready, .data, .whole, .start, .error, .last, .cut(1'b0), .lost(8'd0), .idle_cycles,
      .number_step(32'd1), .ok, .take, .we, .d, .packet_ok, .packet_take, .packet_we, .packet_d);

  // The receiver's own state.
  (* keep *) logic begun, filling, some, tail, at_pixels, at_header, at_final, at_final_pixel;
  (* keep *) logic [7:0] causes, told;
  (* keep *) logic [$clog2(HEADER+BEATS+TRAILER+1)-1:0] place;

  // Words since the last status; whether a packet waits for its answer; whether a status is due.
  logic [31:0] words;
  logic [31:0] passed;  // pixels in front of `place`
  assign passed = place < HEADER ? 0 : place < HEADER + BEATS ? 32'(place) - HEADER : BEATS;
  logic open, headless1, empty1, due, begins;
  assign begins = valid && ready && (SSI ? start : !begun && !tail);
  always_ff @(posedge clk) begin
    words <= packet_take ? '0 : words + 32'(take);
    open <= (open || begins) && !packet_take;
    headless1 <= packet_take && !open && !begins;
    empty1 <= words == '0 && !take;
    due <= packet_take;
    if (rst) begin
      words <= '0;
      open <= 1'b0;
      due <= 1'b0;
    end
  end
  // What waits while there is a reset is not taken.
  always_comb assert (!rst || !ready);
  always_comb if (!rst) begin
    // A frame or nothing.
    assert (!packet_take || words + 32'(take) == BEATS || (words == '0 && !take));
    assert (!take || words < BEATS);
    assert (!take || ok);
    assert (!packet_take || packet_ok);
    // One status each.
    assert (!begins || !open);
    assert (packet_we == due);
    assert (!due || packet_d[74] == empty1);
    assert (!due || packet_d[70] == headless1);
    // What the receiver's state means, for the induction.
    assert (open == (begun || filling));
    assert (!(begun && filling));
    assert (place < HEADER + BEATS + TRAILER);
    assert (at_header == (place < HEADER));
    assert (at_pixels == (place >= HEADER && place < HEADER + BEATS));
    assert (at_final_pixel == (place == HEADER + BEATS - 1));
    assert (at_final == (place == HEADER + BEATS + TRAILER - 1));
    assert (begun || filling || place == 0);
    assert (some == (words != '0));
    assert (words == '0 || words == passed);
    assert (!begun || place != 0);
    assert (!causes[6]);
    assert (told == '0);
    assert (!begun || words == passed);
  end
endmodule
`default_nettype wire
