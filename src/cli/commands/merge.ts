/** `vetoc merge`: the parts that shards of a command wrote, as one. */
import type { Command } from 'commander';
import { mergeShards, shardCost, type CostRequest, type MergeRequest } from '../../index.js';
import { costText, mergedText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { positiveOption, wholeOption } from '../option-values.js';
import { output } from '../outputs.js';

type Options = Asked<MergeRequest & CostRequest> & { readonly plan?: number };

async function run(folder: string, options: Options): Promise<void> {
  if (options.plan !== undefined) {
    const cost = await shardCost(folder, options.plan, options);
    return answer(options, cost, () => costText(cost));
  }
  const outcome = await mergeShards(folder, options, showEvents());
  if (outcome.metered?.verdict === 'beyond') process.exitCode = EXIT.checkFailed;
  answer(options, outcome, () => mergedText(outcome));
}

export function define(command: Command): void {
  command
    .argument('<folder>', 'folder that commands with --shard wrote to')
    .addOption(output('--out <file>', 'of scores: file to write, .csv, .jsonl, .h5 or .parquet'))
    .option('--plan <frames>', 'join nothing, say what so many frames would cost', positiveOption('--plan'))
    .option('--hours <h>', 'of the plan: what a task may take', positiveOption('--hours'), 1)
    .option('--cores <n>', 'of the plan: cores of a task', wholeOption('--cores', 1, 4096), 8)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Every part is held against its SHA-256 and against what the shards agreed on. What is missing or not whole is named, with the
command that makes it. The rows of a ledger stay in the parts: keep them beside it.

Examples:
  vetoc score out/demo --frames night1.h5 --out shards --shard 0/2
  vetoc score out/demo --frames night1.h5 --out shards --shard 1/2
  vetoc merge shards --plan 1e9
  vetoc merge shards --out scores.parquet`,
    )
    .action(run);
}
