/** `vetoc print`: a level of the compile of a run, as text. */
import { Argument, type Command } from 'commander';
import {
  firmwareOptions,
  type FirmwareWish,
  LEVELS,
  printLevel,
  PROJECT_BACKENDS,
  type Level,
} from '../../index.js';
import { say } from '../console.js';
import { addFirmwareOptions } from '../firmware-options.js';

async function run(
  dir: string,
  level: Level,
  { backend, ...values }: FirmwareWish & { readonly backend: string },
): Promise<void> {
  say((await printLevel(dir, { level, backend, design: await firmwareOptions(values) })).trimEnd());
}

export function define(command: Command): void {
  addFirmwareOptions(
    command
      .argument('<run>', 'folder of a finished run')
      .addArgument(
        new Argument('[level]', 'from the network to the firmware').choices(LEVELS).default('fixed'),
      )
      .option(
        '--backend <name>',
        `whose plan and schedule: ${PROJECT_BACKENDS.map((b) => b.name).join(', ')}`,
        'hls',
      ),
  )
    .addHelpText(
      'after',
      '\nGraphs print as text that parses back, weights last. vetoc run --dump-ir writes every level and the graph after every pass.\n\nExamples:\n  vetoc print out/demo\n  vetoc print out/demo schedule --backend rtl --pixels-per-clock 4',
    )
    .action(run);
}
