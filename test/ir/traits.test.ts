/** What passes, back ends and checks may take for granted of an op: the table is total, so that a new op must say. */
import { expect, it } from 'vitest';
import { OPS } from '../../src/ir/ops/index.js';
import type { Trait } from '../../src/ir/ops/record.js';

type Traits = Readonly<Partial<Record<Trait, unknown>>>;

/**
 * What adds has an accumulator (`sums`), of which all is proved but where a single value is rounded. s · max(x, 0) is
 * max(s · x, 0) for s > 0, and so with a slope below zero (`homogeneous`); a limit stays where it is. What
 * treats every pixel by itself (`pointwise`) need not know of modules that are stacked.
 */
const TRAITS: Readonly<Record<keyof typeof OPS, Traits>> = {
  input: { preprocess: true, given: true, pointwise: true },
  maps: { given: true, raw: true, pointwise: true },
  calibrate: { raw: true, pointwise: true },
  commonMode: { raw: true, pointwise: true },
  crop: { preprocess: true },
  mask: { preprocess: true, pointwise: true },
  bin: { preprocess: true },
  contrast: { preprocess: true },
  clamp: { preprocess: true, pointwise: true },
  lut: { preprocess: true, pointwise: true },
  conv2d: { weighted: true, sums: true, proved: true, fuses: true },
  depthwiseConv2d: { weighted: true, sums: true, proved: true, fuses: true },
  dense: { weighted: true, sums: true, proved: true, fuses: true },
  batchNorm: { pointwise: true },
  relu: { activation: 'fused', homogeneous: true, pointwise: true },
  clip: { activation: 'fused', pointwise: true },
  leakyRelu: { activation: 'fused', homogeneous: true, pointwise: true },
  prelu: { activation: 'fused', homogeneous: true, pointwise: true },
  hardSwish: { activation: 'tabled', pointwise: true },
  silu: { activation: 'tabled', pointwise: true },
  sigmoid: { activation: 'tabled', pointwise: true },
  hardSigmoid: { activation: 'tabled', pointwise: true },
  tanh: { activation: 'tabled', pointwise: true },
  gelu: { activation: 'tabled', pointwise: true },
  elu: { activation: 'tabled', pointwise: true },
  maxPool: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  avgPool: { sums: true, proved: true, keepsChannels: true, keepsSign: true },
  globalAvgPool: { sums: true, proved: true, keepsChannels: true, keepsSign: true },
  globalMaxPool: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  add: { sums: true, proved: true, fuses: true, keepsSign: true, pointwise: true },
  multiply: { sums: true, proved: true, fuses: true, keepsSign: true },
  upsample: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  concat: { keepsFormat: true, keepsSign: true, pointwise: true },
  flatten: { keepsFormat: true, keepsChannels: true, keepsSign: true },
  requantize: { sums: true, pointwise: true },
  table: { pointwise: true },
};

it.each(Object.entries(TRAITS))('%s has no traits but these: %j', (kind, traits) => {
  const known: Readonly<Record<string, { readonly traits: Traits }>> = OPS;
  const own = Object.entries(known[kind]!.traits).filter(
    ([, value]) => value !== false && value !== undefined,
  );
  expect(Object.fromEntries(own)).toEqual(traits);
});
