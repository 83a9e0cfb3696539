/** `vetoc threshold`: the threshold that loses at most so many hits, with a guarantee, and what it brings. */
import type { Command } from 'commander';
import { findThreshold, type ThresholdRequest } from '../../index.js';
import { thresholdFoundText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { shareOption } from '../option-values.js';

async function run(dir: string, options: Asked<ThresholdRequest>): Promise<void> {
  const outcome = await findThreshold(dir, options, showEvents());
  const { hitRate } = options;
  const { found, brought, ...others } = outcome;
  const { framesKept, precision, missesRejected } = brought;
  const prevailing = hitRate === undefined ? {} : { hitRate, framesKept, precision };
  const json = { run: dir, ...found, missesRejected, ...prevailing, ...others };
  answer(options, json, () => thresholdFoundText(outcome, hitRate));
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'labelled frames that had no part in training')
    .requiredOption(
      '--lose <share>',
      'largest share of hits that may be lost: 0.1% or 0.001',
      shareOption('--lose'),
    )
    .option('--confidence <share>', 'how sure that is', shareOption('--confidence'), 0.95)
    .option('--hit-rate <share>', 'share of hits where the veto will run: 0.4%', shareOption('--hit-rate'))
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}

No assumption is made of how scores are spread: the threshold is one of the hits' own scores. Where there are too few hits
for the guarantee, the command says how many it takes.

Example:
  vetoc threshold out/night --frames other-night.h5 --lose 0.5% --confidence 95% --hit-rate 0.4%`,
    )
    .action(run);
}
