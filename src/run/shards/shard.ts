/** A shard: one of several tasks that share the work, on one machine or many, and which frames are its. */
import { UserError } from '../../core/errors.js';

export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly of: number;
}

/** A shard as a command was asked for it. */
export interface ShardWish extends Shard {
  /** The words of the command without its shard, to say how another one is made. */
  readonly command: readonly string[];
}

/** Frames one after the other; `to` is not among them. */
export interface FrameRange {
  readonly from: number;
  readonly to: number;
}

/** Frames that are dealt together; shards begin at multiples of it, as the blocks of an audit and the batches of a network do. */
export const DEALT_TOGETHER = 32;

/** Shards that a deal may have. */
const MOST_SHARDS = 100_000;

/** `3/200`, or `200` where the task's number says which: what Slurm calls an array task. Throws `UserError`. */
export function parseShard(text: string, task: string | undefined): Shard {
  const [, index = task ?? '', of = ''] = /^(?:(\d+)\/)?(\d+)$/.exec(text.trim()) ?? [];
  const shard = { index: index === '' ? NaN : Number(index), of: Number(of) };
  const { of: count } = shard;
  if (of === '' || !(count >= 1 && count <= MOST_SHARDS))
    throw new UserError(`"${text}" is no shard`, {
      field: '--shard',
      remedy: `write --shard I/N with N from 1 to ${MOST_SHARDS}, such as 0/200 for the first of 200`,
    });
  if (Number.isNaN(shard.index))
    throw new UserError(`"${text}" does not say which of the ${count} shards`, {
      field: '--shard',
      remedy: `write --shard I/${count}; in a task of a Slurm array SLURM_ARRAY_TASK_ID says it`,
    });
  if (!(shard.index < count))
    throw new UserError(`there is no shard ${index} of ${count}`, {
      field: '--shard',
      remedy: `shards count from 0 to ${count - 1}: use --array=0-${count - 1}`,
    });
  return shard;
}

/** The same, of a command that was typed as `words`. Throws `UserError`. */
export function shardWish(text: string, words: readonly string[], task: string | undefined): ShardWish {
  const at = words.findIndex((word) => word === '--shard' || word.startsWith('--shard='));
  const own = words[at] === '--shard' ? 2 : 1;
  return { ...parseShard(text, task), command: words.filter((_, k) => k < at || k >= at + own) };
}

/** The frames of a shard of `count` frames: one after the other, from a fixed frame number on. */
export function dealt({ index, of }: Shard, count: number): FrameRange {
  const blocks = Math.ceil(count / DEALT_TOGETHER);
  const edge = (k: number): number => Math.min(count, Math.floor((k * blocks) / of) * DEALT_TOGETHER);
  return { from: edge(index), to: index === of - 1 ? count : edge(index + 1) };
}

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** The command that makes a shard, as a shell takes it. */
export const shardCommand = (command: readonly string[], { index, of }: Shard): string =>
  ['vetoc', ...command, '--shard', `${index}/${of}`].map(quoted).join(' ');
