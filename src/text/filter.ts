/** What a filter kept, in words. */
import type { FilterOutcome } from '../run/filter.js';

/** Lines for a terminal; `out`: the file that was asked for. */
export function filteredText(
  { frames, kept, keptByPrescale, unreadable, threshold, hits, hitsVetoed, written }: FilterOutcome,
  out: string | undefined,
): string {
  const share = ((100 * kept) / frames).toFixed(1);
  const lines = [
    `${kept} of ${frames} frames kept (${share} %) at threshold ${threshold}; ${unreadable} could not be read.`,
  ];
  if (keptByPrescale > 0) lines.push(`${keptByPrescale} of them are vetoed frames that the prescale keeps.`);
  if (hits > 0) lines.push(`Of ${hits} frames labelled as hits, ${hitsVetoed} were vetoed.`);
  if (written === null && out !== undefined) lines.push(`${out} was not written, because no frame is kept.`);
  else if (written !== null && written.carried.length > 0)
    lines.push(`Carried along: ${written.carried.join(', ')}`);
  for (const { path, why } of written?.left ?? []) lines.push(`Not carried along: ${path} (${why})`);
  return lines.join('\n');
}
