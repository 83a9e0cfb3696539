/** Formats that hold what a stage computes without rounding: for what a file leaves in floats between its roundings. */
import { bitsFor, format, fractionBits, type Format } from '../fixed/format.js';
import { rectifies } from '../ir/activations.js';
import {
  activationOf,
  FLOAT32_EXACT,
  proveStage,
  stageSum,
  sumBounds,
  type StageInput,
  type UnprovenStage,
} from '../ir/prove.js';
import { MOST_STATED_BITS } from './as-stated.js';

/** A format of `fraction` fraction bits for mantissas from `low` to `high`; null where it is too wide. */
function holding(low: number, high: number, fraction: number, signed: boolean): Format | null {
  const isSigned = signed || low < 0;
  const width = bitsFor(Math.min(low, 0), Math.max(high, 1), isSigned);
  return width > MOST_STATED_BITS ? null : format(isSigned, width, width - fraction);
}

export interface ExactOptions {
  readonly reloadable: boolean;
  /** Signed whether or not a value can be negative. */
  readonly signed: boolean;
  /** Limits of the activation, in real units. */
  readonly limits: { readonly min: number; readonly max: number } | null;
}

/** The format that holds every value of `node`; null where that takes more than `MOST_STATED_BITS`. */
export function exactFormat(
  node: UnprovenStage,
  inputs: readonly StageInput[],
  options: ExactOptions,
): Format | null {
  const { accumulatorMin, accumulatorMax, accumulatorFraction } = proveStage(
    node,
    inputs,
    options.reloadable,
  );
  const finest = accumulatorFraction.reduce((a, b) => Math.max(a, b));
  const activation = activationOf(node);
  let [low, high] = [0, 0];
  accumulatorFraction.forEach((fraction, c) => {
    low = Math.min(low, accumulatorMin[c]! * 2 ** (finest - fraction));
    high = Math.max(high, accumulatorMax[c]! * 2 ** (finest - fraction));
  });
  if (rectifies(activation)) low = 0;
  if (options.limits !== null) {
    const [min, max] = [options.limits.min * 2 ** finest, options.limits.max * 2 ** finest];
    const isOnGrid = (limit: number, passed: boolean): boolean => passed || Number.isInteger(limit);
    if (!isOnGrid(min, min <= low) || !isOnGrid(max, max >= high)) return null;
    [low, high] = [Math.min(Math.max(low, min), max), Math.max(Math.min(high, max), min)];
  }
  return holding(low, high, finest, options.signed);
}

/** The format that holds the values of all `inputs`; null where that takes more than `MOST_STATED_BITS`. */
export function commonFormat(inputs: readonly StageInput[]): Format | null {
  const finest = Math.max(...inputs.map((x) => fractionBits(x.format)));
  const scaled = inputs.map(({ range, format: own }) => {
    const scale = 2 ** (finest - fractionBits(own));
    return { low: range.low * scale, high: range.high * scale };
  });
  const low = Math.min(...scaled.map((x) => x.low));
  return holding(low, Math.max(...scaled.map((x) => x.high)), finest, false);
}

/** Whether the file's own sums, in steps of `2^-fraction`, are exact in float32, so that no order of adding matters. */
export function isExactInFloat32(
  node: UnprovenStage,
  inputs: readonly StageInput[],
  fraction: (channel: number) => number,
): boolean {
  const sum = stageSum(node, inputs);
  const bounds = sumBounds(
    { ...sum, bias: null },
    inputs.map((x) => x.range),
  );
  return bounds.max.every((high, c) => {
    const scale = 2 ** (fraction(c) - sum.fraction(c));
    return high * scale < FLOAT32_EXACT && -bounds.min[c]! * scale < FLOAT32_EXACT;
  });
}

/** The largest sum of `node`, in real units. */
export function largestReal(node: UnprovenStage, inputs: readonly StageInput[]): number {
  const sum = stageSum(node, inputs);
  const { min, max } = sumBounds(
    sum,
    inputs.map((x) => x.range),
  );
  return max.reduce((most, high, c) => Math.max(most, Math.max(high, -min[c]!) * 2 ** -sum.fraction(c)), 0);
}
