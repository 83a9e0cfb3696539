// Copyright the vetoc authors. SPDX-License-Identifier: Apache-2.0
//
// What software reads of the decisions: counters of 64 bits, status, upsets. They change together, 1 cycle after the decision
// `d` of packet `packet` (vetoc_decide); while mode bit 3 (hold) is set those that can be read stand still, and go on inside.
// Mode bit 2 lets them start again from 0 with this decision.
`default_nettype none
module vetoc_counters (
    input  wire logic         clk,
    input  wire logic         rst,
    input  wire logic         we,
    /* verilator lint_off UNUSEDSIGNAL */  // not all of a decision is counted
    input  wire logic [255:0] d,
    input  wire logic [201:0] packet,
    /* verilator lint_on UNUSEDSIGNAL */
    input  wire logic [31:0]  upsets_now,
    input  wire logic         taken_over,  // the network in shadow has taken over
    output logic [63:0]       frame_count,
    output logic [63:0]       kept_count,
    output logic [63:0]       vetoed_count,
    output logic [63:0]       prescaled_count,
    output logic [63:0]       malformed_count,
    output logic [63:0]       gap_count,
    output logic [63:0]       dropped_beats,
    output logic [63:0]       timeout_count,
    output logic [63:0]       overflow_count,
    output logic [31:0]       status,
    output logic [31:0]       upsets
);
  localparam int N = 8;  // all but the frames, which the packet counts
  logic hold, clear, wanted;
  logic [N*64-1:0] counts, next, more;
  assign clear = packet[173];
  assign hold = packet[174];
  assign wanted = d[97] || d[99] || d[101];
  assign more = {64'(d[119]), 64'(d[117]), 64'(packet[106:75]), 64'(d[102]), 64'(d[99]), 64'(d[98]), 64'(!wanted),
                 64'(wanted)};
  for (genvar k = 0; k < N; k++) begin : g_counter
    assign next[k*64+:64] = (clear ? 64'd0 : counts[k*64+:64]) + more[k*64+:64];
  end
  always_ff @(posedge clk) begin
    if (we) begin
      counts <= next;
      if (!hold) begin
        frame_count <= packet[170:107] + 1'b1;
        {overflow_count, timeout_count, dropped_beats, gap_count, malformed_count, prescaled_count, vetoed_count, kept_count}
            <= next;
      end
      status <= {27'd0, taken_over, d[120], d[101], packet[201], hold};
      upsets <= upsets_now;
    end
    if (rst) begin
      counts <= '0;
      frame_count <= '0;
      {overflow_count, timeout_count, dropped_beats, gap_count, malformed_count, prescaled_count, vetoed_count, kept_count}
          <= '0;
      status <= '0;
      upsets <= '0;
    end
  end
endmodule
`default_nettype wire
