/**
 * An image times a vector, channel by channel: the gate of squeeze-and-excite (Hu et al., arXiv:1709.01507). The vector is
 * computed, not trained.
 */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import { activationSchema } from '../activations.js';
import { fixedBase, nodeBase, proofSchema } from '../common.js';
import type { OpRecord, SourceFacts } from './record.js';

const float = z.strictObject({ ...nodeBase, kind: z.literal('multiply') }).readonly();
/** The products are exact, at the sum of both fractions; they are activated and requantized once. */
const fixed = z
  .strictObject({
    ...fixedBase,
    kind: z.literal('multiply'),
    activation: activationSchema,
    proof: proofSchema,
  })
  .readonly();

const finest = (sources: readonly SourceFacts[]): number =>
  sources.reduce((sum, { format }) => sum + fractionBits(format), 0);

export const multiply = {
  float,
  fixed,
  traits: { sums: true, proved: true, fuses: true, keepsSign: true },
  shape(op, inputs) {
    invariant(inputs.length === 2, `${op.id}: multiply takes two inputs, not ${inputs.length}`);
    const [image, vector] = inputs as [(typeof inputs)[0], (typeof inputs)[0]];
    invariant(op.inputs[0] !== op.inputs[1], `${op.id}: multiplies ${op.inputs[0]!} with itself`);
    invariant(
      vector[0] === 1 && vector[1] === 1 && vector[2] === image[2],
      `${op.id}: multiply of ${image.join('×')} by ${vector.join('×')}, which is no vector of as many channels`,
    );
    return image;
  },
  sum: (_op, inputs) => ({
    channels: inputs[0]!.shape[2],
    parts: [{ source: 0, weights: 1, repeat: 1, times: 1 }],
    bias: null,
    fraction: () => finest(inputs),
  }),
  reads: (_op, _sources, [y, x, c], _shape, read) => {
    read(0, y, x, c, 1, 1);
  },
} satisfies OpRecord<typeof float, typeof fixed>;
