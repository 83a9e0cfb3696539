/** Where branches meet: addition of two tensors, concatenation of channels. */
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { fractionBits } from '../../fixed/format.js';
import { activationSchema } from '../activations.js';
import { fixedBase, nodeBase, proofSchema, sameShape } from '../common.js';
import { union, type OpRecord, type SourceFacts } from './record.js';

const floatAdd = z.strictObject({ ...nodeBase, kind: z.literal('add') }).readonly();
/** Both inputs are aligned to the finer resolution, added exactly, activated, requantized once. */
const fixedAdd = z
  .strictObject({ ...fixedBase, kind: z.literal('add'), activation: activationSchema, proof: proofSchema })
  .readonly();

const finest = (sources: readonly SourceFacts[]): number =>
  Math.max(...sources.map((s) => fractionBits(s.format)));

export const add = {
  float: floatAdd,
  fixed: fixedAdd,
  traits: { sums: true, proved: true, fuses: true, keepsSign: true, pointwise: true },
  shape(op, inputs) {
    invariant(inputs.length === 2, `${op.id}: add takes two inputs, not ${inputs.length}`);
    invariant(
      sameShape(inputs[0]!, inputs[1]!),
      `${op.id}: add of ${inputs.map((s) => s.join('×')).join(' and ')}`,
    );
    return inputs[0]!;
  },
  sum: (_op, inputs) => ({
    channels: inputs[0]!.shape[2],
    parts: inputs.map((input, source) => ({
      source,
      weights: 2 ** (finest(inputs) - fractionBits(input.format)),
      repeat: 1,
    })),
    bias: null,
    fraction: () => finest(inputs),
  }),
  reads(_op, sources, [y, x, c], _shape, read) {
    const fraction = finest(sources);
    sources.forEach(({ format }, i) => {
      read(i, y, x, c, 2 ** (fraction - fractionBits(format)));
    });
  },
} satisfies OpRecord<typeof floatAdd, typeof fixedAdd>;

const floatConcat = z.strictObject({ ...nodeBase, kind: z.literal('concat') }).readonly();
/** All inputs have the output's format: the quantizer puts `requantize` nodes before it where they differ. */
const fixedConcat = z.strictObject({ ...fixedBase, kind: z.literal('concat') }).readonly();

export const concat = {
  float: floatConcat,
  fixed: fixedConcat,
  traits: { keepsFormat: true, keepsSign: true, pointwise: true },
  shape(op, inputs) {
    invariant(inputs.length >= 2, `${op.id}: concat takes at least two inputs`);
    const [height, width] = inputs[0]!;
    let channels = 0;
    for (const shape of inputs) {
      invariant(shape[0] === height && shape[1] === width, `${op.id}: concat of images of different size`);
      channels += shape[2];
    }
    return [height, width, channels];
  },
  range: (_op, inputs) => union(inputs.map((i) => i.range)),
  reads(_op, sources, [y, x, c], _shape, read) {
    let first = 0;
    const source = sources.findIndex(({ shape: [, , channels] }) => {
      if (c < first + channels) return true;
      first += channels;
      return false;
    });
    read(source, y, x, c - first, 1);
  },
} satisfies OpRecord<typeof floatConcat, typeof fixedConcat>;
