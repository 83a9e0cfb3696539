/** `vetoc evaluate`: what a finished run does with other frames. */
import type { Command } from 'commander';
import {
  type EvaluateRequest,
  evaluateRun,
  evaluateShard,
  evaluationJson,
  parseJudges,
  SPOT_ALGORITHMS,
} from '../../index.js';
import { evaluatedText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { scoreOption } from '../option-values.js';

async function run(
  dir: string,
  options: Asked<EvaluateRequest & Sharded & { readonly out?: string }>,
): Promise<void> {
  const { shard, out } = options;
  if (shard !== undefined) {
    answerShard(options, await evaluateShard(dir, options, out, shard, showEvents()));
    return;
  }
  const outcome = await evaluateRun(dir, options, showEvents());
  const { threshold, decisions, measured, unlabelled, beside, difference } = outcome;
  const evaluation = measured && evaluationJson(measured);
  const json = {
    ...{ run: dir, threshold, evaluation, unlabelled, beside, decisions },
    ...(difference && { difference }),
  };
  answer(options, json, () => evaluatedText(outcome));
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .option('--frames <file...>', 'frames to evaluate on')
    .option(
      '--raw <file...>',
      'raw words of a detector in their place, with --maps; also says what floating point would make of them',
    )
    .option('--by <meta>', 'group the table by this per-frame fact (default: family or style)')
    .option(
      '--threshold <score>',
      'keep scores from this up (default: the threshold of the run)',
      scoreOption('--threshold'),
    )
    .option(
      '--beside <judges>',
      `spot finders (${SPOT_ALGORITHMS.join(', ')}) and folders of other runs, with commas between, at equal reduction`,
      parseJudges,
    )
    .option('--out <folder>', 'with --shard: folder for its part')
    .option('--json', 'print JSON');
  addFrameOptions(addShardOption(command))
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc evaluate out/demo --frames night1.h5 --by style\n  vetoc evaluate out/demo --frames night1.h5 --indexed night1.stream --beside peakfinder8,out/other
  vetoc evaluate out/demo --raw words.h5 --maps words.truth.h5 --photon-energy 9537`,
    )
    .action(run);
}
