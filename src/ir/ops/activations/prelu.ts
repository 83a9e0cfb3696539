/** x above zero, a part of it below: of each channel another part (He et al., arXiv:1502.01852). */
import { z } from 'zod';
import { invariant } from '../../../core/errors.js';
import { nodeBase } from '../../common.js';
import type { ActivationRecord } from '../record.js';
import { FUSED, sameAsInput } from './common.js';

const schema = z
  .strictObject({
    ...nodeBase,
    kind: z.literal('prelu'),
    /** Slope below zero of each channel; trained. */
    alpha: z.instanceof(Float32Array),
  })
  .readonly();

export const prelu = {
  float: schema,
  fixed: null,
  traits: { ...FUSED, homogeneous: true },
  shape(op, inputs) {
    const shape = sameAsInput(op, inputs);
    invariant(op.alpha.length === shape[2], `${op.id}: ${op.alpha.length} slopes for ${shape[2]} channels`);
    return shape;
  },
  apply: ({ alpha }, x, channel) => (x < 0 ? x * alpha[channel]! : x),
  nonNegative: ({ alpha }) => alpha.every((slope) => slope <= 0),
  withChannels: (op, kept) => ({ ...op, alpha: op.alpha.filter((_, c) => kept(c)) }),
} satisfies ActivationRecord<typeof schema>;
