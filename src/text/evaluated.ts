/** What a run does with other frames, in words. */
import type { EvaluateOutcome } from '../run/evaluate.js';
import { decisionsTable } from './decisions.js';
import { measuredText } from './evaluation.js';
import { sideBySideTable } from './side-by-side.js';

/** Measures where there are labels, judges beside each other, and the decisions group by group. */
export function evaluatedText(outcome: EvaluateOutcome): string {
  const { measured, byClass, classNames, beside, unknown, decisions, groupedBy, threshold } = outcome;
  const kept = decisions.filter((d) => d.keep).length;
  return [
    measured === null
      ? 'The frames have no labels: decisions only.'
      : measuredText(measured, byClass, classNames),
    ...(beside.length > 0 ? [`\n${sideBySideTable(beside)}`] : []),
    ...(unknown === '' ? [] : [`\n${unknown}`]),
    `\n${decisionsTable(decisions, groupedBy ?? 'group')}`,
    `\n${kept} of ${decisions.length} frames kept at threshold ${threshold}.`,
  ].join('\n');
}
