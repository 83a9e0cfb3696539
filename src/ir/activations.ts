/**
 * The activations inside a fixed stage: what each does to the exact accumulator, in one table. Those that integers
 * cannot say exactly are tables of their own (`ops/table.ts`).
 */
import { z } from 'zod';
import { dispatch } from './dispatch.js';

/** Largest mantissa of a slope. */
export const LARGEST_SLOPE = 2 ** 20;

export const activationSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none') }).readonly(),
    z.strictObject({ kind: z.literal('relu') }).readonly(),
    /** Limits in mantissas of the output format, applied after requantization. */
    z.strictObject({ kind: z.literal('clip'), min: z.int(), max: z.int() }).readonly(),
    /** Negative accumulators times `alphaMantissa * 2^-alphaFraction`, exactly: the fraction grows. */
    z
      .strictObject({
        kind: z.literal('leakyRelu'),
        alphaMantissa: z.int().min(0),
        alphaFraction: z.int().min(0).max(15),
      })
      .readonly(),
    /** The same with a factor for each channel, which may be below zero: `alphaMantissas[c] * 2^-alphaFraction`. */
    z
      .strictObject({
        kind: z.literal('prelu'),
        alphaMantissas: z.array(z.int().min(-LARGEST_SLOPE).max(LARGEST_SLOPE)).min(1).readonly(),
        alphaFraction: z.int().min(0).max(15),
      })
      .readonly(),
  ])
  .readonly();
export type Activation = z.infer<typeof activationSchema>;
export type ActivationKind = Activation['kind'];
export type ActivationOf<K extends ActivationKind> = Extract<Activation, { kind: K }>;

export const NO_ACTIVATION: Activation = { kind: 'none' };

/** Factors on the exact accumulator; all are integers once the fraction has grown by `fraction`. */
export interface Slopes {
  /** Below zero: that of channel `c` is number `c % length`. */
  readonly negative: readonly number[];
  readonly positive: number;
  /** Bits by which the accumulator's fraction grows. */
  readonly fraction: number;
}

const KEPT: Slopes = { negative: [1], positive: 1, fraction: 0 };

const slopes: { readonly [K in ActivationKind]: (activation: ActivationOf<K>) => Slopes } = {
  none: () => KEPT,
  relu: () => ({ ...KEPT, negative: [0] }),
  clip: () => KEPT,
  leakyRelu: ({ alphaMantissa, alphaFraction }) => ({
    negative: [alphaMantissa],
    positive: 2 ** alphaFraction,
    fraction: alphaFraction,
  }),
  prelu: ({ alphaMantissas, alphaFraction }) => ({
    negative: alphaMantissas,
    positive: 2 ** alphaFraction,
    fraction: alphaFraction,
  }),
};

/** What `activation` does to an accumulator before it is rounded: a factor on each side of zero. */
export const slopesOf = (activation: Activation): Slopes => dispatch(slopes, activation);

/** Whether accumulators are multiplied by anything but 1, or 0 below zero. */
export function multiplies(activation: Activation): boolean {
  const { negative, positive } = slopesOf(activation);
  return positive !== 1 || negative.length > 1 || (negative[0] !== 0 && negative[0] !== 1);
}

/** Whether what is below zero becomes 0, and nothing else is changed. */
export const rectifies = (activation: Activation): boolean =>
  !multiplies(activation) && slopesOf(activation).negative[0] === 0;

/** The factor of channel `c` below zero. */
export const slopeBelow = ({ negative }: Slopes, c: number): number => negative[c % negative.length]!;

/** The most that an accumulator of channel `c` can be multiplied by, whatever its sign: what its bounds grow by. */
export function gainOf(activation: Activation, c: number): number {
  const of = slopesOf(activation);
  return Math.max(Math.abs(slopeBelow(of, c)), of.positive);
}

/** The same of all channels. */
export function largestGain(activation: Activation): number {
  const { negative, positive } = slopesOf(activation);
  return negative.reduce((most, slope) => Math.max(most, Math.abs(slope)), positive);
}

/** The accumulator of channel `c` behind `activation`, exact, at a fraction that is `slopes.fraction` larger. */
export const activated = (of: Slopes, accumulator: number, c: number): number =>
  accumulator * (accumulator < 0 ? slopeBelow(of, c) : of.positive);

/** Limits in mantissas of the output format. */
export interface Limits {
  readonly min: number;
  readonly max: number;
}

const limits: { readonly [K in ActivationKind]: (activation: ActivationOf<K>) => Limits | null } = {
  none: () => null,
  relu: () => null,
  clip: ({ min, max }) => ({ min, max }),
  leakyRelu: () => null,
  prelu: () => null,
};

/** What `activation` does to a mantissa after it was rounded. */
export const limitsOf = (activation: Activation): Limits | null => dispatch(limits, activation);
