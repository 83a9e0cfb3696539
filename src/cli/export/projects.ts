/** `vetoc export BACKEND` for back ends that write projects: the firmware of a run, for a board and a rate. */
import type { Command } from 'commander';
import {
  exportProject,
  firmwareOptions,
  type FirmwareWish,
  PROJECT_BACKENDS,
  type RawWish,
} from '../../index.js';
import { projectText } from '../../text/index.js';
import { answer } from '../console.js';
import { addMapsOptions } from '../frame-arguments.js';
import { output } from '../outputs.js';
import { addFirmwareOptions } from '../firmware-options.js';

interface Values extends FirmwareWish, RawWish {
  readonly out?: string;
  readonly replace?: boolean;
  readonly reloadable?: boolean;
  readonly json?: boolean;
}

/** Adds such back ends to `vetoc export`. */
export function addProjectExports(parent: Command): void {
  for (const { name, description, folder } of PROJECT_BACKENDS)
    addMapsOptions(
      addFirmwareOptions(
        parent
          .command(name)
          .description(description)
          .argument('<run>', 'folder of a finished run')
          .addOption(output('--out <dir>', `folder to write (default: RUN/${folder}-TARGET)`))
          .option('--replace', 'replace the project if it is there')
          .option(
            '--reloadable',
            'weights that can be exchanged while frames run (vetoc export weights writes them)',
          )
          .option('--json', 'print JSON'),
      ),
    )
      .addHelpText(
        'after',
        `\nExample:\n  vetoc export ${name} out/demo --target zcu102 --pixels-per-clock 4 --frames-per-second 2000\n\nvetoc verify looks into RUN/${folder}.`,
      )
      .action(async (run: string, { out, replace, reloadable, ...values }: Values) => {
        const written = await exportProject(name, run, {
          ...values,
          design: await firmwareOptions(values),
          ...(out === undefined ? {} : { out }),
          replace: replace === true,
          reloadable: reloadable === true,
        });
        const facts = { out: written.out, files: written.files, ...written.facts };
        answer(values, facts, () => projectText(written));
      });
}
