/** The top function: one line a stage, in the order of the dataflow. */
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { LICENCE, mantissaType, plainText } from './cpp.js';
import {
  networksOf,
  receiveOf,
  reloadedStages,
  type Plan,
  type Stage,
  type Stream,
} from '../dataflow/plan.js';
import { registersOf, type Features } from '../dataflow/interface.js';
import { PACKETS, QUEUE } from '../dataflow/processes.js';
import { registerArgument, registerPragmas } from './registers.js';
import { mapsBeatOf } from './maps-beat.js';
import { watchedStages } from './memories.js';
import type { StageCode } from './stages/index.js';

/** What the design of `plan` has, as far as its ports depend on it. */
export const featuresOf = (
  { reloadable, ends }: FixedGraph,
  plan: Plan,
): Features & { readonly maps: boolean; readonly features: boolean } => ({
  reloadable,
  features: ends === 'features',
  canary: plan.canary,
  maps: mapsBeatOf(plan) !== null,
});

const signature = (top: string, features: ReturnType<typeof featuresOf>): string => {
  const parameters = [
    'hls::stream<pixel_beat> &frames',
    ...(features.maps ? ['hls::stream<maps_beat> &maps'] : []),
    ...(features.features ? ['hls::stream<vetoc::feature_beat> &features', 'ap_uint<16> module'] : []),
    ...(features.reloadable ? ['hls::stream<vetoc::weight_beat> &weights'] : []),
    'hls::stream<vetoc::decision_beat> &decisions',
    ...registersOf(features).map(registerArgument),
  ];
  return `void ${top}(${parameters.join(`,\n${' '.repeat(`void ${top}(`.length)}`)})`;
};

export function topHeader(graph: FixedGraph, plan: Plan, top: string): string {
  const { size } = inputNode(graph);
  const guard = `${top.toUpperCase()}_H`;
  return [
    LICENCE,
    '//',
    `// ${plainText(graph.name)}: ${size.join(' x ')} raw frames in, one decision a frame out.`,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    `#include "vetoc/${graph.ends === 'features' ? 'send_features' : 'decide'}.h"`,
    '#include "vetoc/receive.h"',
    '',
    `/// ${plan.pixelsPerClock} pixels of 16 bits; each row starts with a fresh beat. TLAST with the last beat of a frame${plan.link.framing === 'ssi' ? ', TUSER as SsiPkg' : ''}.`,
    `typedef ap_axiu<${16 * plan.pixelsPerClock}, ${plan.link.framing === 'ssi' ? 2 : 0}, 0, 0> pixel_beat;`,
    '',
    ...mapsBeatLines(plan),
    `${signature(top, featuresOf(graph, plan))};`,
    '',
    '#endif',
    '',
  ].join('\n');
}

const wordType = (stream: Stream): string => `vetoc::word<${mantissaType(stream.format)}, ${stream.lanes}>`;

/** The type of the second stream. */
function mapsBeatLines(plan: Plan): string[] {
  const beat = mapsBeatOf(plan);
  if (beat === null) return [];
  return [
    '/// Maps for the pixels of a beat: vetoc/receive_maps.h says how they lie in it. TLAST with the CRC-32 behind a set.',
    `typedef ap_axiu<${beat.bits}, 0, 0, 0> maps_beat;`,
    '',
  ];
}

/** The stage's call: inputs, tables, outputs. */
function call(stage: Stage, code: StageCode, plan: Plan): string {
  const inputs = stage.inputs.map((s) => s.name);
  const outputs = stage.outputs.map((s) => s.name);
  return wrapped(
    `  vetoc::${code.function}<${stage.name}_config>(`,
    [...inputs, ...code.arguments, ...(ports[stage.kind]?.(plan) ?? []), ...outputs],
    ');',
  );
}

/** A call in lines of at most 120 columns, arguments below each other. */
function wrapped(head: string, args: readonly string[], tail: string): string {
  const lines: string[] = [];
  let line = head;
  args.forEach((arg, i) => {
    const last = i === args.length - 1;
    const text = `${arg}${last ? tail : ','}`;
    if (line !== head && line.length + text.length + 1 > 120) {
      lines.push(line);
      line = ' '.repeat(head.length);
    }
    line += line.endsWith(',') ? ` ${text}` : text;
  });
  return [...lines, line].join('\n');
}

/** Stages that work through the words of a frame; the others have a packet, an image or a decision to do with. */
const isNetwork = (stage: Stage): boolean =>
  stage.kind !== 'absorb' &&
  stage.kind !== 'receive' &&
  stage.kind !== 'loadWeights' &&
  stage.kind !== 'decide';

/** What a stage has to do with beside its streams, by kind. */
const ports: Readonly<Partial<Record<Stage['kind'], (plan: Plan) => readonly string[]>>> = {
  absorb: () => ['frames', QUEUE],
  receive: ({ link }) => [link.fifoBeats > 0 ? QUEUE : 'frames', 'idle_cycles', 'number_step', PACKETS],
  receiveMaps: () => ['maps'],
  loadWeights: () => [
    'weights',
    'parts',
    'announcements',
    'mode',
    'weights_loaded',
    'weights_refused',
    'weights_status',
  ],
  swapWeights: () => ['announcements', 'sets'],
  decide: ({ canary }) => [
    PACKETS,
    'memories',
    'mode',
    'threshold',
    'prescale',
    'prescale_key',
    ...(canary ? ['canary_frames', 'canary_bound'] : []),
    'frame_count',
    'kept_count',
    'vetoed_count',
    'prescaled_count',
    'malformed_count',
    'gap_count',
    'dropped_beats',
    'timeout_count',
    'overflow_count',
    'status',
    'upsets',
    'scrub_frames',
    ...(canary ? ['canary_count', 'canary_disagreements', 'canary_swaps'] : []),
    'decisions',
  ],
};

/** What is said of each packet, and the FIFO in front. */
function linkLines({ link, pixelsPerClock }: Plan, depths: ReadonlyMap<string, number>): string[] {
  return [
    ...(link.fifoBeats === 0
      ? []
      : [
          `  VETOC_LASTING hls::stream<vetoc::link_beat<${pixelsPerClock}>, ${link.fifoBeats}> ${QUEUE}("${QUEUE}");`,
          `#pragma HLS STREAM variable = ${QUEUE} depth = ${link.fifoBeats}`,
        ]),
    `  hls::stream<vetoc::frame_status> ${PACKETS}("${PACKETS}");`,
    `#pragma HLS STREAM variable = ${PACKETS} depth = ${depths.get(PACKETS) ?? 2}`,
  ];
}

/** The streams that exchange weights: parts and the news of sets, one of each a stage. */
function reloadLines(stages: number, networks: number, framesInFlight: number): string[] {
  if (stages === 0) return [];
  const stream = (declaration: string, name: string, depth: number): string[] => [
    `  hls::stream<${declaration};`,
    `#pragma HLS STREAM variable = ${name} depth = ${depth}`,
  ];
  return [
    ...stream('bool> announcements("announcements")', 'announcements', 2),
    ...stream(`vetoc::weight_word> parts[${networks * stages}]`, 'parts', 4),
    // A set is told at the first pixel of a frame, its status at the last: one frame more on its way.
    ...stream(`vetoc::weight_set> sets[${networks * stages}]`, 'sets', framesInFlight + 1),
  ];
}

function streamLines(stream: Stream, depth: number): string[] {
  return [
    `  hls::stream<${wordType(stream)}> ${stream.name}("${stream.name}");`,
    `#pragma HLS STREAM variable = ${stream.name} depth = ${depth}`,
  ];
}

export function topFunction(
  graph: FixedGraph,
  plan: Plan,
  codes: readonly StageCode[],
  top: string,
  depths: ReadonlyMap<string, number>,
): string {
  const features = featuresOf(graph, plan);
  // A probe looks at a stream right after the stage that fills it, before anyone reads.
  const probes = new Map<string, string[]>();
  for (const [id, stream] of plan.visible)
    probes.set(stream.name, [...(probes.get(stream.name) ?? []), `  VETOC_PROBE("${id}", ${stream.name});`]);
  const lines = (network: boolean): string[] =>
    plan.stages.flatMap((stage, i) =>
      network === isNetwork(stage)
        ? [call(stage, codes[i]!, plan), ...stage.outputs.flatMap((s) => probes.get(s.name) ?? [])]
        : [],
    );
  const ends = lines(false);
  const body = [
    ...ends.slice(0, -1),
    '#ifndef __SYNTHESIS__',
    '  // C simulation runs every stage once a call, hardware when it has words: a packet without pixels brings none.',
    `  if (!${receiveOf(plan).outputs[0]!.name}.empty()) {`,
    '#endif',
    ...lines(true),
    '#ifndef __SYNTHESIS__',
    '  }',
    '#endif',
    ...ends.slice(-1),
  ];
  const tables = plan.stages.filter((_, i) => codes[i]!.tables !== '');
  return [
    LICENCE,
    '//',
    `// ${plainText(graph.name)}: the dataflow, one line a stage.`,
    `#include "${top}.h"`,
    '',
    '#include "config.h"',
    ...tables.map((stage) => `#include "tables/${stage.name}.h"`),
    '',
    '#if defined(VETOC_PROBES) && !defined(__SYNTHESIS__)',
    '#include "../tb/probe.h"',
    '#else',
    '#define VETOC_PROBE(stage, stream)',
    '#define VETOC_MEMORY(array, bits, banks)',
    '#endif',
    '',
    `${signature(top, features)} {`,
    '#pragma HLS INTERFACE mode = axis port = frames',
    ...(features.maps ? ['#pragma HLS INTERFACE mode = axis port = maps'] : []),
    ...(features.features
      ? [
          '#pragma HLS INTERFACE mode = axis port = features',
          '#pragma HLS INTERFACE mode = ap_none port = module',
        ]
      : []),
    ...(graph.reloadable ? ['#pragma HLS INTERFACE mode = axis port = weights'] : []),
    '#pragma HLS INTERFACE mode = axis port = decisions',
    ...registerPragmas(features),
    '// Every stage runs by itself, driven by its streams: there is no start, and registers are not queued.',
    '#pragma HLS INTERFACE mode = ap_ctrl_none port = return',
    '#pragma HLS DATAFLOW disable_start_propagation',
    ...linkLines(plan, depths),
    // What each stage with a memory says of it, a bit with each frame.
    `  hls::stream<bool> memories[${Math.max(1, watchedStages(plan).length)}];`,
    `#pragma HLS STREAM variable = memories depth = ${(depths.get(PACKETS) ?? 2) + 1}`,
    ...reloadLines(reloadedStages(plan).length, networksOf(plan), depths.get(PACKETS) ?? 2),
    ...codes.flatMap((c) => c.memories.map((m) => `  VETOC_MEMORY(${m.name}, ${m.bits}, ${m.banks});`)),
    ...plan.streams.flatMap((stream) => streamLines(stream, depths.get(stream.name) ?? 2)),
    '',
    ...body,
    '}',
    '',
  ].join('\n');
}
