/** What became of shards, in words. */
import { meteredText } from '../audit/words.js';
import { evaluatedText } from './evaluated.js';
import type { ShardOutcome } from '../run/shards/folder.js';
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
