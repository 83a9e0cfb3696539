/** `--shard`: one of several tasks that share the work of a command. */
import { Option, type Command } from 'commander';
import { shardWish, type ShardOutcome, type ShardWish } from '../index.js';
import { shardText } from '../text/index.js';
import { answer, type Asked } from './console.js';
import { EXIT } from './exit.js';

/** Adds the option; its value is a `ShardWish`, with the words of the command around it. */
export const addShardOption = (command: Command): Command =>
  command.addOption(
    new Option(
      '--shard <i/n>',
      'only this share of the frames, from 0/n to n-1/n, as a part in the folder --out; n alone: SLURM_ARRAY_TASK_ID says which. vetoc merge joins them',
    ).argParser((text: string) =>
      shardWish(text, command.parent?.args ?? [], process.env['SLURM_ARRAY_TASK_ID']),
    ),
  );

/** A value of the option, where it was given. */
export interface Sharded {
  readonly shard?: ShardWish;
}

/** Says what became of a shard. One that was stopped may pass: batch systems requeue such a task. */
export function answerShard(options: Asked, outcome: ShardOutcome): void {
  if (outcome.state === 'stopped') process.exitCode = EXIT.mayPass;
  answer(options, outcome, () => shardText(outcome));
}
