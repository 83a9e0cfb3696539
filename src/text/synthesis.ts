/** A synthesis in words: the cells of every stage beside the estimate, and whether they fit. */
import { CELL_KINDS, type CellFigures } from '../backends/backend.js';
import { table } from '../core/table.js';
import type { RunSynthesis } from '../run/synthesis.js';

const figure = (n: number): string => n.toLocaleString('en-US');
const both = (estimated: CellFigures, synthesized: CellFigures): string[] =>
  CELL_KINDS.map(([, kind]) => `${figure(estimated[kind])} / ${figure(synthesized[kind])}`);

export function synthesisText({ report, known, projects }: RunSynthesis): string {
  const { tool, family, board, parts, total, fits } = report;
  const shares = CELL_KINDS.map(
    ([name, kind]) =>
      `${name} ${((100 * total.synthesized[kind]) / Math.max(1, total.available[kind])).toFixed(1)} %`,
  );
  return [
    `The SystemVerilog for ${board}, synthesized by ${tool} for ${family}${known ? ' (known from before, of the same sources)' : ''}: estimate / cells.`,
    '',
    table(
      ['stage', ...CELL_KINDS.map(([name]) => name)],
      [
        ...parts.map((p) => [p.part, ...both(p.estimated, p.synthesized)]),
        ['all', ...both(total.estimated, total.synthesized)],
      ],
    ),
    '',
    `By these cells it ${fits ? 'fits' : 'does NOT fit'}: ${shares.join(', ')}. Nothing is placed and routed; a vendor tool may report otherwise.`,
    ...(projects.length === 0
      ? []
      : [`Said in report.json and README.md of ${projects.join(', ')}, and in report/area.html.`]),
  ].join('\n');
}
