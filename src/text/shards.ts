/** What became of shards, in words. */
import { meteredText } from '../audit/words.js';
import { evaluatedText } from './evaluated.js';
import type { ShardOutcome } from '../run/shards/folder.js';
import type { ShardCost } from '../run/shards/cost.js';
import type { MergeOutcome } from '../run/shards/merge.js';

const NEXT = {
  audit: (folder: string) => `Look at it: vetoc audit report RUN --out ${folder}`,
  score: null,
  evaluate: null,
  filter: null,
  simulate: null,
  spotfind: null,
} as const;

/** A shard, its frames and its files. */
export function shardText({ shard, state, from, to, files }: ShardOutcome): string {
  const name = `shard ${shard.index} of ${shard.of}`;
  if (state === 'stopped') return `${name} is not finished: repeat the command to go on from here`;
  const frames = to === from ? 'no frame' : `frames ${from} to ${to - 1}`;
  const before = state === 'there' ? ', made before' : '';
  return [`${name}: ${frames}${before}`, ...files].join('\n');
}

/** What was joined, where it is, and what to do with it. */
export function mergedText(outcome: MergeOutcome): string {
  const { kind, folder, shards, frames, written, metered, evaluation } = outcome;
  const next = NEXT[kind]?.(folder);
  return [
    ...(evaluation === null ? [] : [evaluatedText(evaluation), '']),
    `${frames} frames of ${shards} shards: ${written}`,
    ...(metered === null ? [] : [meteredText(metered)]),
    ...(next === undefined ? [] : [next]),
  ].join('\n');
}

const count = (n: number): string => Math.ceil(n).toLocaleString('en-US');

/** Bytes with three digits. */
function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(bytes) / 3)));
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${units[unit]!}`;
}

/** What frames would cost, what that was reckoned from, and what it runs into. */
export function costText(cost: ShardCost): string {
  const { frames, hours, cores, kind, measured, shards } = cost;
  const { rate, slowest, busy, bytesPerFrame } = measured;
  return [
    `An estimate for ${count(frames)} frames of ${kind}, from ${measured.parts} ${measured.parts === 1 ? 'part' : 'parts'} of ${count(measured.frames)} frames: ${rate.toPrecision(3)} frames a second and core (${slowest.toPrecision(3)} in the slowest part, ${busy.toFixed(1)} cores kept busy), ${bytesPerFrame.toPrecision(3)} bytes a frame`,
    `  core hours  ${count(cost.coreHours)}, ${count(cost.coreHoursAtMost)} at the slowest part's rate`,
    `  parts       ${sizeText(cost.bytes)}`,
    `  shards      ${count(shards)} of ${count(cost.framesPerShard)} frames: ${hours} h each on ${cores} ${cores === 1 ? 'core' : 'cores'} that are kept busy`,
    `  arrays      ${cost.arrays}, of ${count(cost.mostTasks.tasks)} tasks at most`,
    `  merge       reads ${sizeText(cost.mergeBytes)} with one core`,
    ...cost.limits.map((limit) => `Limit: ${limit}`),
  ].join('\n');
}
