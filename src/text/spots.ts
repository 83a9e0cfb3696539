/** How many spots frames have, in words. */
import { table } from '../core/table.js';
import type { SpotfindOutcome } from '../run/spotfind/run.js';

const BANDS = [0, 1, 5, 10, 20, 50, 100, 200, 500] as const;

export function spotsText({ tallies, settings, totals: sum }: SpotfindOutcome): string {
  const rows = BANDS.map((from, k) => {
    const below = BANDS[k + 1] ?? Infinity;
    const frames = tallies.filter(({ count }) => count >= from && count < below).length;
    const label =
      below === from + 1 ? `${from}` : below === Infinity ? `${from} and more` : `${from}–${below - 1}`;
    return [label, String(frames), '█'.repeat(Math.round((40 * frames) / Math.max(1, tallies.length)))];
  });
  const { minPeaks, maxPeaks } = settings.hit;
  const asked = minPeaks > 0 || maxPeaks < Infinity;
  const range = maxPeaks === Infinity ? `${minPeaks} spots or more` : `${minPeaks} to ${maxPeaks} spots`;
  return [
    table(['spots', 'frames', ''], rows),
    `\n${sum.spots} spots on ${sum.frames} frames, median ${sum.medianSpots}, most ${sum.mostSpots}`,
    ...(asked ? [`${sum.hits} hits (${range})`] : []),
    ...(sum.tooManyStrong > 0
      ? [
          `${sum.tooManyStrong} frames have more strong pixels than max_strong_pixel_fraction allows ` +
            'and count as without spots: is the gain right?',
        ]
      : []),
  ].join('\n');
}
