/**
 * Judging the network on validation frames after each epoch, and which epoch is the best.
 */
import { veto, type FloatGraph } from '../ir/graph.js';
import { chooseThreshold, pointAt } from '../statistics/veto-curve.js';
import { evaluate, softmax } from '../statistics/metrics.js';
import type { TrainingRecipe } from './recipe.js';

/** How good the network was on the validation frames. */
export interface ValidationResult {
  /** Mean cross-entropy of the classes. */
  readonly loss: number;
  /** Of all classes. */
  readonly accuracy: number;
  /** Hit against miss, by the largest logit. */
  readonly hitMissAccuracy: number;
  /** Null where hits or misses are absent. */
  readonly auc: number | null;
  /** Fraction of misses rejected where `keepFraction` of the hits are kept; null without misses. */
  readonly rejection: number | null;
}

export interface Judgement {
  readonly result: ValidationResult;
  /** For `score >= threshold`: keeps `keepFraction` of the validation hits. */
  readonly threshold: number;
}

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

export function judge(
  graph: FloatGraph,
  logits: readonly Float32Array[],
  labels: Int32Array,
  keepFraction: number,
): Judgement {
  const all = evaluate({ logits, labels, hitClasses: graph.hitClasses, threshold: 0 });
  const scores = logits.map((row) => veto(row, graph.hitClasses));
  const hits = Array.from(labels, (label) => graph.hitClasses[label]!);
  const loss = logits.reduce((sum, row, i) => sum - Math.log(Math.max(1e-30, softmax(row)[labels[i]!]!)), 0);
  return {
    result: {
      loss: loss / Math.max(1, logits.length),
      accuracy: all.confusion.accuracy.value,
      hitMissAccuracy: all.hitMissAccuracy.value,
      auc: orNull(all.curve.auc),
      rejection: orNull(pointAt(all.curve, keepFraction).missesRejected.value),
    },
    threshold: chooseThreshold(scores, hits, keepFraction),
  };
}

/** Whether `a` is better than `b` under the recipe's rule. For `veto`: rejection, then hit/miss accuracy, then loss. */
export function isBetter(
  a: ValidationResult,
  b: ValidationResult | null,
  select: TrainingRecipe['select'],
): boolean {
  if (b === null || select === 'last') return true;
  if (select === 'loss') return a.loss < b.loss;
  const rejection = (a.rejection ?? 0) - (b.rejection ?? 0);
  if (rejection !== 0) return rejection > 0;
  if (a.hitMissAccuracy !== b.hitMissAccuracy) return a.hitMissAccuracy > b.hitMissAccuracy;
  return a.loss < b.loss;
}
