/** `vetoc stress`: how much of what detectors and beamlines do a finished veto withstands. */
import type { Command } from 'commander';
import { NUISANCE_NAMES } from '../../data/index.js';
import { parseNuisances, STRESS_FILES, stressRun, type StressRunRequest } from '../../index.js';
import { stressText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { shareOption, wholeOption } from '../option-values.js';

async function run(dir: string, options: Asked<StressRunRequest>): Promise<void> {
  const outcome = await stressRun(dir, options, showEvents());
  answer(options, outcome, () => stressText(outcome.curves, outcome.promised));
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'labelled frames that had no part in training')
    .option('--only <names>', `nuisances with commas between (default: all)`, parseNuisances)
    .option('--lose <share>', 'hits that may be lost (default: as the run was made)', shareOption('--lose'))
    .option('--reject <share>', 'misses that must be rejected', shareOption('--reject'), 0.9)
    .option('--most <n>', 'frames used at most', wholeOption('--most', 2, 1_000_000), 250)
    .option('--seed <n>', 'of what is random in the nuisances', wholeOption('--seed', 0, 2 ** 31 - 1), 1)
    .option('--out <folder>', `writes ${STRESS_FILES.join(' and ')} there`)
    .option('--replace', 'replace them if they exist')
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}

Nuisances: ${NUISANCE_NAMES.join(', ')}.
Labels stay as they are: where weak spots drown, the last strengths lose hits that nobody could find.

Example:
  vetoc stress out/night --frames other-night.h5 --out stress`,
    )
    .action(run);
}
