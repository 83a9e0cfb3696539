/** `vetoc runs`: the finished runs under some folders. */
import type { Command } from 'commander';
import { listRuns } from '../../index.js';
import { runsTable } from '../../text/index.js';
import { answer, type Asked } from '../console.js';

export function define(command: Command): void {
  command
    .argument('[dirs...]', 'runs, or folders with runs', ['out'])
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vetoc runs out')
    .action(async (dirs: readonly string[], options: Asked) => {
      const runs = await listRuns(dirs);
      answer(options, runs, () => runsTable(runs));
    });
}
