/** `vetoc targets`: the boards and processors that vetoc knows. */
import type { Command } from 'commander';
import { listTargets, loadTarget } from '../../backends/hls/index.js';
import { targetsText, targetText } from '../../text/index.js';
import { answer, type Asked } from '../console.js';

async function runTargets(name: string | undefined, options: Asked): Promise<void> {
  const found = name === undefined ? await listTargets() : await loadTarget(name);
  answer(options, found, () => ('name' in found ? targetText(found) : targetsText(found)));
}

export function define(command: Command): void {
  command
    .argument('[name]', 'one of them in full, or a target file')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vetoc targets kcu1500')
    .action(runTargets);
}
