/** `vetoc spotfind`: the classical spot finders on any frames, with peak lists that CrystFEL reads. */
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { parameterNames, SPOT_ALGORITHMS } from '../../spotfind/parameters.js';
import { spotfind, type SpotfindOptions } from '../spotfind/run.js';

const EXAMPLES = `
Parameters go under the names of OM, CrystFEL and Cheetah, or of DIALS:
${SPOT_ALGORITHMS.map((name) => `  ${name}: ${parameterNames(name).join(', ')}`).join('\n')}

Examples:
  vetoc spotfind frames.h5
  vetoc spotfind frames.h5 --algorithm peakfinder8 -p adc_threshold=250 -p min_snr=6 --out peaks.cxi --with-frames
  vetoc spotfind frames.h5 --algorithm dispersion-extended -p sigma_strong=3 -p d_min=2.5 --pixel-size 0.3 --csv spots.csv

The CXI file is for CrystFEL: indexamajig --peaks=cxi`;

/** Parses `a<separator>b` into two numbers. */
function pair(name: string, separator: string, fits: (n: number) => boolean) {
  return (text: string): readonly [number, number] => {
    const [a = NaN, b = NaN, ...rest] = text.split(separator).map(Number);
    if (rest.length > 0 || !fits(a) || !fits(b))
      throw new UserError(`'${text}' is not two numbers`, {
        field: name,
        remedy: `write ${name} A${separator}B`,
      });
    return [a, b];
  };
}

function positive(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (!(value > 0 && value < Infinity))
      throw new UserError(`'${text}' is not a positive number`, { field: name });
    return value;
  };
}

export function registerSpotfind(program: Command): void {
  program
    .command('spotfind')
    .description('Find Bragg peaks with peakfinder8 or the dispersion finders of DIALS.')
    .argument('<frames...>', 'files of frames, as FILE or FILE#/path/to/dataset')
    .addOption(
      new Option('-a, --algorithm <name>', 'spot finder').choices(SPOT_ALGORITHMS).default('peakfinder8'),
    )
    .option(
      '-p, --param <name=value>',
      'a parameter of the finder; may be repeated',
      (text: string, all: readonly string[]) => [...all, text],
      [],
    )
    .option(
      '--beam <x,y>',
      'beam centre in pixels (default: from the file, else the middle)',
      pair('--beam', ',', Number.isFinite),
    )
    .option('--wavelength <A>', 'wavelength in Å (default: from the file)', positive('--wavelength'))
    .option('--distance <mm>', 'detector distance in mm (default: from the file)', positive('--distance'))
    .option('--pixel-size <mm>', 'pixel size in mm (default: from the file)', positive('--pixel-size'))
    .option(
      '--panels <YxX>',
      'the frame is this many equal panels',
      pair('--panels', 'x', (n) => Number.isInteger(n) && n > 0),
    )
    .option('--geometry <file.geom>', 'panels, positions and bad regions from a CrystFEL geometry')
    .option('-o, --out <file.cxi>', 'write the peak lists as CXI')
    .option('--with-frames', 'write the frames into the CXI file too')
    .option('--csv <file.csv>', 'write one line a spot')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], options: SpotfindOptions) => {
      await spotfind(files, options);
    });
}
