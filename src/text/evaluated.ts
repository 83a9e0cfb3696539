/** What a run does with other frames, in words. */
import type { EvaluateOutcome } from '../run/evaluate.js';
import type { RawDifference } from '../run/raw-difference.js';
import { decisionsTable } from './decisions.js';
import { measuredText } from './evaluation.js';
import { sideBySideTable } from './side-by-side.js';

/** What the integer calibration of raw words costs beside one in double precision. */
function differenceText(d: RawDifference, frames: number): string {
  const share = d.livePixels === 0 ? 1 : d.equal / d.livePixels;
  const rounding = d.commonMode
    ? `The rounding of the maps moves a calibrated value by ${d.bound.toPrecision(2)} counts at most, by proof, before what its row has in common is taken away.`
    : `The rounding of the maps moves a count by ${d.bound.toPrecision(2)} at most, by proof.`;
  return [
    `Words of ${d.detector}: pedestals ${d.pedestals}, factors ${d.factors}, products of ${d.productBits} bits.`,
    `${rounding} Of ${d.livePixels} live pixels the farthest is ` +
      `${d.farthest.toFixed(6)} counts from double precision, and ${(100 * share).toFixed(4)} % equal its rounding.`,
    d.decidedApart.length === 0
      ? `With counts of double precision all ${frames} frames are decided alike; ${d.differentFrames} have another count somewhere.`
      : `With counts of double precision ${d.decidedApart.length} of ${frames} frames are decided otherwise: ${d.decidedApart.slice(0, 20).join(', ')}.`,
  ].join('\n');
}

/** Measures where there are labels, judges beside each other, and the decisions group by group. */
export function evaluatedText(outcome: EvaluateOutcome): string {
  const { measured, byClass, classNames, beside, unknown, decisions, groupedBy, threshold, difference } =
    outcome;
  const kept = decisions.filter((d) => d.keep).length;
  return [
    measured === null
      ? 'The frames have no labels: decisions only.'
      : measuredText(measured, byClass, classNames),
    ...(beside.length > 0 ? [`\n${sideBySideTable(beside)}`] : []),
    ...(unknown === '' ? [] : [`\n${unknown}`]),
    `\n${decisionsTable(decisions, groupedBy ?? 'group')}`,
    `\n${kept} of ${decisions.length} frames kept at threshold ${threshold}.`,
    ...(difference === null ? [] : [`\n${differenceText(difference, decisions.length)}`]),
  ].join('\n');
}
