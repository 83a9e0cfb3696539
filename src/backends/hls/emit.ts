/**
 * Fixed graph -> HLS project: a pure function from graph and options to files. The templates in hls-templates/ are
 * copied as they are; what is generated is the constants, the tables, the top function and the project around them.
 */
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { formatType, LICENCE, plainText } from './cpp.js';
import { designHls, type Design, type HlsOptions } from '../dataflow/design.js';
import { assignMultipliers } from '../dataflow/multipliers.js';
import { identifier } from '../dataflow/names.js';
import type { Plan } from '../dataflow/plan.js';
import { headerBeats, trailerBeats } from '../dataflow/link.js';
import { waitingOf, windowsOf } from '../dataflow/processes.js';
import { fractionBits } from '../../fixed/format.js';
import { mapsBeatOf } from './maps-beat.js';
import { clangTidy, makefile } from './project.js';
import { projectReadme, projectReport } from './readme.js';
import { registerHeader, registerJson } from './registers.js';
import { hlsConfig, hlsTcl } from './scripts.js';
import { renderStage, type StageCode } from './stages/index.js';
import { hlsTemplates } from './templates.js';
import { featuresOf, topFunction, topHeader } from './top.js';
import { weightLayout } from './weight-layout.js';

/** A project: paths with `/`, in order, and their text. */
export type ProjectFiles = Readonly<Record<string, string>>;

export function topName(graph: FixedGraph): string {
  const name = identifier(graph.name).slice(0, 40);
  return name.endsWith('veto') ? name : `${name}_veto`;
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

function tablesHeader(stage: string, { header, tables }: StageCode): string {
  const guard = `TABLES_${stage.toUpperCase()}_H`;
  return [
    LICENCE,
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    `#include "vetoc/${header}.h"`,
    '',
    tables,
    '#endif',
    '',
  ].join('\n');
}

/** Sizes of the second stream, for the test bench. */
function mapsConstants(plan: Plan): string[] {
  const beat = mapsBeatOf(plan);
  if (beat === null) return [];
  const places = beat.maps.map(({ stream, first }) => {
    const { width } = stream.format;
    return `    {${stream.shape[2]}, ${width}, ${first}},  // ${stream.node}: ${formatType(stream.format)}`;
  });
  return [
    `static constexpr int MAPS_BITS = ${beat.bits};`,
    `static constexpr int MAPS = ${beat.maps.length};`,
    '/// Values a pixel, bits of each, the first bit in a beat.',
    'static const int maps[MAPS][3] = {',
    ...places,
    '};',
  ];
}

/** What the test bench must know of the design: its sizes and the stages that it can look at. */
export function designHeader(graph: FixedGraph, plan: Plan, top: string): string {
  const { size } = inputNode(graph);
  const stages = [...plan.visible].map(([id, stream]) => {
    const [height, width, channels] = stream.shape;
    return `    {"${id}", ${height}, ${width}, ${channels}, ${stream.format.width}},  // ${formatType(stream.format)}`;
  });
  const output = [...plan.visible.keys()].indexOf(graph.output);
  const beat = mapsBeatOf(plan);
  return [
    LICENCE,
    '#ifndef DESIGN_H',
    '#define DESIGN_H',
    '',
    ...(graph.reloadable ? ['#define VETOC_RELOADABLE', ''] : []),
    ...(plan.canary ? ['#define VETOC_CANARY', ''] : []),
    ...(beat === null ? [] : ['#define VETOC_MAPS', '']),
    ...(graph.ends === 'features' ? ['#define VETOC_FEATURES', ''] : []),
    `#include "../firmware/${top}.h"`,
    '#include "stage_info.h"',
    '',
    'namespace design {',
    '',
    `static constexpr int HEIGHT = ${size[0]};`,
    `static constexpr int WIDTH = ${size[1]};`,
    `static constexpr int PIXELS_PER_CLOCK = ${plan.pixelsPerClock};`,
    `static constexpr bool SSI = ${plan.link.framing === 'ssi'};`,
    `static constexpr int HEADER_BEATS = ${headerBeats(plan.link, plan.pixelsPerClock)};`,
    `static constexpr int TRAILER_BEATS = ${trailerBeats(plan.link, plan.pixelsPerClock)};`,
    `static constexpr int FIFO_BEATS = ${plan.link.overflow === 'drop' ? plan.link.fifoBeats : 0};  // that lose beats`,
    `static constexpr unsigned IDLE_CYCLES = ${plan.link.idleCycles}U;`,
    `static constexpr unsigned NUMBER_STEP = ${plan.link.numberStep}U;`,
    ...mapsConstants(plan),
    `static constexpr int CLASSES = ${graph.classNames.length};`,
    `static constexpr int STAGES = ${stages.length};`,
    `static constexpr int OUTPUT_STAGE = ${output};`,
    `static constexpr int THRESHOLD = ${graph.threshold};`,
    'typedef ::pixel_beat pixel_beat;',
    ...(beat === null ? [] : ['typedef ::maps_beat maps_beat;']),
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
  return emitDesign(designHls(graph, options));
}

/** The same, for a design that was made before. */
export function emitDesign(design: Design): ProjectFiles {
  const { graph, target, plan, schedule } = design;
  const top = topName(graph);
  const logits = graph.nodes.find((n) => n.id === graph.output)!;
  const depths = new Map(schedule.fifos.map((f) => [f.stream, f.depth]));
  const multipliers = assignMultipliers(plan, target);
  const codes = plan.stages.map((stage) =>
    renderStage(stage, {
      graph,
      plan,
      multiplier: multipliers.get(stage.name),
      windowDepth: depths.get(windowsOf(stage.name)) ?? depths.get(waitingOf(stage.name)) ?? 0,
    }),
  );
  const files: Record<string, string> = {
    '.clang-tidy': clangTidy,
    Makefile: makefile(top),
    'README.md': projectReadme(design, top),
    'registers.h': registerHeader(top, featuresOf(graph, plan), {
      threshold: graph.threshold,
      unit: `2^-${fractionBits(logits.format)} of a logit`,
    }),
    'registers.json': registerJson(top, featuresOf(graph, plan)),
    'report.json': projectReport(design),
    'run_hls.tcl': hlsTcl(design, top),
    'hls_config.cfg': hlsConfig(design, top),
    'firmware/config.h': configHeader(graph, codes),
    [`firmware/${top}.h`]: topHeader(graph, plan, top),
    [`firmware/${top}.cpp`]: topFunction(graph, plan, codes, top, depths),
    'tb/design.h': designHeader(graph, plan, top),
  };
  if (graph.reloadable) files['weights.json'] = `${JSON.stringify(weightLayout(graph, plan), null, 2)}\n`;
  plan.stages.forEach((stage, i) => {
    if (codes[i]!.tables !== '')
      files[`firmware/tables/${stage.name}.h`] = tablesHeader(stage.name, codes[i]!);
  });
  for (const [path, text] of Object.entries(hlsTemplates())) {
    if (path.startsWith('vetoc/')) files[`firmware/${path}`] = text;
    else if (/^(tb|sim|teb)\//.test(path)) files[path] = text;
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}
