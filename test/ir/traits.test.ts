/** What passes, back ends and checks may take for granted of an op. */
/* eslint-disable no-restricted-syntax -- these lists are the expectation: an op with a trait that they do not name fails here. */
import { expect, it } from 'vitest';
import { OPS } from '../../src/ir/ops/index.js';
import type { Trait } from '../../src/ir/ops/record.js';

const FUSED = ['relu', 'clip', 'leakyRelu', 'prelu'];
const TABLED = ['hardSwish', 'silu', 'sigmoid', 'hardSigmoid', 'tanh', 'gelu', 'elu'];
const CONVOLUTIONS = ['conv2d', 'depthwiseConv2d', 'dense'];
const MEANS = ['avgPool', 'globalAvgPool'];
const MAXIMA = ['maxPool', 'globalMaxPool'];

it.each<[Trait, unknown, readonly string[]]>([
  ['preprocess', true, ['input', 'crop', 'mask', 'bin', 'contrast', 'clamp', 'lut']],
  ['weighted', true, CONVOLUTIONS],
  // What adds has an accumulator, of which all is proved but where a single value is rounded.
  ['sums', true, [...CONVOLUTIONS, ...MEANS, 'add', 'multiply', 'requantize']],
  ['proved', true, [...CONVOLUTIONS, ...MEANS, 'add', 'multiply']],
  ['fuses', true, [...CONVOLUTIONS, 'add', 'multiply']],
  ['activation', 'fused', FUSED],
  ['activation', 'tabled', TABLED],
  // s · max(x, 0) is max(s · x, 0) for s > 0, and so with a slope below zero; a limit stays where it is.
  ['homogeneous', true, ['relu', 'leakyRelu', 'prelu']],
  ['keepsFormat', true, [...MAXIMA, 'upsample', 'concat', 'flatten']],
  ['keepsChannels', true, [...MEANS, ...MAXIMA, 'upsample', 'flatten']],
  ['keepsSign', true, [...MEANS, ...MAXIMA, 'add', 'multiply', 'upsample', 'concat', 'flatten']],
])('%s is %s of no ops but these: %j', (trait, value, kinds) => {
  const having = Object.entries<{ readonly traits: Partial<Record<Trait, unknown>> }>(OPS)
    .filter(([, { traits }]) => traits[trait] === value)
    .map(([kind]) => kind);
  expect(having.sort()).toEqual([...kinds].sort());
});
