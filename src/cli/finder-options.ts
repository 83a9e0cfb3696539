/** The options of every command that asks a classical spot finder. */
import { Option, type Command } from 'commander';
import { parameterNames, SPOT_ALGORITHMS } from '../index.js';
import { pairOption, positiveOption, repeated } from './option-values.js';

/** Which parameters there are, for the help. */
export const FINDER_HELP = `
Parameters go under the names of OM, CrystFEL and Cheetah, or of DIALS:
${SPOT_ALGORITHMS.filter((name) => name !== 'dispersion-extended')
  .map((name) => `  ${name}: ${parameterNames(name).join(', ')}`)
  .join('\n')}
  dispersion-extended: the same as dispersion`;

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
