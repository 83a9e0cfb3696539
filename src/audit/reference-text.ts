/** The reference of an audit as a text, and back: what a ledger keeps, and what shards of an audit share. */
import { z } from 'zod';
import type { FeatureBank, Reference } from './reference.js';

const share = z.number().nullable();
const referenceSchema = z.strictObject({
  frames: z.number(),
  limits: z.strictObject({ spotThreshold: z.number(), nearLevels: z.number(), distanceLimit: share }),
  accuracy: z
    .strictObject({
      truePositives: z.number(),
      falseNegatives: z.number(),
      trueNegatives: z.number(),
      falsePositives: z.number(),
    })
    .nullable(),
  thresholdAccuracy: share,
  bank: z
    .strictObject({
      length: z.number(),
      unit: z.number(),
      mean: z.string(),
      scale: z.string(),
      vectors: z.string(),
    })
    .nullable(),
});

const encode = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

function decode(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** The reference as a text, every bit of it. */
export function printReference({ bank, ...rest }: Reference): string {
  const coded =
    bank === null
      ? null
      : {
          length: bank.length,
          unit: bank.unit,
          mean: encode(bank.mean),
          scale: encode(bank.scale),
          vectors: encode(bank.vectors),
        };
  return JSON.stringify({ ...rest, bank: coded });
}

/** What `printReference` wrote. */
export function parseReference(text: string): Reference {
  const { bank, ...rest } = referenceSchema.parse(JSON.parse(text));
  const decoded: FeatureBank | null =
    bank === null
      ? null
      : { ...bank, mean: decode(bank.mean), scale: decode(bank.scale), vectors: decode(bank.vectors) };
  return { ...rest, bank: decoded };
}
