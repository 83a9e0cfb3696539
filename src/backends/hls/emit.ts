/**
 * Fixed graph -> HLS project: a pure function from graph and options to files. The templates in hls-templates/ are
 * copied as they are; what is generated is the constants, the tables, the top function and the project around them.
 */
import { UserError } from '../../core/errors.js';
import { elements } from '../../ir/common.js';
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import { formatType, LICENCE, plainText } from './cpp.js';
import { lowerGraph } from './lower.js';
import { identifier } from './names.js';
import { wordsPerFrame, type Plan } from './plan.js';
import { makefile } from './project.js';
import { renderStage, type StageCode } from './stage-code.js';
import { hlsTemplates } from './templates.js';
import { topFunction, topHeader } from './top.js';

export const PIXELS_PER_CLOCK = [1, 2, 4, 8, 16] as const;
export type PixelsPerClock = (typeof PIXELS_PER_CLOCK)[number];

export interface HlsOptions {
  readonly target: FpgaTarget;
  readonly pixelsPerClock?: PixelsPerClock;
  /** Frames per second to keep up with; the pixel stream's own rate unless given. */
  readonly framesPerSecond?: number;
  /** Clock of the firmware, instead of the target's. */
  readonly clockMHz?: number;
}

/** A project: paths with `/`, in order, and their text. */
export type ProjectFiles = Readonly<Record<string, string>>;

export const topName = (graph: FixedGraph): string => `${identifier(graph.name).slice(0, 40)}_veto`;

/** Beats of one frame at the input. */
export function beatsPerFrame(graph: FixedGraph, pixelsPerClock: number): number {
  const { size } = inputNode(graph);
  return wordsPerFrame({ shape: [size[0], size[1], 1], lanes: pixelsPerClock });
}

/** The dataflow that `options` ask for. */
export function planHls(graph: FixedGraph, options: HlsOptions): Plan {
  const pixelsPerClock = options.pixelsPerClock ?? 1;
  const clockHz = (options.clockMHz ?? options.target.clockMHz) * 1e6;
  const beats = beatsPerFrame(graph, pixelsPerClock);
  const wanted =
    options.framesPerSecond === undefined ? beats : Math.floor(clockHz / options.framesPerSecond);
  if (wanted < beats)
    throw new UserError(
      `${options.framesPerSecond} frames/s leave ${wanted} cycles a frame, but its ${beats} beats alone take longer`,
      {
        field: 'framesPerSecond',
        remedy: `ask for at most ${Math.floor(clockHz / beats)}, or for more pixels per clock`,
      },
    );
  return lowerGraph(graph, { pixelsPerClock, cyclesPerFrame: wanted });
}

function configHeader(graph: FixedGraph, codes: readonly StageCode[]): string {
  const headers = [...new Set(codes.map((c) => c.header))].sort();
  return [
    LICENCE,
    '//',
    `// ${plainText(graph.name)}: one struct of named constants for each stage.`,
    '#ifndef CONFIG_H',
    '#define CONFIG_H',
    '',
    ...headers.map((h) => `#include "vetoc/${h}.h"`),
    '',
    ...codes.map((c) => c.config),
    '#endif',
    '',
  ].join('\n');
}

function tablesHeader(stage: string, tables: string): string {
  const guard = `TABLES_${stage.toUpperCase()}_H`;
  return [
    LICENCE,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include "vetoc/word.h"',
    '',
    tables,
    '#endif',
    '',
  ].join('\n');
}

/** What the test bench must know of the design: its sizes and the stages that it can look at. */
function designHeader(graph: FixedGraph, plan: Plan, top: string): string {
  const { size } = inputNode(graph);
  const stages = [...plan.visible].map(([id, stream]) => {
    const [height, width, channels] = stream.shape;
    return `    {"${id}", ${height}, ${width}, ${channels}, ${stream.format.width}},  // ${formatType(stream.format)}`;
  });
  const output = [...plan.visible.keys()].indexOf(graph.output);
  const largest = Math.max(...[...plan.visible.values()].map((s) => elements(s.shape)));
  return [
    LICENCE,
    '#ifndef DESIGN_H',
    '#define DESIGN_H',
    '',
    `#include "../firmware/${top}.h"`,
    '#include "stage_info.h"',
    '',
    'namespace design {',
    '',
    `static constexpr int HEIGHT = ${size[0]};`,
    `static constexpr int WIDTH = ${size[1]};`,
    `static constexpr int PIXELS_PER_CLOCK = ${plan.pixelsPerClock};`,
    `static constexpr int CLASSES = ${graph.classNames.length};`,
    `static constexpr int STAGES = ${stages.length};`,
    `static constexpr int OUTPUT_STAGE = ${output};`,
    `static constexpr int LARGEST_STAGE = ${largest};`,
    'typedef ::pixel_beat pixel_beat;',
    `static const auto top = &${top};`,
    '',
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

/** Every file of the project except golden vectors, by path. */
export function emitHls(graph: FixedGraph, options: HlsOptions): ProjectFiles {
  const plan = planHls(graph, options);
  const top = topName(graph);
  const codes = plan.stages.map((stage) => renderStage(stage, graph));
  const files: Record<string, string> = {
    Makefile: makefile(top),
    'firmware/config.h': configHeader(graph, codes),
    [`firmware/${top}.h`]: topHeader(graph, plan, top),
    [`firmware/${top}.cpp`]: topFunction(graph, plan, codes, top),
    'tb/design.h': designHeader(graph, plan, top),
  };
  plan.stages.forEach((stage, i) => {
    if (codes[i]!.tables !== '')
      files[`firmware/tables/${stage.name}.h`] = tablesHeader(stage.name, codes[i]!.tables);
  });
  for (const [path, text] of Object.entries(hlsTemplates())) {
    if (path.startsWith('vetoc/')) files[`firmware/${path}`] = text;
    else if (path.startsWith('tb/') || path.startsWith('sim/')) files[path] = text;
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
