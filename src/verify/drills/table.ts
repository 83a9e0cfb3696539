/** What whole frames and drills have reached, stage by stage, as a table. */
import type { Coverage, StageCoverage } from '../coverage.js';
import type { DrillReport } from './run.js';
import type { EndReached, StageDrills } from './meter.js';

export const STAGE_COLUMNS = [
  'stage',
  'channels',
  'lowest by frames',
  'by drills',
  'highest by frames',
  'by drills',
  'ties by frames',
  'by drills',
  'saturated by frames',
  'by drills',
  'remark',
] as const;

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 2 : 1)} %`;

/** How far the drills stayed from the proof, at the worse of both ends. */
function distance(lowest: EndReached, highest: EndReached): number {
  return Math.max(lowest.farthest ?? 0, highest.farthest ?? 0);
}

function remark({ wider, lowest, highest, tiesMissed, leftOut }: StageDrills): string {
  const far = distance(lowest, highest);
  return [
    ...(wider === null ? [] : [`${percent(far)} short of the proof: ${wider}`]),
    ...(tiesMissed === 0 ? [] : [`${tiesMissed} ties not found`]),
    ...(leftOut === 0 ? [] : [`${leftOut} goals left out: too many for the budget`]),
  ].join('; ');
}

function row(c: StageCoverage, d: StageDrills): readonly string[] {
  const of = (channels: number): string => `${channels}/${d.channels}`;
  return [
    d.stage,
    String(d.channels),
    of(c.atLowest),
    of(d.lowest.channels),
    of(c.atHighest),
    of(d.highest.channels),
    String(c.ties),
    String(d.tiesAbove + d.tiesBelow),
    `${c.saturatedLow}+${c.saturatedHigh}`,
    `${d.saturatedLow}+${d.saturatedHigh}`,
    remark(d),
  ];
}

/** Cells of one row a stage, in the order of `STAGE_COLUMNS`. */
export function stageRows(coverage: Coverage, drills: DrillReport): readonly (readonly string[])[] {
  const drilled = new Map(drills.stages.map((s) => [s.stage, s]));
  return coverage.stages.flatMap((c) => {
    const d = drilled.get(c.stage);
    return d === undefined ? [] : [row(c, d)];
  });
}
