/** The drills of a verification in words, for a terminal. */
import { unseenLine, type Coverage } from '../verify/coverage.js';
import type { DrillReport, WitnessDrills } from '../verify/drills/run.js';
import { STAGE_COLUMNS, stageRows } from '../verify/drills/table.js';

/** One line a witness: what its drills compared, or why it was not drilled. */
export function drillLine(w: WitnessDrills): string {
  if (w.skipped !== null) return `not drilled: ${w.skipped}`;
  const failed = w.failed === null ? '' : `; broke down: ${w.failed}`;
  return `${w.mismatches} of ${w.values} integers differ in ${w.drills} drills of single stages${failed}`;
}

/** Columns as wide as their widest cell, the last one as it comes. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((r) => r[k]!.length)));
  return rows.map((r) =>
    r
      .map((cell, k) =>
        k === r.length - 1 ? cell : k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** What each stage's accumulators reached: channels at the ends of their sums, ties, values below + above the format. */
export function drillTable(coverage: Coverage, drills: DrillReport): string[] {
  const rows = stageRows(coverage, drills);
  if (rows.length === 0) return [];
  return [
    `  Every stage alone, in ${drills.drills} drills, beside whole frames:`,
    ...aligned([STAGE_COLUMNS, ...rows]).map((line) => `    ${line}`),
  ];
}

/** The lines of what whole frames have not shown, each with how often a drill did. */
export function unseenByFrames({ unseen }: Coverage, drills: DrillReport | null): readonly string[] {
  const shown = new Map(
    (drills?.stages ?? []).flatMap((s) => [
      [unseenLine(s.stage, 'above'), s.saturatedHigh] as const,
      [unseenLine(s.stage, 'below'), s.saturatedLow] as const,
      [unseenLine(s.stage, 'tie'), s.tiesAbove + s.tiesBelow] as const,
    ]),
  );
  return unseen.map((line) => {
    const times = shown.get(line) ?? 0;
    return times === 0 ? line : `${line}; ${times} in drills`;
  });
}
