/**
 * A second simulator as a witness: the project's dataflow in Icarus Verilog, behind a bench in SystemVerilog alone. The
 * bench speaks the protocol of `tb/serve.cpp`, so that what it says is held to the interpreter and to the cycle model as
 * Verilator's answers are; the two share no code but the modules.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { headerBeats, trailerBeats } from '../../src/backends/dataflow/link.js';
import type { Plan } from '../../src/backends/dataflow/plan.js';
import { mapsBeatOf } from '../../src/backends/hls/maps-beat.js';
import type { RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { PROBE_MIN_BITS, probesOf } from '../../src/backends/rtl/top.js';
import { openRtl } from '../../src/backends/rtl/verilator.js';
import { sourcesOf } from '../../src/backends/rtl/verilator-build.js';
import { runProcess } from '../../src/simulate/process.js';
import type { Witness } from '../../src/simulate/witness.js';
import { writeFiles } from '../hls/project.js';

/** Frames of a request at most: as many as a witness sends. */
const FRAMES = 16;

/** Numbers of frames are as those of `tb/simulation.h`. */
const FIRST_NUMBER = "64'h0123456789abcdef";

/** Parts of the bench for the second stream of raw words; empty where none comes. */
function mapsBench(
  plan: Plan,
): Readonly<Record<'wires' | 'ports' | 'read' | 'restart' | 'offer' | 'taken', string>> {
  const beat = mapsBeatOf(plan);
  if (beat === null) return { wires: '', ports: '', read: '', restart: '', offer: '', taken: '' };
  const [height, width] = beat.maps[0]!.stream.shape;
  const set = height * Math.ceil(width / plan.pixelsPerClock) + 1;
  const channels = beat.maps.map(({ stream }) => stream.shape[2]);
  const base = (m: number): number => height * width * channels.slice(0, m).reduce((a, b) => a + b, 0);
  const puts = beat.maps.map(
    ({ stream, first }, m) =>
      `        put_map(${base(m)}, ${channels[m]}, ${stream.format.width}, ${first}, y, x);`,
  );
  return {
    wires: `
  logic maps_tvalid = 1'b0, maps_tlast = 1'b0, maps_tready;
  logic [${beat.bits - 1}:0] maps_tdata = '0;
  logic [${beat.bits - 1}:0] sets[0:${FRAMES * set}-1];
  logic signed [31:0] map_values[0:${base(channels.length)}-1];
  logic [${beat.bits + 31}:0] map_line;
  logic [31:0] map_crc;
  int map_at;
  task automatic put_map(input int base, input int channels, input int bits, input int first, input int y, input int x);
    for (int l = 0; l < P && x + l < ${width}; l++)
      for (int c = 0; c < channels; c++)
        map_line[first+(l*channels+c)*bits+:32] =
            map_line[first+(l*channels+c)*bits+:32] | (map_values[base+(y*${width}+x+l)*channels+c] & ones(bits));
  endtask
  task automatic read_maps(input int frame);
    int at;
    for (int i = 0; i < ${base(channels.length)}; i++) map_values[i] = (flags & 8) != 0 ? read_word(0) : 0;
    at = frame * ${set};
    map_crc = '1;
    for (int y = 0; y < ${height}; y++)
      for (int x = 0; x < ${width}; x += P) begin
        map_line = '0;
${puts.join('\n')}
        sets[at] = map_line[${beat.bits - 1}:0];
        for (int i = 0; i < ${beat.bits}; i++)
          map_crc = {1'b0, map_crc[31:1]} ^ (map_crc[0] != map_line[i] ? 32'hedb88320 : 32'd0);
        at = at + 1;
      end
    sets[at] = ~map_crc;
  endtask`,
    ports:
      '.maps_tvalid(maps_tvalid), .maps_tready(maps_tready), .maps_tdata(maps_tdata), .maps_tlast(maps_tlast), ',
    read: '        read_maps(f);\n',
    restart: "    maps_tvalid = 1'b0;\n    map_at = 0;\n",
    offer: `    maps_tvalid = map_at < frames * ${set};
    if (maps_tvalid) begin
      maps_tdata = sets[map_at];
      maps_tlast = map_at % ${set} == ${set - 1};
    end
`,
    taken: '    if (maps_tvalid && maps_tready) map_at = map_at + 1;\n',
  };
}

/** The bench: requests on its standard input, answers on its standard output. */
function serveBench({ graph, plan, top }: RtlDesign): string {
  const [height, width] = inputNode(graph).size;
  const pixels = plan.pixelsPerClock;
  const header = headerBeats(plan.link, pixels);
  const trailer = trailerBeats(plan.link, pixels);
  const columns = Math.ceil(width / pixels);
  const { probes, bits } = probesOf(plan);
  const maps = mapsBench(plan);
  const probeBits = Math.max(bits, PROBE_MIN_BITS);
  let base = 0;
  const stages = probes.map(({ node, stream, low }, i) => {
    const [rows, wide, channels] = stream.shape;
    const row = wide * channels;
    const stage = {
      i,
      node,
      low,
      base,
      row,
      size: rows * row,
      lanes: stream.lanes,
      bits: stream.format.width,
      signed: Number(stream.format.signed),
      before: probes.findIndex((p, j) => j < i && p.stream.name === stream.name),
      wordsARow: Math.ceil(row / stream.lanes),
      words: rows * Math.ceil(row / stream.lanes),
    };
    base += stage.size;
    return stage;
  });
  const output = stages.find((s) => s.node === graph.output)!;
  const settled = (s: (typeof stages)[number]): string =>
    `${s.i}, ${s.row}, ${s.size}, ${s.wordsARow}, ${s.words}, ${s.lanes}, ${s.bits}, 1'b${s.signed}, ${s.low}, ${s.before}, ${s.base}`;
  return `\`timescale 1ns / 1ps
module serve;
  localparam int P = ${pixels};
  localparam int PACKET = ${header + height * columns + trailer};
  localparam int VALUES = ${base};
  localparam int STAGES = ${stages.length};
  localparam int STDIN = 32'h80000000;
  localparam int STDOUT = 32'h80000001;
  logic clk = 1'b0, rst = 1'b1;
  logic s_tvalid = 1'b0, s_tlast = 1'b0, s_tready, m_tvalid, m_tready = 1'b1, drive = 1'b0;
  logic [16*P-1:0] s_tdata = '0;
  logic [1:0] s_tuser = '0;
  logic [255:0] m_tdata;
  logic [${probes.length - 1}:0] probe_we;
  logic [${probeBits - 1}:0] probe_d;
  // 32 bits more than there are, so that any field can be read and written as a word.
  logic [${probeBits + 31}:0] seen, given = '0;
  assign seen = {32'd0, probe_d};

  ${top}_dataflow dut (
      .clk(clk), .rst(rst), .s_tvalid(s_tvalid), .s_tready(s_tready), .s_tdata(s_tdata), .s_tkeep({2*P{1'b1}}), .s_tlast(s_tlast),${plan.link.framing === 'ssi' ? ' .s_tuser(s_tuser),' : ''}
      .mode(32'd0), .threshold(32'd0), .idle_cycles(32'd0), .number_step(32'd0), .prescale(32'd0), .prescale_key(32'd0),
      ${maps.ports}${graph.reloadable ? ".w_tvalid(1'b0), .w_tdata(32'd0), .w_tkeep(4'd0), .w_tlast(1'b0), " : ''}.probe_we(probe_we), .probe_d(probe_d), .drive(drive), .given(given[${probeBits - 1}:0]),
      .m_tvalid(m_tvalid), .m_tdata(m_tdata), .m_tready(m_tready)
  );

  logic [16*P-1:0] beats[0:${FRAMES}*PACKET-1];
  logic signed [31:0] arrivals[0:${FRAMES}*PACKET-1];
  logic signed [31:0] forced[0:${FRAMES}*VALUES-1];
  logic signed [31:0] values[0:${FRAMES}*VALUES-1];
  int words[0:STAGES-1];
  int taken[0:${FRAMES}*PACKET-1];
  logic signed [31:0] scores[0:${FRAMES - 1}], keeps[0:${FRAMES - 1}], wrongs[0:${FRAMES - 1}], cycles[0:${FRAMES - 1}];

  function automatic int read_byte(input int unused);
    read_byte = $fgetc(STDIN);
    if (read_byte < 0) $finish;
    read_byte = read_byte & 255;
  endfunction
  function automatic int read_word(input int unused);
    read_word = read_byte(0);
    read_word = read_word | (read_byte(0) << 8);
    read_word = read_word | (read_byte(0) << 16);
    read_word = read_word | (read_byte(0) << 24);
  endfunction

  logic [31:0] crc;
  task automatic add_beat(input int at, input logic [16*P-1:0] data);
    beats[at] = data;
    for (int i = 0; i < 16*P; i++) crc = {1'b0, crc[31:1]} ^ (crc[0] != data[i] ? 32'hedb88320 : 32'd0);
  endtask
  // The lowest bits of \`value\` in the beats from \`at\` on: as many pixels of 16 bits as there are, four at most.
  task automatic add_value(input int at, input int count, input logic [63:0] value);
    logic [16*P-1:0] data;
    for (int i = 0; i < count; i++) begin
      data = '0;
      for (int l = 0; l < P && l < 4; l++) begin
        data[16*l+:16] = value[15:0];
        value = value >> 16;
      end
      add_beat(at + i, data);
    end
  endtask
  function automatic logic [63:0] number_of(input int frame);
    number_of = ${header > 0 ? `${FIRST_NUMBER} + frame` : 'frame'};
  endfunction
  task automatic read_frame(input int frame);
    logic [16*P-1:0] data;
    int at;
    crc = '1;
    at = frame * PACKET;
    add_value(at, ${header}, number_of(frame));
    at = at + ${header};
    for (int y = 0; y < ${height}; y++)
      for (int x = 0; x < ${width}; x += P) begin
        data = '0;
        for (int l = 0; l < P; l++)
          if (x + l < ${width}) begin
            data[16*l+:8] = 8'(read_byte(0));
            data[16*l+8+:8] = 8'(read_byte(0));
          end
        add_beat(at, data);
        at = at + 1;
      end
    add_value(at, ${trailer}, {32'd0, ~crc});
  endtask

  // Where lane \`l\` of a word stands in its tensor; -1 for lanes that nobody reads.
  function automatic int place(input int word, input int l, input int row, input int words_a_row, input int lanes);
    place = word % words_a_row * lanes + l;
    place = place < row ? word / words_a_row * row + place : -1;
  endfunction
  function automatic logic [31:0] ones(input int bits);
    ones = bits >= 32 ? 32'hffffffff : (32'd1 << bits) - 32'd1;
  endfunction

  int flags, frames, seed, at, decided, cycle, quiet;
${maps.wires}

  // Sets what the readers of a stage's word of this cycle get.
  task automatic give(input int stage, input int row, input int size, input int words_a_row, input int all_words, input int lanes, input int bits, input logic is_signed, input int low, input int renamed, input int base);
    int frame, at;
    logic [31:0] old;
    if (probe_we[stage]) begin
      frame = words[stage] / all_words;
      for (int l = 0; l < lanes; l++) begin
        at = place(words[stage] % all_words, l, row, words_a_row, lanes);
        if (at >= 0) begin
          old = given[low+l*bits+:32];
          given[low+l*bits+:32] = (old & ~ones(bits)) | (forced[frame*VALUES+base+at] & ones(bits));
        end
      end
    end
  endtask

  // Takes down a stage's word of this cycle. One that only renames a stream is seen behind what its readers are given.
  task automatic look(input int stage, input int row, input int size, input int words_a_row, input int all_words, input int lanes, input int bits, input logic is_signed, input int low, input int renamed, input int base);
    int frame, at, from;
    logic [31:0] value;
    if (probe_we[stage]) begin
      frame = words[stage] / all_words;
      for (int l = 0; l < lanes; l++) begin
        at = place(words[stage] % all_words, l, row, words_a_row, lanes);
        if (at >= 0) begin
          if (drive && renamed >= 0) begin
            case (renamed)
${stages.map((s) => `              ${s.i}: from = ${s.base};`).join('\n')}
              default: from = 0;
            endcase
            value = forced[frame*VALUES+from+at];
          end else begin
            value = seen[low+l*bits+:32] & ones(bits);
            if (is_signed && value[bits-1]) value = value | ~ones(bits);
          end
          if (frame < ${FRAMES}) values[frame*VALUES+base+at] = value;
        end
      end
      words[stage] = words[stage] + 1;
    end
  endtask

  logic offered, takes, complete;
  int draws;

  // One cycle: inputs change while the clock is low.
  task automatic tick;
    #1 clk = 1'b1;
    #1 clk = 1'b0;
  endtask
  task automatic reset;
    rst = 1'b1;
    s_tvalid = 1'b0;
${maps.restart}    m_tready = 1'b1;
    drive = 1'b0;
    repeat (4) tick();
    rst = 1'b0;
    for (int i = 0; i < STAGES; i++) words[i] = 0;
  endtask

  task automatic cycle_of;
    offered = at < frames * PACKET && arrivals[at] <= cycle;
    draws = draws * 1664525 + 1013904223;
    takes = (flags & 16) == 0 || ((draws >> 16) & 65535) % 100 >= 40;
    s_tvalid = offered;
    if (offered) begin
      s_tdata = beats[at];
      s_tlast = at % PACKET == PACKET - 1;
      s_tuser = at % PACKET == 0 ? 2'b10 : 2'b00;
    end
${maps.offer}    m_tready = takes;
    #1;
    quiet = quiet + 1;
    if (m_tvalid && takes && decided < frames) begin
      scores[decided] = m_tdata[95:64];
      keeps[decided] = {31'd0, m_tdata[96]};
      wrongs[decided] = m_tdata[119:112] != 8'd0 || m_tdata[101] || m_tdata[63:0] != number_of(decided);
      cycles[decided] = cycle;
      decided = decided + 1;
      quiet = 0;
    end
    if (drive) begin
${stages.map((s) => `      give(${settled(s)});`).join('\n')}
      #1;
    end
    if ((flags & 3) != 0) begin
${stages.map((s) => `      look(${settled(s)});`).join('\n')}
    end else look(${settled(output)});
    if (offered && s_tready) begin
      taken[at] = cycle;
      at = at + 1;
      quiet = 0;
    end
${maps.taken}    tick();
    cycle = cycle + 1;
  endtask

  task automatic is_complete;
    complete = decided == frames && at == frames * PACKET;
    if ((flags & 3) != 0) begin
${stages.map((s) => `      if (words[${s.i}] < frames * ${s.words}) complete = 1'b0;`).join('\n')}
    end
  endtask

  initial begin
    forever begin
      flags = read_word(0);
      frames = read_word(0);
      seed = read_word(0);
      for (int i = 0; i < frames * PACKET; i++) arrivals[i] = (flags & 4) != 0 ? read_word(0) : i;
      for (int f = 0; f < frames; f++) begin
${maps.read}        read_frame(f);
        if ((flags & 2) != 0) for (int i = 0; i < VALUES; i++) forced[f*VALUES+i] = read_word(0);
      end
      reset();
      drive = (flags & 2) != 0;
      draws = seed;
      at = 0;
      decided = 0;
      cycle = 0;
      quiet = 0;
      complete = 1'b0;
      while (!complete) begin
        cycle_of();
        is_complete();
        if (quiet > 64 * ${height * width} + 100000) begin
          $fdisplay(32'h80000002, "the firmware stands still: %0d of %0d decisions after %0d cycles", decided, frames, cycle);
          $finish;
        end
      end
      for (int f = 0; f < frames; f++) begin
        for (int i = 0; i < ${output.size}; i++) $fwrite(STDOUT, "%u", values[f*VALUES+${output.base}+i]);
        $fwrite(STDOUT, "%u%u%u%u%u", scores[f], keeps[f], wrongs[f], taken[(f+1)*PACKET-1], cycles[f]);
        if ((flags & 1) != 0) for (int i = 0; i < VALUES; i++) $fwrite(STDOUT, "%u", values[f*VALUES+i]);
      end
      $fflush(STDOUT);
    end
  end
endmodule
`;
}

/** The witness of a design in Icarus Verilog; `change` may spoil the files first. Throws where it cannot be built. */
export async function icarus(
  graph: FixedGraph,
  design: RtlDesign,
  change: (files: Readonly<Record<string, string>>) => Readonly<Record<string, string>> = (files) => files,
): Promise<Witness> {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-icarus-'));
  writeFiles(folder, change(emitRtl(design)));
  mkdirSync(join(folder, 'icarus'));
  const bench = join(folder, 'icarus', 'serve.sv');
  writeFileSync(bench, serveBench(design));
  const program = join(folder, 'icarus', 'serve.vvp');
  const built = await runProcess('iverilog', [
    ...['-g2012', '-DVETOC_PROBES', '-s', 'serve', '-o', program],
    ...(await sourcesOf(folder)),
    bench,
  ]);
  if (built.kind !== 'finished' || built.code !== 0)
    throw new Error(built.kind === 'finished' ? built.stderr.slice(0, 2000) : `iverilog: ${built.kind}`);
  const model = parseModel(printModel(design), 'model.json');
  // Its standard streams must be pipes: Node's are sockets.
  const witness = openRtl(graph, 'sh', 'Icarus Verilog', model, ['-c', 'cat | vvp -n "$0" | cat', program]);
  return {
    ...witness,
    close: async () => {
      await witness.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
