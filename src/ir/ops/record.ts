/** What an op declares of itself, once: its schemas, its shape, its traits, what it sums and what it reads. */
import type { z } from 'zod';
import type { Format } from '../../fixed/format.js';
import type { Shape, Window } from '../common.js';

/** All mantissas that a tensor can hold: low ≤ q ≤ high. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What a stage reads: the range, format and shape of each input. */
export interface StageInput {
  readonly range: Range;
  readonly format: Format;
  readonly shape: Shape;
}

export interface SourceFacts {
  readonly shape: Shape;
  readonly format: Format;
}

/** Facts that passes, back ends and checks ask for, instead of lists of kinds. Absent: no. */
export interface Traits {
  /** Comes from outside with each frame: nothing computes it. */
  readonly given?: true;
  /** The way from a detector's words to the counts that networks are trained on: the float graph starts behind it. */
  readonly raw?: true;
  /** Integer work before the network: the float and the fixed graph share it as it is. */
  readonly preprocess?: true;
  /** Treats every pixel, or every row, by itself: of modules that are stacked or apart, it makes the same. */
  readonly pointwise?: true;
  /** Has trained weights and a bias. */
  readonly weighted?: true;
  /** Adds exactly, then rounds once. */
  readonly sums?: true;
  /** Its accumulators are proved. */
  readonly proved?: true;
  /** An activation of the float graph. */
  readonly activation?: 'fused' | 'tabled';
  /** An activation follows it within the same stage. */
  readonly fuses?: true;
  /** The output has the format of the inputs. */
  readonly keepsFormat?: true;
  /** Treats every channel alike and by itself. */
  readonly keepsChannels?: true;
  /** The output is negative only where an input is. */
  readonly keepsSign?: true;
  /** f(s·x) = s·f(x) for every s > 0. */
  readonly homogeneous?: true;
}
export type Trait = keyof Traits;

/** One addend of a sum: every element of input `source` that a channel reads, times its weight. */
export interface Part {
  readonly source: number;
  /** Weight `i` belongs to channel `i % channels`; or one weight for every channel. */
  readonly weights: Int32Array | number;
  /** How many elements each weight multiplies. */
  readonly repeat: number;
  /** Each element is multiplied by an element of this input, too: a vector of as many channels. */
  readonly times?: number;
}

/**
 * What a stage adds up for each of its channels before its activation: the one statement that bounds (proofs),
 * magnitudes (exactness) and drills are made of.
 */
export interface Sum {
  readonly channels: number;
  readonly parts: readonly Part[];
  /** At the accumulator's resolution. */
  readonly bias: Float64Array | null;
  /** The accumulator's least significant bit weighs `2^-fraction(c)`. */
  readonly fraction: (channel: number) => number;
}

/**
 * One value read: input number `source` at (y, x, c), times `weight`, and times channel c of input `times`, a vector, where
 * it is given; positions in the padding come, too.
 */
export type Read = (source: number, y: number, x: number, c: number, weight: number, times?: number) => void;

/** Where an element is. */
export type Place = readonly [y: number, x: number, c: number];

/** An op: `F` is its node in the float graph, `X` in the fixed graph. */
export interface OpRecord<F extends z.ZodType | null, X extends z.ZodType | null> {
  readonly float: F;
  readonly fixed: X;
  readonly traits: Traits;
  /** Output shape; throws `InvariantError` where the op does not fit its inputs. */
  readonly shape: (op: Node<F> | Node<X>, inputs: readonly Shape[]) => Shape;
  /** Of stages that sum. */
  readonly sum?: (op: Node<X>, inputs: readonly SourceFacts[]) => Sum;
  /** Output range of what does not sum. */
  readonly range?: (op: Node<X>, inputs: readonly StageInput[]) => Range;
  /** Every value that the output's element `at` is made of. */
  readonly reads?: (
    op: Node<X>,
    sources: readonly SourceFacts[],
    at: Place,
    shape: Shape,
    read: Read,
  ) => void;
}
type Node<S> = S extends z.ZodType ? z.infer<S> : never;

/** An activation of the float graph: a function of one value at a time. */
export interface ActivationRecord<F extends z.ZodType> extends OpRecord<F, null> {
  /** Its meaning, in double precision. */
  readonly apply: (op: Omit<z.infer<F>, 'id' | 'inputs'>, x: number, channel: number) => number;
  /** Whether no input makes it negative. */
  readonly nonNegative: (op: Omit<z.infer<F>, 'id' | 'inputs'>) => boolean;
  /** The activation of fewer channels, where it has a number for each. */
  readonly withChannels?: (op: z.infer<F>, kept: (channel: number) => boolean) => z.infer<F>;
}

/** An activation that becomes a table; `fields` are its own, without id and inputs. */
export interface TabledRecord<P extends z.ZodRawShape, F extends z.ZodType> extends ActivationRecord<F> {
  readonly fields: P;
  /** Its slope, for training: in double precision, one-sided where there are two. */
  readonly derivative: (op: Omit<z.infer<F>, 'id' | 'inputs'>, x: number) => number;
  /** The function where a recipe gives nothing but its name. */
  readonly usual: Omit<z.infer<F>, 'id' | 'inputs'>;
}

/** The positions that the window of an element covers, those in the padding, too. */
export function overWindow(
  w: Window,
  y: number,
  x: number,
  look: (iy: number, ix: number, tap: number) => void,
): void {
  const top = y * w.strides[0] - w.padding[0];
  const left = x * w.strides[1] - w.padding[1];
  for (let ky = 0; ky < w.kernel[0]; ky++)
    for (let kx = 0; kx < w.kernel[1]; kx++) look(top + ky, left + kx, ky * w.kernel[1] + kx);
}

export const union = (ranges: readonly Range[]): Range => ({
  low: Math.min(...ranges.map((r) => r.low)),
  high: Math.max(...ranges.map((r) => r.high)),
});
