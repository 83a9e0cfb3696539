/** What an explanation says, in words. */
import type { AddedPeaks } from '../../explain/added-peaks.js';
import type { Flip } from '../../explain/occlusion.js';

/** Distance to the threshold as the firmware counts it. */
export function marginWords(score: number, threshold: number): string {
  const margin = score - threshold;
  const bits = Math.log2(Math.abs(margin) + 1).toFixed(1);
  return margin >= 0
    ? `score ${score}, ${margin} levels (${bits} bits) above the threshold ${threshold}`
    : `score ${score}, ${-margin} levels (${bits} bits) under the threshold ${threshold}`;
}

const decisionWord = (keep: boolean): string => (keep ? 'kept' : 'vetoed');

const regionWords = ({ regions, smallest }: Flip): string => {
  const where = regions.map((r) => `(${r.y}, ${r.x})`).join(', ');
  const fewest = smallest ? 'no smaller set does it' : 'none of them can be left out';
  return `${regions.length === 1 ? 'the region' : `the ${regions.length} regions`} at ${where} (${fewest})`;
};

/** What removing regions would have changed. */
export function removalWords(flip: Flip | null, keep: boolean): string {
  const decision = decisionWord(keep);
  if (flip === null) return `It stays ${decision} whatever regions are taken away.`;
  return `It would not be ${decision} without ${regionWords(flip)}: the score would be ${flip.score}.`;
}

/** What is enough for the decision. */
export function additionWords(flip: Flip | null, keep: boolean): string {
  const decision = decisionWord(keep);
  if (flip === null)
    return `A frame like it without any structure would be ${decision} too: no region is needed for it.`;
  return `Added to a frame without structure, ${regionWords(flip)} would be enough for it to be ${decision}.`;
}

export function peakWords({ count, tried, snr }: AddedPeaks): string {
  return count === null
    ? `Not even ${tried} added Bragg peaks of ${snr} σ would have kept it.`
    : `${count} added Bragg peak${count === 1 ? '' : 's'} of ${snr} σ would have kept it.`;
}

export function agreementWords(agreement: number): string {
  const figure = `rank correlation ${agreement.toFixed(2)}`;
  return agreement >= 0.9
    ? `The map on the firmware's arithmetic and the float map agree (${figure}).`
    : `The float map differs from the map on the firmware's arithmetic (${figure}): trust the fixed one.`;
}
