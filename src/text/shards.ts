/** What became of shards, in words. */
import { meteredText } from '../audit/words.js';
import { evaluatedText } from './evaluated.js';
import type { ShardOutcome } from '../run/shards/folder.js';
import type { ShardCost } from '../run/shards/cost.js';
import type { MergeOutcome } from '../run/shards/merge.js';
import { countText, sizeText } from './numbers.js';

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

/** What frames would cost, what that was reckoned from, and what it runs into. */
export function costText(cost: ShardCost): string {
  const { frames, hours, cores, kind, measured, shards } = cost;
  const { rate, slowest, busy, bytesPerFrame } = measured;
  return [
    `An estimate for ${countText(frames)} frames of ${kind}, from ${measured.parts} ${measured.parts === 1 ? 'part' : 'parts'} of ${countText(measured.frames)} frames: ${rate.toPrecision(3)} frames a second and core (${slowest.toPrecision(3)} in the slowest part, ${busy.toFixed(1)} cores kept busy), ${bytesPerFrame.toPrecision(3)} bytes a frame`,
    `  core hours  ${countText(cost.coreHours)}, ${countText(cost.coreHoursAtMost)} at the slowest part's rate`,
    `  parts       ${sizeText(cost.bytes)}`,
    `  shards      ${countText(shards)} of ${countText(cost.framesPerShard)} frames: ${hours} h each on ${cores} ${cores === 1 ? 'core' : 'cores'} that are kept busy`,
    `  arrays      ${cost.arrays}, of ${countText(cost.mostTasks.tasks)} tasks at most`,
    `  merge       reads ${sizeText(cost.mergeBytes)} with one core`,
    ...cost.limits.map((limit) => `Limit: ${limit}`),
  ].join('\n');
}
