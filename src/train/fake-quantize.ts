/**
 * Fake quantization: the forward pass of a float graph in the very values of its fixed graph.
 *
 * Weights and biases become the real numbers that their mantissas stand for, every stage's output is rounded half to
 * even and saturated to its format, average pools multiply their exact sum with the fixed reciprocal. Where no partial
 * sum of a stage leaves 24 bits (`proof`), float32 sums are exact too; other stages are summed again in double precision.
 * So the logits are the interpreter's mantissas times their least significant bit. The gradient goes through rounding as
 * if it were not there and stops where a value saturates (Bengio et al., arXiv:1308.3432; Jacob et al., CVPR 2018).
 */
import { roundHalfEven } from '../fixed/cast.js';
import { lsb, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import { applyActivation, isFused, type FloatNode } from '../ir/ops/index.js';
import { exactSums } from './exact-sums.js';
import type { Replace } from './forward.js';
import { elementwise, straightThrough } from './straight-through.js';
import { tf } from '../tensorflow/tf.js';

/**
 * The average of `count` mantissas of `inputFraction` fraction bits is their sum times `factor`: one of each for all pixels,
 * or for every pixel.
 */
export interface Average {
  readonly counts: readonly number[];
  readonly inputFraction: number;
  readonly factors: readonly number[];
}

/** Of the pixel of element `i` of a tensor of `channels`. */
const ofPixel = (values: readonly number[], i: number, channels: number): number =>
  values[Math.floor(i / channels) % values.length]!;

/** A stage whose sums leave float32. */
export interface WideStage {
  /** The node whose tensor it computes: its activation, or itself. */
  readonly tensor: NodeId;
  /** In real units, more exact than the parameter in float32; null where there is none. */
  readonly bias: Float64Array | null;
}

/** A stage that is a table: the format of what it is asked with, and its entries. */
export interface TableStage {
  readonly from: Format;
  readonly table: Int32Array;
}

/** What a forward pass must know to compute as the fixed graph does. Plain data, for worker threads. */
export interface FakeQuantization {
  /** By the float node whose tensor a stage computes. */
  readonly formats: ReadonlyMap<NodeId, Format>;
  readonly averages: ReadonlyMap<NodeId, Average>;
  readonly tables: ReadonlyMap<NodeId, TableStage>;
  /** Slopes below zero as the firmware has them, one for all channels or each, by the node whose tensor a stage computes. */
  readonly slopes: ReadonlyMap<NodeId, readonly number[]>;
  /** By the node that heads the stage. */
  readonly wide: ReadonlyMap<NodeId, WideStage>;
  /** Whether the widths are learned, too: what rounding does to the loss is to be told. */
  readonly learned: boolean;
}

/** A function to the value in `format` that is nearest to what `exact` makes of a number. */
function rounder(format: Format, exact: (x: number) => number = (x) => x): (x: number) => number {
  const unit = lsb(format);
  const scale = 1 / unit;
  const low = minMantissa(format);
  const high = maxMantissa(format);
  return (x) => {
    const q = roundHalfEven(exact(x) * scale);
    return (q < low ? low : q > high ? high : q) * unit;
  };
}

/** The activation at the end of a stage as the firmware has it, a function of the exact accumulator. */
type Activate = (x: number, channel: number) => number;

/** What stands at the end of a stage, by the node whose tensor it computes. */
function activateOf(node: FloatNode, slopes: readonly number[] | undefined): Activate {
  if (slopes !== undefined) return (x, c) => (x < 0 ? x * slopes[c % slopes.length]! : x);
  return isFused(node) ? (x, c) => applyActivation(node, x, c) : (x) => x;
}

/** The values of a table for real inputs, which are rounded to its input's format first. */
function lookUp({ from, table }: TableStage, to: Format): (x: number) => number {
  const toIndex = rounder(from);
  const scale = 1 / lsb(from);
  const first = minMantissa(from);
  const unit = lsb(to);
  return (x) => table[toIndex(x) * scale - first]! * unit;
}

/**
 * For `ForwardOptions.replace`: stage outputs in their formats. Where widths are learned, `onRounding` is told what `straightThrough`
 * says of each.
 */
export function fakeQuantize(
  { formats, averages, tables, slopes, wide, learned }: FakeQuantization,
  onRounding: (tensor: NodeId, sum: number) => void = () => undefined,
): Replace {
  /** Sums of wide stages, by the node that rounds them. */
  const waiting = new Map<NodeId, Float64Array>();
  return (node, value, inputs, parameter) => {
    const stage = wide.get(node.id);
    if (stage !== undefined) {
      const [, ...output] = value.shape;
      waiting.set(stage.tensor, exactSums(node, inputs, output, parameter('weights'), stage.bias));
    }
    const format = formats.get(node.id);
    if (format === undefined) return value;
    const low = (minMantissa(format) - 0.5) * lsb(format);
    const high = (maxMantissa(format) + 0.5) * lsb(format);
    const told = (sum: number): void => {
      onRounding(node.id, sum);
    };
    const through = (forward: (x: tf.Tensor) => tf.Tensor): tf.Tensor4D =>
      straightThrough(value, forward, low, high, learned ? told : null);
    const average = averages.get(node.id);
    const sums = waiting.get(node.id);
    if (sums !== undefined) {
      waiting.delete(node.id);
      const activate = activateOf(node, slopes.get(node.id));
      const channels = value.shape[3];
      const round = rounder(format);
      const end = (sum: number, i: number): number =>
        round(
          activate(average === undefined ? sum : sum * ofPixel(average.factors, i, channels), i % channels),
        );
      return through(() => tf.tensor(Float32Array.from(sums, end), value.shape));
    }
    const table = tables.get(node.id);
    const [input] = inputs;
    if (table !== undefined) return through(() => elementwise(lookUp(table, format))(input!));
    const ownSlopes = slopes.get(node.id);
    if (ownSlopes !== undefined) {
      const activate = activateOf(node, ownSlopes);
      const round = rounder(format);
      const channels = value.shape[3];
      const end = (x: number, i: number): number => round(activate(x, i % channels));
      return through(() => elementwise(end)(input!));
    }
    if (average === undefined) return through(elementwise(rounder(format)));
    // The float mean, times the count, is within half a unit of the exact sum of mantissas: rounding finds it.
    const { counts, inputFraction, factors } = average;
    const unit = 2 ** -inputFraction;
    const channels = value.shape[3];
    const round = rounder(format);
    const end = (mean: number, i: number): number => {
      const sum = roundHalfEven((mean * ofPixel(counts, i, channels)) / unit);
      return round(sum * ofPixel(factors, i, channels) * unit);
    };
    return through(elementwise(end));
  };
}
