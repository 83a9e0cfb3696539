/** `vetoc compare`: does the quantized network still find my hits? */
import type { Command } from 'commander';
import { compareRun, type CompareRunRequest, evaluationsJson } from '../../index.js';
import { comparedText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { output } from '../outputs.js';

async function run(dir: string, options: Asked<CompareRunRequest>): Promise<void> {
  const outcome = await compareRun(dir, options, showEvents());
  const json = { run: dir, ...outcome.comparison, evaluations: evaluationsJson(outcome.evaluations) };
  answer(options, json, () => comparedText(outcome, options.report));
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'frames to compare on, see below');
  addFrameOptions(command)
    .addOption(output('--report <file>', 'write a page with tables, veto curves and pictures'))
    .addOption(output('--pictures <dir>', 'write a picture of every frame that is decided differently'))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc compare out/demo --frames night1.h5 --report out/differences.html`,
    )
    .action(run);
}
