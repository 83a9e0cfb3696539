/** Whether a panel can be, and whether panels are in each other's way. */
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import type { Panel } from './panel.js';

/** Throws `UserError` where `panel` spans no area, or its numbers are none of pixels. */
export function checkPanel(file: string, panel: Panel): void {
  const refuse = (key: string, problem: string): never => {
    throw new UserError(problem, { file, field: `${panel.name}/${key}`, remedy: 'check the geometry file' });
  };
  for (const [key, value] of [
    ['min_fs', panel.minFs],
    ['max_fs', panel.maxFs],
    ['min_ss', panel.minSs],
    ['max_ss', panel.maxSs],
  ] as const)
    if (!Number.isSafeInteger(value) || value < 0) refuse(key, `is ${value}, no place of a pixel`);
  if (panel.maxFs < panel.minFs) refuse('max_fs', `is ${panel.maxFs}, but min_fs is ${panel.minFs}`);
  if (panel.maxSs < panel.minSs) refuse('max_ss', `is ${panel.maxSs}, but min_ss is ${panel.minSs}`);
  if (Math.abs(panel.fs[0] * panel.ss[1] - panel.fs[1] * panel.ss[0]) < 1e-6)
    refuse('ss', 'is along fs: the directions span no area');
  if (panel.res !== null && panel.res <= 0) refuse('res', `is ${panel.res}, no number of pixels a metre`);
  if (!Number.isSafeInteger(panel.edge) || panel.edge < 0)
    refuse('mask_edge_pixels', `is ${panel.edge}, no number of pixels`);
}

const MOST_SAID = 4;

/** Says which panels claim pixels of others: the later one places them. */
export function overlapNotes(file: string, panels: readonly Panel[]): readonly Note[] {
  const pairs: { readonly first: Panel; readonly second: Panel }[] = [];
  for (const [i, second] of panels.entries())
    for (const first of panels.slice(0, i)) if (overlap(first, second)) pairs.push({ first, second });
  const more = pairs.length > MOST_SAID ? `, as do ${pairs.length - MOST_SAID} more pairs of panels` : '';
  return pairs.slice(0, MOST_SAID).map(({ first, second }, i) => {
    const fs = `${Math.max(first.minFs, second.minFs)} to ${Math.min(first.maxFs, second.maxFs)}`;
    const ss = `${Math.max(first.minSs, second.minSs)} to ${Math.min(first.maxSs, second.maxSs)}`;
    const text = `claims pixels of ${first.name} (fs ${fs}, ss ${ss}) and is where they were placed`;
    return warning('geometry', file, second.name, `${text}${i === MOST_SAID - 1 ? more : ''}`);
  });
}

function overlap(a: Panel, b: Panel): boolean {
  return (
    a.module === b.module &&
    a.data === b.data &&
    a.minFs <= b.maxFs &&
    b.minFs <= a.maxFs &&
    a.minSs <= b.maxSs &&
    b.minSs <= a.maxSs
  );
}
