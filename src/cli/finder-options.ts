/** The options of every command that asks a classical spot finder. */
import { Option, type Command } from 'commander';
import { SPOT_ALGORITHMS } from '../index.js';
import { pairOption, positiveOption, repeated } from './option-values.js';

export function addFinderOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-a, --algorithm <name>', 'spot finder').choices(SPOT_ALGORITHMS).default('peakfinder8'),
    )
    .addOption(
      new Option('-p, --param <name=value>', 'a parameter of the finder; may be repeated')
        .argParser(repeated)
        .default([], 'those of the finder'),
    )
    .option(
      '--beam <x,y>',
      'beam centre in pixels (default: from the file, else the middle)',
      pairOption('--beam', ',', Number.isFinite),
    )
    .option('--wavelength <A>', 'wavelength in Å (default: from the file)', positiveOption('--wavelength'))
    .option(
      '--distance <mm>',
      'detector distance in mm (default: from the file)',
      positiveOption('--distance'),
    )
    .option('--pixel-size <mm>', 'pixel size in mm (default: from the file)', positiveOption('--pixel-size'));
}
