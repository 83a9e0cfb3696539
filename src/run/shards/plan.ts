/** What the shards of a command agree on: run, frames and options, as far as results depend on them. */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { selectFrames } from '../../data/source.js';
import { framesDigest, networkDigest } from '../digests.js';
import type { Run } from '../folder.js';
import { frameOptions, type FrameOptionValues } from '../frame-options.js';
import type { ShardedCommand, ShardPlan } from './folder.js';
import type { FrameRange, ShardWish } from './shard.js';

/** The folder that shards write to. Throws `UserError` where none is named. */
export function shardFolder(out: string | undefined): string {
  if (out !== undefined) return out;
  throw new UserError('shards need a folder', { field: '--out', remedy: 'say --out FOLDER' });
}

/** Of the frames: which they are, their size, and how they are read. */
export const framesFacts = (
  source: FrameSource,
  values: FrameOptionValues,
): Readonly<Record<string, unknown>> => ({
  framesDigest: framesDigest(source),
  height: source.height,
  width: source.width,
  frameOptions: frameOptions(values),
});

/** Of a run and the frames that it decides. */
export const sharedFacts = (
  { fixed, float }: Run,
  source: FrameSource,
  values: FrameOptionValues,
): Readonly<Record<string, unknown>> => ({
  networkDigest: networkDigest(fixed, float),
  ...framesFacts(source, values),
});

/** The frames of `range`, as a source of their own. */
export const frameRange = (source: FrameSource, { from, to }: FrameRange): FrameSource =>
  selectFrames(
    source,
    Array.from({ length: to - from }, (_, k) => from + k),
  );

/** Throws `UserError` where an option was given that shards cannot follow. */
export function refuseWithShard(options: Readonly<Record<string, unknown>>): void {
  const [field] = Object.entries(options).find(([, value]) => value !== undefined && value !== false) ?? [];
  if (field === undefined) return;
  throw new UserError('is not made of a shard', {
    field,
    remedy: 'leave it out: each shard writes its part into the folder --out',
  });
}

export const shardPlan = (
  kind: ShardedCommand,
  { of, command }: ShardWish,
  count: number,
  what: Readonly<Record<string, unknown>>,
  where: Readonly<Record<string, unknown>>,
): ShardPlan => ({ version: 1, kind, of, count, what: plain(what), where: plain(where), command });

/** As it is read back from JSON. */
const plain = (facts: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(facts)) as Record<string, unknown>;
