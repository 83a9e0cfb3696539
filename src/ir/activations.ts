/**
 * The activations inside a fixed stage: what each does to the exact accumulator, in one table. Those that integers
 * cannot say exactly are tables of their own (`ops/table.ts`).
 */
import { z } from 'zod';
import { dispatch } from './dispatch.js';

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
  ])
  .readonly();
export type Activation = z.infer<typeof activationSchema>;
export type ActivationKind = Activation['kind'];
export type ActivationOf<K extends ActivationKind> = Extract<Activation, { kind: K }>;

export const NO_ACTIVATION: Activation = { kind: 'none' };

/** Factors on the exact accumulator; both are integers once the fraction has grown by `fraction`. */
export interface Slopes {
  readonly negative: number;
  readonly positive: number;
  /** Bits by which the accumulator's fraction grows. */
  readonly fraction: number;
}

const KEPT: Slopes = { negative: 1, positive: 1, fraction: 0 };

const slopes: { readonly [K in ActivationKind]: (activation: ActivationOf<K>) => Slopes } = {
  none: () => KEPT,
  relu: () => ({ ...KEPT, negative: 0 }),
  clip: () => KEPT,
  leakyRelu: ({ alphaMantissa, alphaFraction }) => ({
    negative: alphaMantissa,
    positive: 2 ** alphaFraction,
    fraction: alphaFraction,
  }),
};

/** What `activation` does to an accumulator before it is rounded: a factor on each side of zero. */
export const slopesOf = (activation: Activation): Slopes => dispatch(slopes, activation);

/** The most that an accumulator can be multiplied by: what its bounds grow by. */
export function gainOf(activation: Activation): number {
  const { negative, positive } = slopesOf(activation);
  return Math.max(negative, positive);
}

/** The accumulator behind `activation`, exact, at a fraction that is `slopes.fraction` larger. */
export const activated = (slope: Slopes, accumulator: number): number =>
  accumulator * (accumulator < 0 ? slope.negative : slope.positive);

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
};

/** What `activation` does to a mantissa after it was rounded. */
export const limitsOf = (activation: Activation): Limits | null => dispatch(limits, activation);
