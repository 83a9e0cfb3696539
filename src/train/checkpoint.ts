/**
 * The state of a training after an epoch, in one file: enough to go on and end with the same bits.
 *
 * Layout: the magic `vetockpt`, the length of a JSON header (uint32, little endian), the header, the arrays. The file is
 * named after the fingerprint of everything that decides the weights, so a training finds its own and no other's.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import type { FloatGraph } from '../ir/graph.js';
import { serializeGraph } from '../ir/serialize.js';
import type { TrainingRecipe } from './recipe.js';
import { jsonOrUndefined } from '../core/json.js';

const MAGIC = 'vetockpt';
const VERSION = 3;

const validationSchema = z.strictObject({
  loss: z.number(),
  accuracy: z.number(),
  hitMissAccuracy: z.number(),
  auc: z.number().nullable(),
  rejection: z.number().nullable(),
});
const epochSchema = z.strictObject({
  epoch: z.int(),
  learningRate: z.number(),
  loss: z.number(),
  accuracy: z.number(),
  validation: validationSchema,
  best: z.boolean(),
});
const headerSchema = z.strictObject({
  version: z.literal(VERSION),
  /** Epochs done. */
  epoch: z.int().min(1),
  /** Optimiser steps done. */
  step: z.int().min(0),
  best: z.strictObject({ epoch: z.int(), threshold: z.number(), validation: validationSchema }),
  history: z.array(epochSchema),
  arrays: z.array(z.strictObject({ name: z.string(), length: z.int().min(0) })),
});
type Header = z.infer<typeof headerSchema>;

export const ARRAY_NAMES = [
  'parameters',
  'statistics',
  'first',
  'second',
  'average',
  'bestParameters',
  'bestStatistics',
  /** Of widths that are learned; empty without. */
  'widths',
] as const;
export type CheckpointArrays = Readonly<Record<(typeof ARRAY_NAMES)[number], Float32Array>>;

export interface Checkpoint {
  readonly facts: Omit<Header, 'version' | 'arrays'>;
  readonly arrays: CheckpointArrays;
}

/** A hash of what decides the weights: graph, recipe, and `rest`: seed, frames, back end, threads. */
export function fingerprint(
  graph: FloatGraph,
  recipe: TrainingRecipe,
  rest: readonly (string | number)[],
): string {
  const hash = createHash('sha256');
  const { json, bin } = serializeGraph('float', graph);
  // Where the frames are cached and how many threads were asked for do not change the weights.
  hash.update(json).update(bin);
  hash.update(JSON.stringify({ ...recipe, cacheMebibytes: 0, workers: 0 }));
  hash.update(JSON.stringify(rest));
  return hash.digest('hex');
}

/** Writes `checkpoint` to `path`, replacing what is there only when it is complete. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const arrays = ARRAY_NAMES.map((name) => ({ name, length: checkpoint.arrays[name].length }));
  const header: Header = { version: VERSION, ...checkpoint.facts, arrays };
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  const bodies = ARRAY_NAMES.map((name) => {
    const array = checkpoint.arrays[name];
    return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
  });
  await writeFileAtomic(path, Buffer.concat([Buffer.from(MAGIC), length, text, ...bodies]));
}

const damaged = (path: string): UserError =>
  new UserError('is no checkpoint, or a damaged one', {
    file: path,
    remedy: 'remove it to train from the start',
  });

/** The checkpoint at `path`, or null where there is none. Throws `UserError` for a damaged one. */
export async function readCheckpoint(path: string): Promise<Checkpoint | null> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new UserError(`cannot be read: ${(error as Error).message}`, { file: path });
  }
  if (bytes.length < 12 || bytes.toString('latin1', 0, 8) !== MAGIC) throw damaged(path);
  const start = 12 + bytes.readUInt32LE(8);
  const header = parseHeader(bytes.toString('utf8', 12, start), path);
  let offset = start;
  const entries = header.arrays.map(({ name, length }) => {
    const end = offset + 4 * length;
    if (end > bytes.length) throw damaged(path);
    const array = new Float32Array(Uint8Array.from(bytes.subarray(offset, end)).buffer);
    offset = end;
    return [name, array] as const;
  });
  const { epoch, step, best, history } = header;
  return { facts: { epoch, step, best, history }, arrays: Object.fromEntries(entries) as CheckpointArrays };
}

function parseHeader(text: string, path: string): Header {
  const parsed = headerSchema.safeParse(jsonOrUndefined(text));
  if (!parsed.success) throw damaged(path);
  return parsed.data;
}
