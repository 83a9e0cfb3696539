/** The outputs of every model that decides: `logits` [N, classes], `score` [N] = max hit − max miss, `keep` [N] = score ≥ threshold. */
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import type { OnnxWriter } from './writer.js';

export const LOGITS = 'logits';
/** Of a model that ends with features, `[N, features]`: its only output. */
export const FEATURES = 'features';
export const SCORE = 'score';
export const KEEP = 'keep';

/**
 * Emits the outputs from `source`, `[N, classes]` of any type; `threshold` must fit `type`. `keep` is the name of the decision
 * by the score: another one where more than the score decides.
 */
export function emitDecision(
  writer: OnnxWriter,
  graph: Pick<FixedGraph | FloatGraph, 'hitClasses'>,
  source: string,
  type: 'int32' | 'float',
  threshold: number,
  keep = KEEP,
): void {
  const logits =
    type === 'int32'
      ? writer.node('Cast', LOGITS, [source], { attributes: { to: { int: 6 } } })
      : writer.node('Identity', LOGITS, [source]);
  const best = (name: string, wanted: boolean): string => {
    const classes = graph.hitClasses.flatMap((hit, i) => (hit === wanted ? [i] : []));
    const index = writer.constant(`decision.${name}_classes`, 'int64', classes, [classes.length]);
    const some = writer.node('Gather', `decision.${name}_logits`, [logits, index], {
      attributes: { axis: { int: 1 } },
    });
    const axes = writer.constant('axis_1', 'int64', [1], [1]);
    return writer.node('ReduceMax', `decision.best_${name}`, [some, axes], {
      attributes: { keepdims: { int: 0 } },
    });
  };
  const score = writer.node('Sub', SCORE, [best('hit', true), best('miss', false)]);
  writer.node('GreaterOrEqual', keep, [score, writer.constant('decision.threshold', type, [threshold], [])]);
  writer.output(LOGITS, type, ['N', graph.hitClasses.length]);
  writer.output(SCORE, type, ['N']);
  if (keep === KEEP) writer.output(KEEP, 'bool', ['N']);
}
