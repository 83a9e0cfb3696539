/** `vetoc darks`: maps of a detector from dark frames. */
import { Option, type Command } from 'commander';
import { RAW_DETECTOR_NAMES } from '../../data/index.js';
import { type DarksRequest, makeDarks } from '../../index.js';
import { darksText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { FRAME_HELP } from '../frame-arguments.js';
import { output } from '../outputs.js';

async function run(frames: readonly string[], options: Asked<Omit<DarksRequest, 'frames'>>): Promise<void> {
  const outcome = await makeDarks({ ...options, frames }, showEvents());
  answer(options, outcome, () => darksText(outcome));
}

const EXAMPLE = `
Example:
  vetoc darks words.darks.h5 --detector jungfrau --serial M042 --out maps.h5`;

export function define(command: Command): void {
  command
    .argument(
      '<frames...>',
      'dark frames of raw words, of every gain stage; of AGIPD one argument a setting: high, medium, low',
    )
    .addOption(
      new Option('--detector <name>', 'whose words they are')
        .choices(RAW_DETECTOR_NAMES)
        .makeOptionMandatory(),
    )
    .addOption(output('--out <file>', 'file of maps to write, HDF5; a page beside it').makeOptionMandatory())
    .option(
      '--serial <number>',
      'serial number of the detector, kept with its maps (default: what the frames say)',
    )
    .option('--mask <file>', 'pixels that are bad whatever they say: 0 in it, or not 0 of bad:FILE')
    .option('--json', 'print JSON')
    .addHelpText('after', `${FRAME_HELP}\n${EXAMPLE}`)
    .action(run);
}
