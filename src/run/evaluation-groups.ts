/** Labelled frames by what they have in common: their class, crystal and detector style. */
import type { FrameSource } from '../data/frames.js';
import type { GroupedEvaluations, NamedEvaluation } from '../report/evaluation.js';
import { evaluate, evaluateByGroup, type EvaluationInput } from '../statistics/metrics.js';

/** What frames are grouped by, and the per-frame fact that says it. */
const FACTS: readonly (readonly [by: string, key: string])[] = [
  ['crystal', 'cell'],
  ['detector style', 'style'],
  ['family', 'family'],
];

/** Evaluates the frames `indices` of `source`, in the order of `input`, all together and group by group. */
export function evaluateWithGroups(
  name: string,
  input: EvaluationInput,
  source: FrameSource,
  indices: readonly number[],
  classNames: readonly string[],
): NamedEvaluation {
  const indexable = indices.map((index) => source.label(index).indexable ?? null);
  const measured = { ...input, indexable };
  const grouped = (
    by: string,
    groupOf: (index: number, k: number) => string,
    rank: (group: string) => string | number = (group) => group,
  ): GroupedEvaluations => {
    const groups = [...evaluateByGroup(measured, indices.map(groupOf))];
    return { by, groups: new Map(groups.sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))) };
  };
  const byClass = grouped(
    'class',
    (_, k) => classNames[input.labels[k]!]!,
    (group) => classNames.indexOf(group),
  );
  const known = FACTS.filter(([, key]) => indices.some((index) => source.meta(index)[key] !== undefined));
  return {
    name,
    evaluation: evaluate(measured),
    grouped: [
      byClass,
      ...known.map(([by, key]) => grouped(by, (index) => String(source.meta(index)[key] ?? 'unknown'))),
    ],
  };
}
