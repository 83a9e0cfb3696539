/** What dark frames came to, in words. */
import { table } from '../core/table.js';
import { BAD_PIXELS } from '../report/darks-page.js';
import type { DarksOutcome } from '../run/darks.js';

const REASONS = Object.keys(BAD_PIXELS) as readonly (keyof typeof BAD_PIXELS)[];

/** A row a gain stage, and where the maps are. */
export function darksText({ file, page, frames, cells, stages }: DarksOutcome): string {
  const seen = REASONS.filter((reason) => stages.some(({ bad }) => bad[reason] > 0));
  const rows = stages.map(({ stage, frames: own, pedestal, noise, bad, badPixels }) => [
    stage,
    String(own),
    pedestal.toFixed(1),
    noise.toFixed(2),
    String(badPixels),
    ...seen.map((reason) => String(bad[reason])),
  ]);
  const header = ['gain stage', 'frames', 'pedestal (ADU)', 'noise (ADU)', 'bad pixels', ...seen];
  const what = cells === 0 ? `${frames} frames` : `${frames} frames of ${cells} memory cells`;
  return `${table(header, rows)}\n\n${what}: maps in ${file}, pictures and bad pixels in ${page}`;
}
