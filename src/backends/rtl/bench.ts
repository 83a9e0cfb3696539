/** What the test benches must know of a design. */
import { inputNode } from '../../ir/graph.js';
import { LICENCE } from '../hls/cpp.js';
import type { RtlDesign } from './design.js';
import { probesOf } from './top.js';

/** `tb/design.h`: sizes, and where each stage stands in the probes. */
export function benchHeader({ graph, plan, top }: RtlDesign): string {
  const { size } = inputNode(graph);
  const { probes } = probesOf(plan);
  const nodes = probes.map((p) => p.node);
  const stages = probes.map(({ node, stream, low }, i) => {
    const before = probes.findIndex((p, j) => j < i && p.stream.name === stream.name);
    const [height, width, channels] = stream.shape;
    const { format, lanes } = stream;
    return `    {"${node}", ${height}, ${width}, ${channels}, ${lanes}, ${format.width}, ${String(format.signed)}, ${low}, ${before}},`;
  });
  return [
    LICENCE,
    '#ifndef DESIGN_H',
    '#define DESIGN_H',
    '',
    '#include "stage_info.h"',
    '',
    `#include "V${top}_dataflow.h"`,
    '',
    'namespace design {',
    '',
    `typedef V${top}_dataflow module;`,
    `static constexpr int HEIGHT = ${size[0]};`,
    `static constexpr int WIDTH = ${size[1]};`,
    `static constexpr int PIXELS_PER_CLOCK = ${plan.pixelsPerClock};`,
    `static constexpr int CLASSES = ${graph.classNames.length};`,
    `static constexpr int STAGES = ${stages.length};`,
    `static constexpr int OUTPUT_STAGE = ${nodes.indexOf(graph.output)};`,
    '',
    '// name, height, width, channels, lanes of a word, bits, signed, place in the probes, stage of the same stream',
    'static const vetoc::stage_info stages[STAGES] = {',
    ...stages,
    '};',
    '',
    '}  // namespace design',
    '',
    '#endif',
    '',
  ].join('\n');
}

/** `tb/bench.sv`: the top module with its AXI ports in any simulator; scores and decisions of the golden frames. */
export function simpleBench({ graph, plan, top }: RtlDesign): string {
  const { size } = inputNode(graph);
  const p = plan.pixelsPerClock;
  const unused = { AWADDR: 12, AWVALID: 1, WDATA: 32, WSTRB: 4, WVALID: 1, ARADDR: 12, ARVALID: 1 };
  return `${LICENCE}
//
// The top module as a board sees it: golden frames in, scores and decisions compared. For any simulator of
// SystemVerilog: iverilog -g2012. +frames=N: how many frames. Run in the project's folder.
\`timescale 1ns / 1ps
module bench;
  localparam int HEIGHT = ${size[0]};
  localparam int WIDTH = ${size[1]};
  localparam int PIXELS = ${p};
  logic clk = 1'b0;
  logic rst_n = 1'b0;
  logic [16*PIXELS-1:0] data = '0;
  logic valid = 1'b0, last = 1'b0, ready, decided;
  logic [127:0] decision;
  always #2 clk = !clk;

  ${top} dut (
      .ap_clk(clk), .ap_rst_n(rst_n), .frames_TDATA(data), .frames_TKEEP({2*PIXELS{1'b1}}),
      .frames_TSTRB({2*PIXELS{1'b1}}), .frames_TLAST(last), .frames_TVALID(valid), .frames_TREADY(ready),
      .decisions_TDATA(decision), .decisions_TKEEP(), .decisions_TSTRB(), .decisions_TLAST(),
      .decisions_TVALID(decided), .decisions_TREADY(1'b1),
${Object.entries(unused)
  .map(([port, bits]) => `      .s_axi_control_${port}(${bits}'d0),`)
  .join('\n')}
      .s_axi_control_AWREADY(), .s_axi_control_WREADY(), .s_axi_control_BRESP(), .s_axi_control_BVALID(),
      .s_axi_control_BREADY(1'b1), .s_axi_control_ARREADY(), .s_axi_control_RDATA(), .s_axi_control_RRESP(),
      .s_axi_control_RVALID(), .s_axi_control_RREADY(1'b1)
  );

  int pixels, golden, frames, sent, done, wrong, score, keep;

  function automatic int read_byte(input int file);
    read_byte = $fgetc(file) & 255;
  endfunction
  function automatic int read_word(input int file);
    read_word = read_byte(file);
    read_word = read_word | (read_byte(file) << 8);
    read_word = read_word | (read_byte(file) << 16);
    read_word = read_word | (read_byte(file) << 24);
  endfunction

  // A frame, a beat a cycle; inputs change at the falling edge.
  task automatic send_frame;
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x += PIXELS) begin
        data = '0;
        for (int l = 0; l < PIXELS; l++)
          if (x + l < WIDTH) begin
            data[16*l+:8] = 8'(read_byte(pixels));
            data[16*l+8+:8] = 8'(read_byte(pixels));
          end
        last = y == HEIGHT - 1 && x + PIXELS >= WIDTH;
        valid = 1'b1;
        @(posedge clk);
        while (!ready) @(posedge clk);
        @(negedge clk);
      end
    valid = 1'b0;
  endtask

  initial begin
    if (!$value$plusargs("frames=%d", frames)) frames = 1;
    pixels = $fopen("golden/frames.bin", "rb");
    golden = $fopen("golden/decisions.bin", "rb");
    if (pixels == 0 || golden == 0) begin
      $display("golden/ cannot be read");
      $finish;
    end
    repeat (8) @(negedge clk);
    rst_n = 1'b1;
    repeat (4) @(negedge clk);
    for (sent = 0; sent < frames; sent++) send_frame();
  end

  initial begin
    done = 0;
    wrong = 0;
    @(posedge rst_n);
    while (done < frames) begin
      @(posedge clk);
      if (decided) begin
        score = read_word(golden);
        keep = read_word(golden);
        if ($signed(decision[63:32]) != score || decision[64] != keep[0] || decision[65]) begin
          $display("frame %0d: score %0d keep %0d, expected %0d %0d", done, $signed(decision[63:32]), decision[64], score, keep);
          wrong = wrong + 1;
        end
        done = done + 1;
      end
    end
    if (wrong == 0) $display("PASS: %0d frames", done);
    else $display("FAIL: %0d of %0d frames", wrong, done);
    $finish;
  end
endmodule
`;
}
