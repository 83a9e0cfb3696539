// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// Packets of modules, in any order -> frames of words for the decision, in the order of their numbers.
//
// A frame is handed on once all modules have sent theirs, and all frames before it are gone. One that is not whole when room is
// needed, or when nothing has come for `patience` cycles, is given up: it goes on marked by the sender (EOFE), so that the
// decision keeps and flags it. So is a frame of which a module came twice, or says that something was wrong. A packet that is
// malformed (length, CRC-32) or of no module is thrown away: its module is then missing. One behind its frame is late, and thrown away.
// Packets come as statuses and words of vetoc_receive: module, state, FEATURES words, each read when there is time. An event of
// `take` makes a word, {last, wrong, first, word}: of the number (4), then a row for each module, zeros where it is missing.
// From that event to `we`: 2 cycles. A packet takes at most FEATURES + 17 cycles, a frame MODULES * FEATURES + 8.
`default_nettype none
module vetoc_gather #(
    parameter int MODULES = 2,
    parameter int FEATURES = 1,
    parameter int FRAMES = 4
) (
    input  wire logic          clk,
    input  wire logic          rst,
    input  wire logic [31:0]   patience,
    input  wire logic          packet_valid,
    /* verilator lint_off UNUSEDSIGNAL */  // gaps, and what was thrown away
    input  wire logic [106:0]  packet_q,
    /* verilator lint_on UNUSEDSIGNAL */
    output logic               packet_pop,
    input  wire logic          valid,
    input  wire logic [15:0]   q,
    output logic               pop,
    input  wire logic          ok,
    output logic               take,
    output logic               we,
    output logic [18:0]        d,
    output logic [31:0]        taken,       // packets that were
    output logic [31:0]        refused,     // malformed, or of no module
    output logic [31:0]        repeated,    // of a module that had sent one of that frame
    output logic [31:0]        late,        // of a frame that is gone
    output logic [31:0]        incomplete,  // frames given up
    output logic [MODULES-1:0] missing      // of the frame that was given up last
);
  localparam int FA = FRAMES > 1 ? $clog2(FRAMES) : 1;
  localparam int MA = MODULES > 1 ? $clog2(MODULES) : 1;
  localparam int CA = FEATURES > 1 ? $clog2(FEATURES) : 1;
  typedef enum logic [2:0] {SETTLING, WAITING, READING, PLACING, OPENING, ENTERING, KEEPING, SENDING} state_t;
  state_t state;
  logic placing;       // a packet waits for its place
  logic [1:0] settled; // cycles since anything changed
  logic good, told, begun, gone, keeping, second;
  logic [63:0] number, newest;
  logic [15:0] from;   // which module the packet is of
  logic [31:0] idle;
  logic [FA-1:0] at;
  logic [CA-1:0] c;

  // The frames that wait.
  logic any, oldest_whole, known, full, older, wrong_at, fresh, open, enter, spoil, close;
  logic [FA-1:0] oldest, same, free;
  logic [63:0] number_at;
  logic [MODULES-1:0] seen_at;
  vetoc_waiting #(.FRAMES(FRAMES), .MODULES(MODULES)) waiting (
      .clk, .rst, .number, .at, .module_now(MA'(from)), .open, .enter, .spoil, .close, .any, .oldest, .oldest_whole, .known,
      .same, .full, .free, .older, .number_at, .seen_at, .wrong_at);
  assign fresh = !seen_at[MA'(from)];
  assign open = state == OPENING;
  assign enter = state == ENTERING && fresh;
  assign spoil = state == ENTERING && (told || !fresh);

  logic gives_up, waits, last_c, done;
  assign waits = state == WAITING && !oldest_whole && !packet_valid && any;
  assign gives_up = waits && idle + 1'b1 >= patience;
  assign packet_pop = state == WAITING && !oldest_whole && packet_valid;
  assign pop = (state == READING || state == KEEPING) && valid;
  assign last_c = c == CA'(FEATURES - 1);
  assign take = state == SENDING && ok;
  assign close = take && done;

  always_ff @(posedge clk) begin
    settled <= state == SETTLING ? settled + 1'b1 : '0;
    gone <= begun && number <= newest;
    if (waits) idle <= gives_up ? '0 : idle + 1'b1;
    case (state)
      SETTLING: if (settled == 2'd2) state <= placing ? PLACING : WAITING;
      WAITING: begin
        at <= oldest;
        if (oldest_whole || gives_up) state <= SENDING;
        if (packet_pop) begin
          number <= packet_q[63:0];
          good <= packet_q[71:64] == '0;
          idle <= '0;
          if (packet_q[74]) refused <= refused + 1'b1;
          else state <= READING;
        end
      end
      READING: if (valid) begin
        second <= !second;
        if (second) told <= q != '0;
        else from <= q;
        if (second) state <= SETTLING;
        placing <= 1'b1;
      end
      PLACING: begin
        at <= known ? same : full ? oldest : free;
        state <= KEEPING;
        placing <= 1'b0;
        if (!good || from >= 16'(MODULES)) refused <= refused + 1'b1;
        else if (known) state <= ENTERING;
        else if (gone || (full && older)) late <= late + 1'b1;
        else begin
          state <= full ? SENDING : OPENING;
          placing <= 1'b1;
        end
      end
      OPENING: state <= SETTLING;
      ENTERING: begin
        state <= KEEPING;
        keeping <= fresh;
        if (fresh) taken <= taken + 1'b1;
        else repeated <= repeated + 1'b1;
      end
      KEEPING: if (valid && last_c) begin
        state <= SETTLING;
        keeping <= 1'b0;
      end
      SENDING: if (close) begin
        state <= SETTLING;
        begun <= 1'b1;
        newest <= number_at;
        if (!(&seen_at)) begin
          incomplete <= incomplete + 1'b1;
          missing <= ~seen_at;
        end
      end
      default: state <= SETTLING;
    endcase
    if (state == KEEPING && valid) c <= last_c ? '0 : c + 1'b1;
    if (rst) begin
      state <= SETTLING;
      {placing, second, keeping, begun} <= '0;
      {c, idle, taken, refused, repeated, late, incomplete, missing} <= '0;
    end
  end

  vetoc_rows #(.MODULES(MODULES), .FEATURES(FEATURES), .FRAMES(FRAMES)) rows (
      .clk, .rst, .at, .write(state == KEEPING && valid && keeping), .write_m(MA'(from)), .write_c(c), .q, .send(take), .done,
      .number(number_at), .seen(seen_at), .wrong(wrong_at || !(&seen_at)), .we, .d);
endmodule
`default_nettype wire
