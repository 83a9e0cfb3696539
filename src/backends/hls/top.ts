/** The top function: one line a stage, in the order of the dataflow. */
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { LICENCE, mantissaType, plainText } from './cpp.js';
import type { Plan, Stage, Stream } from './plan.js';
import { registerPragmas } from './registers.js';
import type { StageCode } from './stages/index.js';

const PARAMETERS = [
  'hls::stream<pixel_beat> &frames',
  'hls::stream<vetoc::decision_beat> &decisions',
  'ap_uint<32> mode',
  'ap_int<32> threshold',
  'ap_uint<32> &frame_count',
  'ap_uint<32> &kept_count',
  'ap_uint<32> &vetoed_count',
  'ap_uint<32> &malformed_count',
];

const signature = (top: string): string =>
  `void ${top}(${PARAMETERS.join(`,\n${' '.repeat(`void ${top}(`.length)}`)})`;

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
    '#include "vetoc/decide.h"',
    '#include "vetoc/receive.h"',
    '',
    `/// ${plan.pixelsPerClock} pixels of 16 bits, TLAST with the last beat of a frame; each row starts with a fresh beat.`,
    `typedef ap_axiu<${16 * plan.pixelsPerClock}, 0, 0, 0> pixel_beat;`,
    '',
    `${signature(top)};`,
    '',
    '#endif',
    '',
  ].join('\n');
}

const wordType = (stream: Stream): string => `vetoc::word<${mantissaType(stream.format)}, ${stream.lanes}>`;

/** The stage's call: inputs, tables, outputs. */
function call(stage: Stage, code: StageCode): string {
  const inputs = stage.inputs.map((s) => s.name);
  const outputs = stage.outputs.map((s) => s.name);
  const args =
    stage.kind === 'receive'
      ? ['frames', ...outputs, 'status']
      : stage.kind === 'decide'
        ? [
            ...inputs,
            ...code.tableNames,
            'status',
            'mode',
            'threshold',
            'frame_count',
            'kept_count',
            'vetoed_count',
            'malformed_count',
            'decisions',
          ]
        : [...inputs, ...code.tableNames, ...outputs];
  return `  vetoc::${code.function}<${stage.name}_config>(${args.join(', ')});`;
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
  // A probe looks at a stream right after the stage that fills it, before anyone reads.
  const probes = new Map<string, string[]>();
  for (const [id, stream] of plan.visible)
    probes.set(stream.name, [...(probes.get(stream.name) ?? []), `  VETOC_PROBE("${id}", ${stream.name});`]);
  const body = plan.stages.flatMap((stage, i) => [
    call(stage, codes[i]!),
    ...stage.outputs.flatMap((s) => probes.get(s.name) ?? []),
  ]);
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
    '#endif',
    '',
    `${signature(top)} {`,
    '#pragma HLS INTERFACE mode = axis port = frames',
    '#pragma HLS INTERFACE mode = axis port = decisions',
    ...registerPragmas(),
    '#pragma HLS INTERFACE mode = ap_ctrl_none port = return',
    '#pragma HLS DATAFLOW',
    '  hls::stream<vetoc::frame_status> status("status");',
    `#pragma HLS STREAM variable = status depth = ${depths.get('status') ?? 2}`,
    ...plan.streams.flatMap((stream) => streamLines(stream, depths.get(stream.name) ?? 2)),
    '',
    ...body,
    '}',
    '',
  ].join('\n');
}
