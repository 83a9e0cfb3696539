/** The dataflow of a design: one block of instances a stage, then the links between them. */
import { invariant } from '../../core/errors.js';
import type { NodeId } from '../../ir/common.js';
import type { FixedGraph } from '../../ir/graph.js';
import { plainText } from '../hls/cpp.js';
import { featuresOf } from '../hls/top.js';
import { isWeighted, nodeOf, type Plan, type Stage, type Stream } from '../dataflow/plan.js';
import { FIFO_LATENCY } from './depths.js';
import { streamBits } from './flow.js';
import { DECISION_BITS, registersOf, type Register } from '../dataflow/interface.js';
import type { RtlNetwork } from './network.js';
import { mapsBeatOf } from '../hls/maps-beat.js';
import { watchedStages } from '../hls/memories.js';
import type { BuiltLink, RtlSchedule } from './schedule.js';
import { CLOCK, linkPorts, reads } from './stages/common.js';
import { DECISIONS, FRAMES, PACKETS, QUEUE } from './stages/ends.js';
import { FEATURE_LINES, FEATURE_PORTS, SENT } from './stages/features.js';
import { declaration, instanceText, range, SV_LICENCE, type Instance, type Wire } from './sv.js';

/** Where a node's values are seen in the simulation's vectors: bits `low` and up, a word of the stream. */
export interface Probe {
  readonly node: NodeId;
  readonly stream: Stream;
  readonly low: number;
}

/** A register as a port of the dataflow. */
const REGISTER_TYPE: Readonly<Record<Register['type'], string>> = {
  u32: '[31:0]',
  i32: 'signed [31:0]',
  u64: '[63:0]',
};
const registerPort = ({ name, access, type }: Register): string =>
  `    ${access === 'rw' ? 'input  wire logic' : 'output logic'} ${REGISTER_TYPE[type]} ${name},`;

const SLOT = 32;

/** Every node's place in the probes, each at a multiple of 32 bits, and the bits of all of them. */
export function probesOf(plan: Plan): { readonly probes: readonly Probe[]; readonly bits: number } {
  let low = 0;
  const probes = [...plan.visible].map(([node, stream]): Probe => {
    const probe = { node, stream, low };
    low += Math.ceil(streamBits(stream) / SLOT) * SLOT;
    return probe;
  });
  return { probes, bits: low };
}

/** Wide vectors are arrays in a simulator's C++: these are never narrower than that. */
export const PROBE_MIN_BITS = 96;

const shapeText = (s: Stream): string => s.shape.join('x');

function stageTitle(stage: Stage): string {
  const node = nodeOf(stage);
  const from = stage.inputs.map(shapeText).join(' and ');
  const to = stage.outputs.map(shapeText).join(' and ');
  const form = isWeighted(stage) && stage.adders !== undefined ? ', as shifts and additions' : '';
  return `  // ${stage.name}: ${node?.kind ?? stage.kind}${form}${from === '' ? '' : `, ${from}`}${to === '' ? '' : ` -> ${to}`}.`;
}

export const linkInstance = ({ name, bits, depth, latency }: BuiltLink): Instance => ({
  module: 'vetoc_link',
  name: `${name}_link`,
  parameters: { W: bits, DEPTH: depth, RAM: Number(latency === FIFO_LATENCY.block) },
  ports: {
    ...CLOCK,
    ...linkPorts(name),
    ...reads(name),
  },
});

/** Wires of the two ends of a link, beside those of the words that enter it. */
const linkLines = ({ name, bits }: Wire): string[] => [
  `  logic ${name}_ok, ${name}_take, ${name}_valid, ${name}_pop;`,
  `  logic ${range(bits)} ${name}_q;`,
];

const bit = (name: string): string => `  logic ${name};`;
const wireText = (w: Wire): string =>
  w.bits === 1 && /_(we|ok|take|valid|pop|wrong)$/.test(w.name) ? bit(w.name) : `  ${declaration(w)}`;

/** Credits of a stream that ends in several links: room is where all have room. */
function creditLines(stream: string, links: readonly string[]): string[] {
  if (links.length < 2) return [];
  return [
    bit(`${stream}_ok`),
    bit(`${stream}_take`),
    `  assign ${stream}_ok = ${links.map((l) => `${l}_ok`).join(' && ')};`,
    ...links.map((l) => `  assign ${l}_take = ${stream}_take;`),
  ];
}

function stageLines(stage: Stage, network: RtlNetwork, writers: ReadonlySet<string>): string[] {
  const { wires = [], assigns = [], instances, links = [] } = network.hardware.get(stage)!;
  if (instances.length === 0 && assigns.length === 0) return [];
  return [
    stageTitle(stage),
    ...[
      ...wires,
      ...links.flatMap((l) => [
        { name: `${l.name}_we`, bits: 1 },
        { name: `${l.name}_d`, bits: l.bits },
      ]),
    ].map(wireText),
    ...stage.outputs
      .filter((o) => writers.has(o.name))
      .flatMap((o) =>
        creditLines(
          o.name,
          network.ends.get(o.name)!.map((e) => e.link),
        ),
      ),
    ...assigns.map(([left, right]) => `  assign ${left} = ${right};`),
    ...instances.map(instanceText),
    '',
  ];
}

/** In simulation every stream can be seen, and its readers given something else. */
function probeLines(plan: Plan): string[] {
  const { probes, bits } = probesOf(plan);
  const last = new Map(probes.map((p) => [p.stream.name, p]));
  const width = Math.max(bits, PROBE_MIN_BITS);
  const seen = probes.map(({ stream, low }) => {
    const own = streamBits(stream);
    return `  assign probe_d[${low}+:${Math.ceil(own / SLOT) * SLOT}] = ${Math.ceil(own / SLOT) * SLOT}'(${stream.name}_made);`;
  });
  return [
    '`ifdef VETOC_PROBES',
    '  // Simulation: every stage is seen, and its readers can be given something else.',
    ...probes.map(({ stream }, i) => `  assign probe_we[${i}] = ${stream.name}_we;`),
    ...seen,
    ...(width > bits ? [`  assign probe_d[${width - 1}:${bits}] = '0;`] : []),
    ...plan.streams.map((s) => {
      const probe = last.get(s.name);
      return probe === undefined
        ? `  assign ${s.name}_d = ${s.name}_made;`
        : `  assign ${s.name}_d = drive ? given[${probe.low}+:${streamBits(s)}] : ${s.name}_made;`;
    }),
    '`else',
    ...plan.streams.map((s) => `  assign ${s.name}_d = ${s.name}_made;`),
    '`endif',
  ];
}

function probePorts(plan: Plan): string[] {
  const { probes, bits } = probesOf(plan);
  const width = Math.max(bits, PROBE_MIN_BITS);
  return [
    '`ifdef VETOC_PROBES',
    `    output logic ${range(probes.length)} probe_we,`,
    `    output logic ${range(width)} probe_d,`,
    '    input  wire logic drive,',
    '    /* verilator lint_off UNUSEDSIGNAL */',
    `    input  wire logic ${range(width)} given,`,
    '    /* verilator lint_on UNUSEDSIGNAL */',
    '`endif',
  ];
}

/** A bit for each stage with memories; those from 31 on share one. */
function memoryLines({ plan, hardware }: RtlNetwork): string[] {
  const bits = Array.from({ length: 32 }, (): string[] => []);
  watchedStages(plan).forEach((stage, i) => {
    const { memories = [] } = hardware.get(stage)!;
    bits[Math.min(i, 31)]!.push(...memories.map((m) => m.wrong));
  });
  return bits.map(
    (wires, i) => `  assign memories[${i}] = ${wires.length === 0 ? "1'b0" : wires.join(' || ')};`,
  );
}

/** Where images of weights come in. */
const WEIGHT_PORTS: readonly string[] = [
  '    input  wire logic w_tvalid,',
  '    output logic w_tready,',
  '    input  wire logic [31:0] w_tdata,',
  '    input  wire logic [3:0] w_tkeep,',
  '    input  wire logic w_tlast,',
];

/** Where the maps of raw words come in. */
function mapsPorts(plan: Plan): string[] {
  const beat = mapsBeatOf(plan);
  if (beat === null) return [];
  return [
    '    input  wire logic maps_tvalid,',
    '    output logic maps_tready,',
    `    input  wire logic ${range(beat.bits)} maps_tdata,`,
    '    input  wire logic maps_tlast,',
  ];
}

/** The module `name`: beats in, decisions out, registers as plain ports. */
export function dataflowModule(
  graph: FixedGraph,
  network: RtlNetwork,
  { links, scrubFrames }: RtlSchedule,
  name: string,
): string {
  const { plan } = network;
  const built = links.filter((l) => l.name !== FRAMES);
  invariant(
    built.some((l) => l.name === DECISIONS),
    'no decisions',
  );
  const pixels = plan.pixelsPerClock;
  const streamed = new Set(plan.streams.map((s) => s.name));
  /** Streams that a process writes: only these ask for room. */
  const writers = new Set(
    [...network.hardware.values()].flatMap((h) =>
      (h.processes ?? []).flatMap((p) => p.outputs.map((o) => o.stream)),
    ),
  );
  return [
    SV_LICENCE,
    '//',
    `// ${plainText(graph.name)}: the dataflow, stage by stage. Words travel over links that hold credits, see vetoc_link.`,
    '`default_nettype none',
    ...(plan.canary
      ? []
      : ['/* verilator lint_off PINCONNECTEMPTY */  // ports of weights that can be exchanged']),
    `module ${name} (`,
    '    input  wire logic clk,',
    '    input  wire logic rst,',
    '    input  wire logic s_tvalid,',
    '    output logic s_tready,',
    `    input  wire logic ${range(16 * pixels)} s_tdata,`,
    `    input  wire logic ${range(2 * pixels)} s_tkeep,`,
    '    input  wire logic s_tlast,',
    ...(plan.link.framing === 'ssi' ? ['    input  wire logic [1:0] s_tuser,'] : []),
    ...mapsPorts(plan),
    ...(graph.reloadable ? WEIGHT_PORTS : []),
    ...(graph.ends === 'features' ? FEATURE_PORTS : []),
    '    /* verilator lint_off UNUSEDSIGNAL */  // bits of mode that mean nothing',
    ...registersOf(featuresOf(graph, plan)).map(registerPort),
    '    /* verilator lint_on UNUSEDSIGNAL */',
    ...probePorts(plan),
    '    output logic m_tvalid,',
    `    output logic ${range(DECISION_BITS)} m_tdata,`,
    '    input  wire logic m_tready',
    ');',
    '  // Words of the streams: `_made` by their stage, `_d` as their readers get them.',
    ...plan.streams.flatMap((s) => [
      bit(`${s.name}_we`),
      `  logic ${range(streamBits(s))} ${s.name}_made, ${s.name}_d;`,
    ]),
    '',
    '  // Ends of the links.',
    ...built.flatMap(linkLines),
    ...[
      ...(plan.link.fifoBeats > 0 ? [QUEUE] : []),
      PACKETS,
      DECISIONS,
      ...(graph.ends === 'features' ? [SENT] : []),
    ].flatMap((l) => {
      const { bits } = built.find((b) => b.name === l)!;
      return [bit(`${l}_we`), `  logic ${range(bits)} ${l}_d;`];
    }),
    '',
    '  logic [31:0] memories;',
    `  assign scrub_frames = 32'd${scrubFrames};`,
    '  logic scrub_tick;',
    '  logic [1:0] scrub_phase;',
    '  always_ff @(posedge clk) begin',
    "    scrub_phase <= scrub_phase + 1'b1;",
    "    scrub_tick <= scrub_phase == '0;",
    "    if (rst) scrub_phase <= '0;",
    '  end',
    '',
    ...plan.stages.flatMap((stage) => stageLines(stage, network, writers)),
    '  // The memories in which a flipped bit was found.',
    ...memoryLines(network),
    '',
    '  // Links.',
    ...built.map((l) => instanceText(linkInstance(l))),
    '  assign m_tvalid = decisions_valid;',
    '  assign m_tdata = decisions_q;',
    '  assign decisions_pop = decisions_valid && m_tready;',
    ...(graph.ends === 'features' ? FEATURE_LINES : []),
    '',
    ...(streamed.size > 0 ? probeLines(plan) : []),
    'endmodule',
    '`default_nettype wire',
    '',
  ].join('\n');
}
