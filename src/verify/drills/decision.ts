/** Logits that drive the decision alone: both ends of the score, and both sides of the threshold. */
import type { FixedGraph } from '../../ir/graph.js';
import type { Range } from '../../ir/prove.js';

/** Logits with the best hit at `hit` and the best miss at `miss`; the other classes lie below. */
const logitsWith = ({ hitClasses }: FixedGraph, hit: number, miss: number, { low }: Range): Int32Array =>
  Int32Array.from(hitClasses, (isHit, i) => {
    const best = isHit ? hit : miss;
    const isFirst = hitClasses.indexOf(isHit) === i;
    return isFirst ? best : Math.max(low, best - i);
  });

/** One set of logits each: the highest score, the lowest, and the scores at the threshold and just below it. */
export function decisionLogits(graph: FixedGraph, range: Range): readonly Int32Array[] {
  const { low, high } = range;
  const scores = [high - low, low - high, graph.threshold, graph.threshold - 1];
  return scores
    .filter((score) => score >= low - high && score <= high - low)
    .map((score) => {
      const miss = score >= 0 ? low : high;
      return logitsWith(graph, miss + score, miss, range);
    });
}
