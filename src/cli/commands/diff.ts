/** `vetoc diff`: two runs side by side. */
import type { Command } from 'commander';
import { type DiffRequest, diffRuns } from '../../index.js';
import { differenceText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { output } from '../outputs.js';

type Options = Asked<DiffRequest>;

async function run(left: string, right: string, options: Options): Promise<void> {
  const found = await diffRuns(left, right, options, showEvents());
  answer(options, found, () => differenceText(found));
}

export function define(command: Command): void {
  command
    .argument('<left>', 'folder of a finished run')
    .argument('<right>', 'folder of another')
    .option('--frames <file...>', 'decide these with both (default: the test frames of the left run)');
  addFrameOptions(command)
    .addOption(output('--html <file>', 'write a page'))
    .option('--json', 'print JSON')
    .addHelpText('after', `${FRAME_HELP}\n\nExample:\n  vetoc diff out/demo out/other --html out/diff.html`)
    .action(run);
}
