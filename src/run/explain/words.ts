/** What an explanation says, in words. */
import type { AddedPeaks } from '../../explain/added-peaks.js';
import { provedSmallest, type FewestRegions } from '../../explain/fewest-regions.js';

/** Distance to the threshold as the firmware counts it. */
export function marginWords(score: number, threshold: number): string {
  const margin = score - threshold;
  const bits = Math.log2(Math.abs(margin) + 1).toFixed(1);
  return margin >= 0
    ? `score ${score}, ${margin} levels (${bits} bits) above the threshold ${threshold}`
    : `score ${score}, ${-margin} levels (${bits} bits) under the threshold ${threshold}`;
}

const decisionWord = (keep: boolean): string => (keep ? 'kept' : 'vetoed');

const upTo = (count: number): string => (count === 1 ? 'one region' : `one to ${count} regions`);

/** More regions than this are told by number and picture. */
const LISTED_REGIONS = 5;

/** The set that was found, and how far it is known that no smaller one does it. */
function regionWords(fewest: FewestRegions): string {
  const { regions } = fewest.found!;
  const where = regions.map((r) => `row ${r.y}, column ${r.x}`).join('; ');
  const set =
    regions.length > LISTED_REGIONS
      ? `${regions.length} regions, framed in regions.png,`
      : `${regions.length === 1 ? 'the region' : `the ${regions.length} regions`} at ${where}`;
  if (regions.length === 1) return set;
  return provedSmallest(fewest)
    ? `${set} (proved: no smaller set does it)`
    : `${set} (the smallest set found: no set of ${upTo(fewest.noneUpTo)} does it, larger ones were not all tried)`;
}

const nothingWords = ({ noneUpTo, tried }: FewestRegions): string =>
  `of ${tried} sets of regions that were tried, none changes it (among them every set of ${upTo(noneUpTo)})`;

/** What removing regions would have changed. */
export function removalWords(fewest: FewestRegions, keep: boolean): string {
  const decision = decisionWord(keep);
  if (fewest.found === null)
    return `It stays ${decision} when regions are taken away: ${nothingWords(fewest)}.`;
  return `It would not be ${decision} without ${regionWords(fewest)}: the score would be ${fewest.found.score}.`;
}

/** What is enough for the decision; `null` where no region is needed for it. */
export function additionWords(fewest: FewestRegions | null, keep: boolean): string {
  const decision = decisionWord(keep);
  if (fewest === null)
    return `A frame like it without any structure would be ${decision} too: no region is needed for it.`;
  if (fewest.found === null)
    return `What makes it ${decision} is not one part of it: ${nothingWords(fewest)}.`;
  return `Added to a frame without structure, ${regionWords(fewest)} would be enough for it to be ${decision}.`;
}

/** `photons`: the fewest that keep the frame as one spot, where some do. */
export function peakWords({ count, tried, snr }: AddedPeaks, photons: number | null): string {
  if (count !== null)
    return `${count} added Bragg peak${count === 1 ? '' : 's'} of ${snr} σ would have kept it.`;
  const many = `Not even ${tried} added Bragg peaks of ${snr} σ`;
  return photons === null
    ? `${many} would keep it: no hit in such a frame could be kept. The network or its input is at fault (its scale, its mask?).`
    : `${many} at random places would keep it, though one spot of ${photons} photons at the best place would.`;
}

export function agreementWords(agreement: number): string {
  const figure = `rank correlation ${agreement.toFixed(2)}`;
  return agreement >= 0.9
    ? `The map on the firmware's arithmetic and the float map agree (${figure}).`
    : `The float map differs from the map on the firmware's arithmetic (${figure}): trust the fixed one.`;
}
