// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// AXI4-Stream beats -> exactly one frame of words and one status a packet, whatever arrives.
//
// A packet is HEADER beats of frame number, BEATS beats of pixels, TRAILER beats of CRC-32, all low bits first, `last` with
// the last one. With SSI its first beat is a `start`; without, it is the beat behind a `last`.
//   ends too early, or the next one starts -> the rest is zeros, flagged
//   does not end                           -> flagged at once; what follows up to `last` or the next start is thrown away
//   stops for idle_cycles cycles           -> given up and flagged; what still follows is thrown away likewise
//   has no start                           -> answered without pixels, flagged
// An event takes a beat and hands on its pixels, or makes a word of zeros; the last one of a packet also writes its status,
// see vetoc_status. From the event to `we` and `packet_we`: 1 cycle. A packet that brings no pixel is a status alone.
`default_nettype none
module vetoc_receive #(
    parameter int PIXELS = 1,
    parameter int HEADER = 4,
    parameter int BEATS = 16384,
    parameter int TRAILER = 0,
    parameter bit SSI = 1,
    parameter logic [31:0] IDLE_CYCLES = 65536,
    parameter logic [31:0] NUMBER_STEP = 1
) (
    input  wire logic                 clk,
    input  wire logic                 rst,
    input  wire logic                 valid,
    output logic                      ready,
    input  wire logic [16*PIXELS-1:0] data,
    input  wire logic                 whole,  // every byte is valid
    input  wire logic                 start,
    input  wire logic                 error,  // with `last`: the sender knows that the packet is wrong
    input  wire logic                 last,
    input  wire logic                 cut,    // the FIFO in front lost the rest of the packet before it
    input  wire logic [7:0]           lost,   // and so many whole packets
    input  wire logic [31:0]          idle_cycles,
    input  wire logic [31:0]          number_step,
    input  wire logic                 ok,
    output logic                      take,
    output logic                      we,
    output logic [16*PIXELS-1:0]      d,
    input  wire logic                 packet_ok,
    output logic                      packet_take,
    output logic                      packet_we,
    output logic [106:0]              packet_d
);
  // Where the receiver is: between packets (neither `begun` nor `filling`; `tail` where one was answered before its end),
  // inside of one, or filling one up; `some` is whether a pixel was handed on.
  logic begun, filling, tail, some, at_header, at_pixels, at_final_pixel, at_final;
  logic [31:0] place;  // of the next beat
  logic [7:0] told, causes, causes_now;
  logic [31:0] idle, idle_limit, dropped, dropped_now;

  logic hunting, starts, interrupts, untold, taken, thrown, tells, fills, fill_pixel, answers, crc_wrong;
  assign hunting = !begun && !filling;
  assign starts = SSI ? start : !tail || cut;
  assign interrupts = (SSI && start) || cut;
  assign untold = lost != told;
  assign taken = valid && (begun ? !interrupts : hunting && !untold && starts) && (ok || !at_pixels)
      && (packet_ok || !at_final);
  assign thrown = valid && hunting && !untold && !starts && (tail || packet_ok);
  assign tells = valid && hunting && untold && packet_ok;
  assign fill_pixel = at_pixels && some;
  assign fills = filling && (ok || !fill_pixel) && (packet_ok || (fill_pixel && !at_final_pixel));
  assign answers = (taken && at_final) || (thrown && !tail) || tells || (fills && (!fill_pixel || at_final_pixel));
  // A sender may wait with a beat while there is a reset: none is taken then.
  assign ready = !rst && (taken || thrown);
  assign take = (taken && at_pixels) || (fills && fill_pixel);
  assign packet_take = answers;

  always_comb begin
    causes_now = causes;
    if (taken) begin
      causes_now[0] = causes[0] || (last && !at_final);
      causes_now[1] = at_final && !last;
      causes_now[2] = SSI && last && error;
      causes_now[3] = causes[3] || !whole;
      causes_now[4] = at_final && crc_wrong;
    end
    if (thrown && !tail) causes_now[6] = 1'b1;
    if (tells) causes_now[7] = 1'b1;
    dropped_now = thrown && !(&dropped) ? dropped + 1'b1 : dropped;
  end

  always_ff @(posedge clk) begin
    idle_limit <= (idle_cycles == '0 ? IDLE_CYCLES : idle_cycles) - 1'b1;
    we <= take;
    d <= filling ? '0 : data;
    if (taken) begin
      begun <= !last && !at_final;
      filling <= last && !at_final;
      tail <= !last;
      idle <= '0;
      told <= '0;
    end else if (begun && valid && interrupts) begin
      begun <= 1'b0;
      filling <= 1'b1;
    end else if (begun && !valid) begin
      idle <= idle + 1'b1;
      if (idle >= idle_limit) begin
        begun <= 1'b0;
        filling <= 1'b1;
        tail <= 1'b1;
      end
    end else if (thrown) begin
      tail <= !last;
    end else if (tells) begin
      told <= told + 1'b1;
    end
    if (fills && answers) filling <= 1'b0;
    if (taken || fills) some <= !answers && (some || take);
    causes <= answers ? '0 : causes_now;
    if (begun && !taken && (valid ? interrupts : idle >= idle_limit))
      causes <= causes | (valid ? {cut, 7'b1} : 8'h20);
    dropped <= answers ? '0 : dropped_now;
    if (rst) begin
      we <= 1'b0;
      begun <= 1'b0;
      filling <= 1'b0;
      tail <= 1'b0;
      some <= 1'b0;
      told <= '0;
      idle <= '0;
      causes <= '0;
      dropped <= '0;
    end
  end

  vetoc_place #(.HEADER(HEADER), .BEATS(BEATS), .TRAILER(TRAILER)) beats (
      .clk, .rst, .advance(taken || fills), .ends(answers), .place, .at_header, .at_pixels, .at_final_pixel, .at_final);
  vetoc_packet_crc #(.PIXELS(PIXELS), .TRAILER(TRAILER)) check (
      .clk, .data, .taken, .begins(!begun), .ends(!at_header && !at_pixels), .wrong(crc_wrong));
  vetoc_status #(.PIXELS(PIXELS), .HEADER(HEADER), .NUMBER_STEP(NUMBER_STEP)) status (
      .clk, .rst, .number_step, .header(taken && at_header), .place, .data, .answers,
      .numbered(HEADER > 0 && !at_header), .empty(!some && !take), .causes(causes_now), .dropped(dropped_now),
      .we(packet_we), .d(packet_d));
endmodule
`default_nettype wire
