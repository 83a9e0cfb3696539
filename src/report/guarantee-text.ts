/** What the test frames guarantee of a threshold, in words: and what they cannot, because they are too few. */
import { boundOf, hitsNeeded, type ThresholdBound } from '../statistics/guarantee.js';
import type { Evaluation } from '../statistics/metrics.js';

const CONFIDENCE = 0.95;

/** At the threshold of `evaluation`, whose frames had no part in its choice. */
export const guaranteeOf = ({ veto: { recall } }: Evaluation): ThresholdBound =>
  boundOf(recall.total - recall.count, recall.total, CONFIDENCE);

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** A sentence for the bound; one for what cannot be said of so few hits, with how many it takes. */
export function guaranteeSentences(evaluation: Evaluation): string[] {
  const { hits, hitsBelow, confidence, lost } = guaranteeOf(evaluation);
  const sure = percent(confidence);
  if (hits === 0) return ['no hit among the frames: nothing can be guaranteed of the threshold'];
  const refused = evaluation.rejectionAt
    .map(({ keepFraction }) => ({ keepFraction, needed: hitsNeeded({ lost: 1 - keepFraction, confidence }) }))
    .filter(({ needed }) => needed > hits)
    .map(
      ({ keepFraction, needed }) => `${percent(keepFraction)} (takes ${needed.toLocaleString('en-US')} hits)`,
    );
  return [
    `at the threshold at most ${percent(lost)} of the hits of the same source are lost, with confidence ${sure}: ${hitsBelow} of ${hits} lay below it`,
    ...(refused.length === 0
      ? []
      : [`${hits} hits cannot carry a threshold that is sure (${sure}) to keep ${refused.join(' or ')}`]),
  ];
}
