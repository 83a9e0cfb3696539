/** x · Φ(x), with the normal distribution Φ, or its approximation by tanh (Hendrycks and Gimpel, arXiv:1606.08415). */
import { z } from 'zod';
import { nodeBase } from '../../common.js';
import type { TabledRecord } from '../record.js';
import { sameAsInput, TABLED } from './common.js';

const fields = { kind: z.literal('gelu'), /** By tanh instead of Φ. */ approximate: z.boolean() };
const schema = z.strictObject({ ...nodeBase, ...fields }).readonly();

/** The error function by its series of positive terms, e^-x² Σ (2x²)^n x / (1·3·5…): double precision below 6. */
function erf(x: number): number {
  if (Math.abs(x) >= 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 2 ** -54; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const INNER = Math.sqrt(2 / Math.PI);
const inner = (x: number): number => INNER * (x + 0.044715 * x ** 3);
const normal = (x: number): number => (1 + erf(x / Math.SQRT2)) / 2;

export const gelu = {
  float: schema,
  fixed: null,
  fields,
  traits: TABLED,
  shape: sameAsInput,
  apply: ({ approximate }, x) => (approximate ? (x / 2) * (1 + Math.tanh(inner(x))) : x * normal(x)),
  derivative({ approximate }, x) {
    if (!approximate) return normal(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
    const t = Math.tanh(inner(x));
    return (1 + t) / 2 + (x / 2) * (1 - t * t) * INNER * (1 + 3 * 0.044715 * x * x);
  },
  usual: { kind: 'gelu', approximate: false },
  nonNegative: () => false,
} satisfies TabledRecord<typeof fields, typeof schema>;
