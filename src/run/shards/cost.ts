/**
 * What a given number of frames would cost, reckoned from shards that are done: nothing is known of a cluster before something
 * was measured on it. Sums of processor time, so that it does not matter how many cores a task had.
 */
import { UserError } from '../../core/errors.js';
import { arrayLimit } from '../slurm/client.js';
import type { ShardPart } from './folder.js';
import { gatherShards } from './gather.js';
import { DEALT_TOGETHER } from './shard.js';

export interface CostRequest {
  /** What a task may take, and the cores that it gets. */
  readonly hours: number;
  readonly cores: number;
}

export interface ShardCost extends CostRequest {
  readonly folder: string;
  readonly frames: number;
  readonly kind: string;
  /** Of the parts that were measured: those that no process had to go on with. */
  readonly measured: {
    readonly parts: number;
    readonly frames: number;
    /** Frames a second of processor time: of all, and of the slowest part. */
    readonly rate: number;
    readonly slowest: number;
    /** Processor time over time: the cores that a task kept busy. */
    readonly busy: number;
    readonly bytesPerFrame: number;
  };
  readonly coreHours: number;
  /** The same if all were as slow as the slowest part. */
  readonly coreHoursAtMost: number;
  readonly bytes: number;
  readonly shards: number;
  readonly framesPerShard: number;
  /** Tasks of an array on this cluster, or Slurm's default where there is none here. */
  readonly mostTasks: { readonly tasks: number; readonly asked: boolean };
  readonly arrays: number;
  /** Folders that are merged each for itself: a deal, and the frames of a ledger, have limits. */
  readonly ledgers: number;
  /** What the merges read: all parts for their SHA-256, and again for their checks. */
  readonly mergeBytes: number;
  /** What this runs into, in words. */
  readonly limits: readonly string[];
}

/** Slurm's MaxArraySize unless a site says otherwise: one more than the largest number of a task. */
const DEFAULT_ARRAY_SIZE = 1001;
/** Frames are numbered in 32 bits. */
const MOST_FRAMES = 2 ** 31 - 1;
/** Parts in whose footers a query still looks within seconds. */
const MOST_PARTS = 10_000;

const framesOf = ({ from, to }: ShardPart): number => to - from;
const bytesOf = ({ files }: ShardPart): number => files.reduce((sum, file) => sum + file.bytes, 0);

function measure(folder: string, parts: readonly ShardPart[]): ShardCost['measured'] {
  const timed = parts.flatMap((part) =>
    part.took === undefined || framesOf(part) === 0 || part.took.cpuSeconds === 0
      ? []
      : [{ part, ...part.took }],
  );
  if (timed.length === 0)
    throw new UserError('holds no part that was made in one go and measured', {
      file: folder,
      remedy: 'make a shard of some thousand frames first',
    });
  const rates = timed.map(({ part, cpuSeconds }) => framesOf(part) / cpuSeconds);
  const sumOf = (what: (one: (typeof timed)[number]) => number): number =>
    timed.reduce((sum, one) => sum + what(one), 0);
  const [whole, cpu] = [sumOf(({ part }) => framesOf(part)), sumOf(({ cpuSeconds }) => cpuSeconds)];
  return {
    parts: timed.length,
    frames: whole,
    rate: whole / cpu,
    slowest: Math.min(...rates),
    busy: cpu / sumOf(({ seconds }) => seconds),
    bytesPerFrame: sumOf(({ part }) => bytesOf(part)) / whole,
  };
}

function limitsOf(cost: Pick<ShardCost, 'shards' | 'arrays' | 'ledgers' | 'mostTasks'>): string[] {
  const { shards, arrays, ledgers, mostTasks } = cost;
  const limits: string[] = [];
  if (arrays > 1)
    limits.push(
      `${shards} tasks are ${arrays} arrays: MaxArraySize takes ${mostTasks.tasks} in one${mostTasks.asked ? '' : ' (the default; no Slurm was asked here)'}`,
    );
  if (ledgers > 1)
    limits.push(
      `${ledgers} folders with a ledger each: one numbers ${MOST_FRAMES} frames at most, and a query over more than ${MOST_PARTS} parts spends its time in their footers`,
    );
  return limits;
}

/** Reckons what `frames` cost from the parts in `folder`, all of them or some. Throws `UserError` where none was measured. */
export async function shardCost(
  folder: string,
  frames: number,
  { hours, cores }: CostRequest,
): Promise<ShardCost> {
  const { plan, parts } = await gatherShards(folder);
  const measured = measure(folder, parts);
  const coreSeconds = frames / measured.rate;
  const wanted = Math.ceil(coreSeconds / (3600 * hours * cores));
  const perShard = Math.ceil(frames / wanted / DEALT_TOGETHER) * DEALT_TOGETHER;
  const shards = Math.ceil(frames / perShard);
  const limit = await arrayLimit().catch(() => null);
  const mostTasks = { tasks: (limit ?? DEFAULT_ARRAY_SIZE) - 1, asked: limit !== null };
  const reckoned = {
    shards,
    framesPerShard: perShard,
    mostTasks,
    arrays: Math.ceil(shards / mostTasks.tasks),
    ledgers: Math.max(Math.ceil(frames / MOST_FRAMES), Math.ceil(shards / MOST_PARTS)),
  };
  const total = frames * measured.bytesPerFrame;
  return {
    hours,
    cores,
    frames,
    folder,
    kind: plan.kind,
    measured,
    coreHours: coreSeconds / 3600,
    coreHoursAtMost: frames / measured.slowest / 3600,
    bytes: total,
    ...reckoned,
    mergeBytes: 2 * total,
    limits: limitsOf(reckoned),
  };
}
