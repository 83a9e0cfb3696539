/**
 * What the audit compares with: frames of the training set, scored once.
 *
 * From them come the spot threshold of the classical finder and its sensitivity and specificity (where the frames
 * carry labels), how far float and fixed scores commonly differ, and the bank of penultimate features that new
 * frames are compared with. The distance of a frame is that to its fifth-nearest training frame in features scaled
 * to unit variance (nearest-neighbour distances as in Sun et al., ICML 2022), divided by the median of the same
 * distance inside the training set: 1 is an ordinary training frame.
 */
import { quantile } from '../statistics/quantile.js';
import { countAccuracy, fitCountThreshold } from '../spotfind/baseline.js';
import type { FlagLimits } from './flags.js';
import type { TestAccuracy } from '../statistics/estimate.js';
import type { FrameRow } from './rows.js';

/** A scored frame with the features that the distance is taken in. */
export interface ScoredReference {
  readonly row: FrameRow;
  readonly features: Float32Array;
}

/** Scaled features of the reference frames, `[frames, length]` row-major. */
export interface FeatureBank {
  readonly length: number;
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  readonly vectors: Float32Array;
  /** Median distance inside the bank: the unit. */
  readonly unit: number;
}

export interface Reference {
  readonly frames: number;
  readonly limits: FlagLimits;
  /** Null without labels. */
  readonly accuracy: TestAccuracy | null;
  /** Share of the reference frames that the spot threshold calls rightly; null without labels. */
  readonly thresholdAccuracy: number | null;
  readonly bank: FeatureBank | null;
}

const NEIGHBOUR = 5;
/** Spots that make a classical hit where no labels say better. */
export const DEFAULT_SPOTS = 10;
/** Levels counted as near where there is nothing to measure them on. */
const DEFAULT_NEAR_LEVELS = 4;
const UNUSUAL = 0.995;

export const NO_REFERENCE: Reference = {
  frames: 0,
  limits: { spotThreshold: DEFAULT_SPOTS, nearLevels: DEFAULT_NEAR_LEVELS, distanceLimit: null },
  accuracy: null,
  thresholdAccuracy: null,
  bank: null,
};

/** Draws the reference from scored frames; `NO_REFERENCE` from none. */
export function createReference(scored: readonly ScoredReference[]): Reference {
  const usable = scored.filter(({ row }) => row.score !== null);
  if (usable.length === 0) return NO_REFERENCE;
  const differences = usable.flatMap(({ row }) =>
    row.floatScore === null ? [] : [Math.abs(row.score! - row.floatScore)],
  );
  const nearLevels = differences.length === 0 ? DEFAULT_NEAR_LEVELS : Math.ceil(quantile(differences, 0.95));
  const bank = createBank(usable.map(({ features }) => features));
  const distanceLimit = bank === null ? null : quantile(innerDistances(bank), UNUSUAL);
  const opinion = judgeFinder(usable.map(({ row }) => row));
  return {
    frames: usable.length,
    limits: { spotThreshold: opinion?.threshold ?? DEFAULT_SPOTS, nearLevels, distanceLimit },
    accuracy: opinion?.accuracy ?? null,
    thresholdAccuracy: opinion?.share ?? null,
    bank,
  };
}

interface FinderJudgement {
  readonly threshold: number;
  readonly share: number;
  readonly accuracy: TestAccuracy;
}

function judgeFinder(rows: readonly FrameRow[]): FinderJudgement | null {
  const labelled = rows.filter((row) => row.hit !== null && row.spots !== null);
  const hits = labelled.map((row) => row.hit!);
  if (!hits.includes(true) || !hits.includes(false)) return null;
  const counts = labelled.map((row) => row.spots!);
  const { threshold } = fitCountThreshold(counts, hits);
  const count = (hit: boolean, positive: boolean): number =>
    counts.filter((spots, i) => hits[i] === hit && spots >= threshold === positive).length;
  return {
    threshold,
    share: countAccuracy(counts, hits, threshold),
    accuracy: {
      truePositives: count(true, true),
      falseNegatives: count(true, false),
      trueNegatives: count(false, false),
      falsePositives: count(false, true),
    },
  };
}

function createBank(features: readonly Float32Array[]): FeatureBank | null {
  if (features.length <= 2 * NEIGHBOUR) return null;
  const length = features[0]!.length;
  const mean = new Float32Array(length);
  const scale = new Float32Array(length);
  for (let k = 0; k < length; k++) {
    let sum = 0;
    let squares = 0;
    for (const vector of features) {
      sum += vector[k]!;
      squares += vector[k]! ** 2;
    }
    const average = sum / features.length;
    const deviation = Math.sqrt(Math.max(0, squares / features.length - average * average));
    mean[k] = average;
    // A feature that never moves in training has no scale; any movement of it is measured in its own unit.
    scale[k] = deviation > 1e-6 ? 1 / deviation : 1;
  }
  const vectors = new Float32Array(features.length * length);
  features.forEach((vector, row) => {
    for (let k = 0; k < length; k++) vectors[row * length + k] = (vector[k]! - mean[k]!) * scale[k]!;
  });
  const bank = { length, mean, scale, vectors, unit: 1 };
  return { ...bank, unit: Math.max(quantile(innerDistances(bank), 0.5), 1e-6) };
}

function innerDistances(bank: FeatureBank): readonly number[] {
  const { vectors, length } = bank;
  const count = vectors.length / length;
  return Array.from({ length: count }, (_, row) =>
    neighbourDistance(bank, vectors.subarray(row * length, (row + 1) * length), row),
  );
}

/** Distance of `scaled` to its fifth neighbour in the bank, without the entry `skip`. */
function neighbourDistance(bank: FeatureBank, scaled: Float32Array, skip: number): number {
  const { vectors, length, unit } = bank;
  const nearest = new Float64Array(NEIGHBOUR).fill(Infinity);
  for (let row = 0, at = 0; at < vectors.length; row++, at += length) {
    if (row === skip) continue;
    let sum = 0;
    for (let k = 0; k < length; k++) sum += (vectors[at + k]! - scaled[k]!) ** 2;
    if (sum >= nearest[NEIGHBOUR - 1]!) continue;
    let place = NEIGHBOUR - 1;
    for (; place > 0 && nearest[place - 1]! > sum; place--) nearest[place] = nearest[place - 1]!;
    nearest[place] = sum;
  }
  return Math.sqrt(nearest[NEIGHBOUR - 1]! / length) / unit;
}

/** Distance of a frame's features to the training set, in the bank's unit. */
export function featureDistance(bank: FeatureBank, features: Float32Array): number {
  const scaled = Float32Array.from(features, (value, k) => (value - bank.mean[k]!) * bank.scale[k]!);
  return neighbourDistance(bank, scaled, -1);
}
