/** `tb/bench.sv`: what any simulator of SystemVerilog can run. */
import { inputNode } from '../../ir/graph.js';
import { registersOf } from '../dataflow/interface.js';
import { headerBeats, trailerBeats } from '../dataflow/link.js';
import { LICENCE } from '../hls/cpp.js';
import { receiveOf, wordsPerFrame, type Plan } from '../dataflow/plan.js';
import { mapsBeatOf } from '../hls/maps-beat.js';
import { featuresOf } from '../hls/top.js';
import { range } from './sv.js';
import type { RtlDesign } from './design.js';

/** One handshake: `valid` is up until a rising edge that finds `ready`; `then` looks at what came with it. */
const offered = (valid: string, ready: string, then: readonly string[] = []): string =>
  [
    `${valid} = 1'b1;`,
    '@(posedge clk);',
    `while (!${ready}) @(posedge clk);`,
    ...then,
    '@(negedge clk);',
    `${valid} = 1'b0;`,
  ]
    .map((line) => `    ${line}`)
    .join('\n');

/** Parts of the bench for maps: a memory that is read in a circle. Empty where none come. */
function mapsBench(plan: Plan): { readonly wires: string; readonly ports: string; readonly process: string } {
  const beat = mapsBeatOf(plan);
  if (beat === null) return { wires: '', ports: '', process: '' };
  const bytes = beat.bits / 8;
  return {
    wires: `
  logic ${range(beat.bits)} map_data = '0;
  logic map_valid = 1'b0, map_last = 1'b0, map_ready;`,
    ports: `      .maps_TDATA(map_data), .maps_TKEEP({${bytes}{1'b1}}), .maps_TSTRB({${bytes}{1'b1}}), .maps_TLAST(map_last),
      .maps_TVALID(map_valid), .maps_TREADY(map_ready),
`,
    process: `
  // A set of maps for each frame, as a memory that is read in a circle gives it.
  int map_set, map_start;
  initial begin
    map_set = $fopen("golden/maps_set.bin", "rb");
    @(posedge rst_n);
    forever begin
      map_start = $fseek(map_set, 0, 0);
      for (int b = 0; b <= ${wordsPerFrame(receiveOf(plan).outputs[0]!)}; b++) begin
        for (int i = 0; i < ${bytes}; i++) map_data[8*i+:8] = 8'(read_byte(map_set));
        map_last = b == ${wordsPerFrame(receiveOf(plan).outputs[0]!)};
${offered('map_valid', 'map_ready')}
      end
    end
  end
`,
  };
}

/** `tb/bench.sv`: the top module with its AXI ports in any simulator; scores and decisions of the golden frames. */
export function simpleBench({ graph, plan, top }: RtlDesign): string {
  const { size } = inputNode(graph);
  const p = plan.pixelsPerClock;
  const ssi = plan.link.framing === 'ssi';
  const [header, trailer] = [headerBeats(plan.link, p), trailerBeats(plan.link, p)];
  const registers = registersOf(featuresOf(graph, plan));
  const maps = mapsBench(plan);
  const at = (name: string): string => `12'h${registers.find((r) => r.name === name)!.offset.toString(16)}`;
  const settings = registers.filter((r) => r.access === 'rw');
  const besideSettings = settings
    .map((r) => r.offset)
    .filter((offset) => !registers.some((r) => r.offset === offset + 4));
  return `${LICENCE}
//
// The top module as a board sees it: golden frames in, scores and decisions compared; registers over the bus. For any simulator of
// SystemVerilog: iverilog -g2012. +frames=N: how many frames. Run in the project's folder.
\`timescale 1ns / 1ps
module bench;
  localparam int HEIGHT = ${size[0]};
  localparam int WIDTH = ${size[1]};
  localparam int PIXELS = ${p};
  localparam int HEADER = ${header};
  localparam int TRAILER = ${trailer};
  logic clk = 1'b0;
  logic rst_n = 1'b0;
  logic [16*PIXELS-1:0] data = '0;
  logic valid = 1'b0, last = 1'b0, ready, decided;${ssi ? "\n  logic [1:0] user = '0;" : ''}
  logic [255:0] decision;
  logic [11:0] awaddr = '0, araddr = '0;
  logic [31:0] wdata = '0, rdata;
  logic [3:0] wstrb = '0;
  logic [1:0] bresp, rresp;
  logic awvalid = 1'b0, wvalid = 1'b0, bready = 1'b0, arvalid = 1'b0, rready = 1'b0;
  logic awready, wready, bvalid, arready, rvalid;${maps.wires}
  always #2 clk = !clk;

  ${top} dut (
      .ap_clk(clk), .ap_rst_n(rst_n), .frames_TDATA(data), .frames_TKEEP({2*PIXELS{1'b1}}),
      .frames_TSTRB({2*PIXELS{1'b1}}), .frames_TLAST(last),${ssi ? ' .frames_TUSER(user),' : ''} .frames_TVALID(valid), .frames_TREADY(ready),
${maps.ports}${graph.reloadable ? "      .weights_TDATA(32'd0), .weights_TKEEP(4'hf), .weights_TSTRB(4'hf), .weights_TLAST(1'b0), .weights_TVALID(1'b0),\n      .weights_TREADY(),\n" : ''}      .decisions_TDATA(decision), .decisions_TKEEP(), .decisions_TSTRB(), .decisions_TLAST(),
      .decisions_TVALID(decided), .decisions_TREADY(1'b1),
      .s_axi_control_AWADDR(awaddr), .s_axi_control_AWVALID(awvalid), .s_axi_control_AWREADY(awready),
      .s_axi_control_WDATA(wdata), .s_axi_control_WSTRB(wstrb), .s_axi_control_WVALID(wvalid),
      .s_axi_control_WREADY(wready), .s_axi_control_BRESP(bresp), .s_axi_control_BVALID(bvalid),
      .s_axi_control_BREADY(bready), .s_axi_control_ARADDR(araddr), .s_axi_control_ARVALID(arvalid),
      .s_axi_control_ARREADY(arready), .s_axi_control_RDATA(rdata), .s_axi_control_RRESP(rresp),
      .s_axi_control_RVALID(rvalid), .s_axi_control_RREADY(rready)
  );

  int pixels, golden, frames, sent, done, score, keep, kept;
  int wrong = 0;

  function automatic int read_byte(input int file);
    read_byte = $fgetc(file) & 255;
  endfunction
  function automatic int read_word(input int file);
    read_word = read_byte(file);
    read_word = read_word | (read_byte(file) << 8);
    read_word = read_word | (read_byte(file) << 16);
    read_word = read_word | (read_byte(file) << 24);
  endfunction

  // A beat; inputs change at the falling edge.
  logic [31:0] crc;
  task automatic send(input logic first, input logic ends);
    for (int i = 0; i < 16*PIXELS; i++) crc = {1'b0, crc[31:1]} ^ (crc[0] != data[i] ? 32'hedb88320 : 32'd0);
    last = ends;${ssi ? "\n    user = {first, 1'b0};" : ''}
${offered('valid', 'ready')}
  endtask

  // A packet: the number of the frame, its pixels, their CRC, as the design has them.
  logic [31:0] sum;
  task automatic send_frame(input int number);
    crc = '1;
    for (int i = 0; i < HEADER; i++) begin
      data = '0;
      if (i == 0) data[15:0] = number[15:0];
      send(i == 0, 1'b0);
    end
    for (int y = 0; y < HEIGHT; y++)
      for (int x = 0; x < WIDTH; x += PIXELS) begin
        data = '0;
        for (int l = 0; l < PIXELS; l++)
          if (x + l < WIDTH) begin
            data[16*l+:8] = 8'(read_byte(pixels));
            data[16*l+8+:8] = 8'(read_byte(pixels));
          end
        send(HEADER == 0 && y == 0 && x == 0, TRAILER == 0 && y == HEIGHT - 1 && x + PIXELS >= WIDTH);
      end
    sum = ~crc;
    for (int i = 0; i < TRAILER; i++) begin
      data = '0;
      data[15:0] = sum[15:0];
      ${p === 1 ? 'sum = sum >> 16;' : 'data[31:16] = sum[31:16];'}
      send(1'b0, i == TRAILER - 1);
    end
  endtask

  // The registers, as a bus master with any delays reads and writes them: address and data in either order, answers late.
  int seed = 1;
  task automatic wait_some;
    repeat ($unsigned($random(seed)) % 4) @(negedge clk);
  endtask
  task automatic give_address(input logic [11:0] address);
    wait_some();
    awaddr = address;
${offered('awvalid', 'awready')}
  endtask
  task automatic give_data(input logic [31:0] value, input logic [3:0] strobes);
    wait_some();
    wdata = value;
    wstrb = strobes;
${offered('wvalid', 'wready')}
  endtask
  task automatic write_register(input logic [11:0] address, input logic [31:0] value, input logic [3:0] strobes);
    fork
      give_address(address);
      give_data(value, strobes);
    join
    wait_some();
${offered('bready', 'bvalid', ["if (bresp != 2'b00) wrong = wrong + 1;"])}
  endtask
  task automatic read_register(input logic [11:0] address, input logic [31:0] expected);
    wait_some();
    araddr = address;
${offered('arvalid', 'arready')}
    wait_some();
${offered('rready', 'rvalid', [
  "if (rresp != 2'b00 || rdata != expected) begin",
  '  $display("register %h: %h, expected %h", address, rdata, expected);',
  '  wrong = wrong + 1;',
  'end',
])}
  endtask
  task automatic setting(input logic [11:0] address);
    logic [31:0] value;
    value = $random(seed);
    read_register(address, 32'd0);
    write_register(address, value, 4'b1111);
    read_register(address, value);
    write_register(address, ~value, 4'b0101);
    read_register(address, {value[31:24], ~value[23:16], value[15:8], ~value[7:0]});
  endtask
  task automatic registers;
${settings.map((r) => `    setting(12'h${r.offset.toString(16)});  // ${r.name}`).join('\n')}
    // What is only read, and what is not there, stays as it is.
    write_register(${at('frame_count')}, 32'hffffffff, 4'b1111);
    read_register(${at('frame_count')}, 32'd0);
    write_register(12'hffc, 32'hffffffff, 4'b1111);
    read_register(12'hffc, 32'd0);
${settings.map((r) => `    write_register(12'h${r.offset.toString(16)}, 32'd0, 4'b1111);`).join('\n')}
${besideSettings.map((offset) => `    write_register(12'h${(offset + 4).toString(16)}, 32'hffffffff, 4'b1111);\n    read_register(12'h${offset.toString(16)}, 32'd0);`).join('\n')}
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
    registers();
    for (sent = 0; sent < frames; sent++) send_frame(sent);
  end
${maps.process}
  initial begin
    done = 0;
    kept = 0;
    @(posedge rst_n);
    while (done < frames) begin
      @(posedge clk);
      if (decided) begin
        score = read_word(golden);
        keep = read_word(golden);
        if ($signed(decision[95:64]) != score || decision[96] != keep[0] || decision[119:112] != 8'd0 || decision[15:0] != done[15:0]) begin
          $display("frame %0d: score %0d keep %0d, expected %0d %0d", done, $signed(decision[95:64]), decision[96], score, keep);
          wrong = wrong + 1;
        end
        kept = kept + (keep & 1);
        done = done + 1;
      end
    end
    read_register(${at('frame_count')}, frames);
    read_register(${at('kept_count')}, kept);
    read_register(${at('vetoed_count')}, frames - kept);
    read_register(${at('malformed_count')}, 32'd0);
    if (wrong == 0) $display("PASS: %0d frames, registers", done);
    else $display("FAIL: %0d of %0d frames", wrong, done);
    $finish;
  end
endmodule
`;
}
