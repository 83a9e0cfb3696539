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
