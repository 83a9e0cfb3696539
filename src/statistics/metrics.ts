/**
 * What a trained network is worth to the user of a veto: how many hits are lost for how many misses dropped.
 *
 * Pure functions on arrays. Accuracy, precision and recall are equations 8–10 of Nawaz et al., J. Appl. Cryst.
 * (2023) 56, 1494; the confusion table's margins are those of its table 3.
 */
import { invariant } from '../core/errors.js';
import { veto } from '../ir/graph.js';
import { proportion, type Proportion } from './proportion.js';
import { pointAt, vetoCurve, type VetoCurve, type VetoPoint } from './veto-curve.js';

export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

export interface Confusion {
  /** `[actual][predicted]` counts. */
  readonly counts: readonly (readonly number[])[];
  readonly accuracy: Proportion;
  /** Per class, of the actual: TP / (TP + FN). */
  readonly recall: readonly Proportion[];
  /** Per class, of the predicted: TP / (TP + FP). */
  readonly precision: readonly Proportion[];
}

/** Confusion table of predicted against actual class indices. */
export function confusion(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Confusion {
  invariant(actual.length === predicted.length, 'as many predictions as labels are needed');
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) counts[actual[i]!]![predicted[i]!]! += 1;
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const diagonal = counts.map((row, k) => row[k]!);
  return {
    counts,
    accuracy: proportion(sum(diagonal), actual.length),
    recall: counts.map((row, k) => proportion(diagonal[k]!, sum(row))),
    precision: counts.map((_, k) => proportion(diagonal[k]!, sum(counts.map((row) => row[k]!)))),
  };
}

/** Stable softmax. */
export function softmax(logits: ArrayLike<number>): number[] {
  const top = Math.max(...Array.from(logits));
  const powers = Array.from(logits, (v) => Math.exp(v - top));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/**
 * Expected calibration error of the predicted class: the mean gap between confidence and accuracy over `bins`
 * equal bins of confidence, weighted by how many frames fall into each (Guo et al. 2017).
 */
export function expectedCalibrationError(
  logits: readonly ArrayLike<number>[],
  actual: ArrayLike<number>,
  bins = 15,
): number {
  const correct = new Float64Array(bins);
  const confidence = new Float64Array(bins);
  const count = new Float64Array(bins);
  logits.forEach((row, i) => {
    const probabilities = softmax(row);
    const predicted = argmax(probabilities);
    const p = probabilities[predicted]!;
    const bin = Math.min(bins - 1, Math.floor(p * bins));
    count[bin]! += 1;
    confidence[bin]! += p;
    if (predicted === actual[i]) correct[bin]! += 1;
  });
  let error = 0;
  for (let b = 0; b < bins; b++) error += Math.abs(correct[b]! - confidence[b]!);
  return logits.length === 0 ? NaN : error / logits.length;
}

/** What the decision makes of patterns that an indexing program could index, by the expert's label. */
export interface IndexablePatterns {
  /** Kept of all that can be indexed. */
  readonly kept: Proportion;
  readonly amongHits: Proportion;
  /** Labelled as misses, and yet they index. */
  readonly amongMisses: Proportion;
}

/** Null where no frame is known to be indexable or not. */
export function indexablePatterns(
  indexable: readonly (boolean | null)[],
  expert: readonly boolean[],
  kept: readonly boolean[],
): IndexablePatterns | null {
  invariant(indexable.length === kept.length, 'one fact for each decision');
  if (indexable.every((one) => one === null)) return null;
  const among = (of: (i: number) => boolean): Proportion => {
    const patterns = [...kept.keys()].filter((i) => indexable[i] === true && of(i));
    return proportion(patterns.filter((i) => kept[i]!).length, patterns.length);
  };
  return {
    kept: among(() => true),
    amongHits: among((i) => expert[i]!),
    amongMisses: among((i) => !expert[i]!),
  };
}

/** Two opinions on each frame: the expert's label and the network's decision (table 5 of Nawaz et al. 2023). */
export interface Agreement {
  readonly bothHit: number;
  readonly onlyExpert: number;
  readonly onlyNetwork: number;
  readonly bothMiss: number;
  readonly agreement: Proportion;
  /** Cohen's (1960): agreement beyond chance, 1 at best; NaN where both always say the same one thing. */
  readonly kappa: number;
}

export function expertAgreement(expert: readonly boolean[], network: readonly boolean[]): Agreement {
  invariant(expert.length === network.length, 'as many decisions as labels are needed');
  const count = (a: boolean, b: boolean): number =>
    expert.filter((hit, i) => hit === a && network[i] === b).length;
  const [bothHit, onlyExpert] = [count(true, true), count(true, false)];
  const [onlyNetwork, bothMiss] = [count(false, true), count(false, false)];
  const agreement = proportion(bothHit + bothMiss, expert.length);
  const chance =
    ((bothHit + onlyExpert) * (bothHit + onlyNetwork) + (onlyNetwork + bothMiss) * (onlyExpert + bothMiss)) /
    expert.length ** 2;
  return {
    bothHit,
    onlyExpert,
    onlyNetwork,
    bothMiss,
    agreement,
    kappa: (agreement.value - chance) / (1 - chance),
  };
}

/** The fractions of hits kept at which the rejection is quoted. */
export const KEEP_FRACTIONS = [0.99, 0.995, 0.999] as const;

export interface Evaluation {
  readonly frames: number;
  /** By the largest logit. */
  readonly confusion: Confusion;
  /** Hit against miss by the stored threshold. */
  readonly veto: {
    readonly threshold: number;
    readonly accuracy: Proportion;
    readonly precision: Proportion;
    readonly recall: Proportion;
    readonly missesRejected: Proportion;
  };
  /** Hit against miss by the largest logit: a hit class on top. */
  readonly hitMissAccuracy: Proportion;
  readonly curve: VetoCurve;
  /** Rejection at each of `KEEP_FRACTIONS`. */
  readonly rejectionAt: readonly { readonly keepFraction: number; readonly point: VetoPoint }[];
  readonly calibrationError: number;
  /** The label beside the decision at the stored threshold. */
  readonly againstExpert: Agreement;
  /** At the stored threshold; null where nobody tried to index the frames. */
  readonly indexable: IndexablePatterns | null;
}

export interface EvaluationInput {
  readonly logits: readonly ArrayLike<number>[];
  /** Class index per frame. */
  readonly labels: ArrayLike<number>;
  readonly hitClasses: readonly boolean[];
  /** Whether each frame can be indexed; null where nobody knows. */
  readonly indexable?: readonly (boolean | null)[];
  readonly threshold: number;
  /** What 1 in `logits` and `threshold` weighs: 1 for float logits, the least significant bit for mantissas. */
  readonly unit?: number;
}

/** The same decisions on frames that are labelled as hit or miss alone: the largest logit of either kind. */
export function hitOrMissOnly(input: EvaluationInput): EvaluationInput {
  const { logits, labels, hitClasses } = input;
  const largest = (row: ArrayLike<number>, hit: boolean): number =>
    hitClasses.reduce((most, isHit, c) => (isHit === hit ? Math.max(most, row[c]!) : most), -Infinity);
  return {
    ...input,
    logits: logits.map((row) => [largest(row, false), largest(row, true)]),
    labels: Array.from(labels, (label) => Number(hitClasses[label])),
    hitClasses: [false, true],
  };
}

/** Everything that is quoted of a network on labelled frames. */
export function evaluate(input: EvaluationInput): Evaluation {
  const { logits, labels, hitClasses, threshold, indexable = [], unit = 1 } = input;
  const scores = logits.map((row) => veto(row, hitClasses));
  const hits = Array.from(labels, (label) => hitClasses[label]!);
  const predicted = logits.map((row) => argmax(row));
  const curve = vetoCurve(scores, hits);
  const kept = scores.map((score) => score >= threshold);
  const count = (test: (i: number) => boolean): number => scores.filter((_, i) => test(i)).length;
  const truePositives = count((i) => kept[i]! && hits[i]!);
  const trueNegatives = count((i) => !kept[i]! && !hits[i]!);
  const hitTotal = count((i) => hits[i]!);
  return {
    frames: logits.length,
    confusion: confusion(labels, predicted, hitClasses.length),
    veto: {
      threshold,
      accuracy: proportion(truePositives + trueNegatives, logits.length),
      precision: proportion(
        truePositives,
        count((i) => kept[i]!),
      ),
      recall: proportion(truePositives, hitTotal),
      missesRejected: proportion(trueNegatives, logits.length - hitTotal),
    },
    hitMissAccuracy: proportion(
      count((i) => hitClasses[predicted[i]!] === hits[i]),
      logits.length,
    ),
    curve,
    rejectionAt: KEEP_FRACTIONS.map((keepFraction) => ({
      keepFraction,
      point: pointAt(curve, keepFraction),
    })),
    calibrationError: expectedCalibrationError(
      logits.map((row) => Array.from(row, (v) => v * unit)),
      labels,
    ),
    againstExpert: expertAgreement(hits, kept),
    indexable: indexable.length === 0 ? null : indexablePatterns(indexable, hits, kept),
  };
}

/** `evaluate` for each group of frames (crystal, detector style, …), groups in order of first appearance. */
export function evaluateByGroup(
  input: EvaluationInput,
  groups: readonly string[],
): ReadonlyMap<string, Evaluation> {
  const members = new Map<string, number[]>();
  groups.forEach((group, i) => {
    const list = members.get(group);
    if (list === undefined) members.set(group, [i]);
    else list.push(i);
  });
  return new Map(
    [...members].map(([group, list]) => [
      group,
      evaluate({
        ...input,
        logits: list.map((i) => input.logits[i]!),
        labels: list.map((i) => input.labels[i]!),
        ...(input.indexable === undefined ? {} : { indexable: list.map((i) => input.indexable![i]!) }),
      }),
    ]),
  );
}
