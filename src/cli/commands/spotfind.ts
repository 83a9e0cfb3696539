/** `vetoc spotfind`: the classical spot finders on any frames, with peak lists that CrystFEL reads. */
import type { Command } from 'commander';
import { addFinderOptions, FINDER_HELP } from '../finder-options.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { pairOption } from '../option-values.js';
import { spotfind, type SpotfindOptions } from '../spotfind/run.js';

const EXAMPLES = `${FINDER_HELP}
${FRAME_HELP}

Examples:
  vetoc spotfind frames.h5
  vetoc spotfind frames.h5 --algorithm peakfinder8 -p adc_threshold=250 -p min_snr=6 --out peaks.cxi --with-frames
  vetoc spotfind frames.h5 --algorithm dispersion-extended -p sigma_strong=3 -p d_min=2.5 --pixel-size 0.3 --csv spots.csv

The CXI file is for CrystFEL: indexamajig --peaks=cxi`;

export function registerSpotfind(program: Command): void {
  const command = program
    .command('spotfind')
    .description('Find Bragg peaks with peakfinder8 or the dispersion finders of DIALS.')
    .argument('<frames...>', 'frames, see below');
  addFrameOptions(addFinderOptions(command))
    .option(
      '--panels <YxX>',
      'the frame is this many equal panels',
      pairOption('--panels', 'x', (n) => Number.isInteger(n) && n > 0),
    )
    .option('-o, --out <file.cxi>', 'write the peak lists as CXI')
    .option('--with-frames', 'write the frames into the CXI file too')
    .option('--csv <file.csv>', 'write one line a spot')
    .option('--json', 'print everything as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (files: readonly string[], options: SpotfindOptions) => {
      await spotfind(files, options);
    });
}
