/** `vetoc spotfind`: the classical spot finders on any frames, with peak lists that CrystFEL reads. */
import type { Command } from 'commander';
import { jsonSink, spotfind, type SpotfindRequest, spotfindShard } from '../../index.js';
import { writerOf } from '../../core/files.js';
import { spotsText } from '../../text/index.js';
import { type Asked, say, showEvents } from '../console.js';
import { addFinderOptions, FINDER_HELP } from '../finder-options.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { pairOption } from '../option-values.js';
import { output } from '../outputs.js';

const EXAMPLES = `${FINDER_HELP}
${FRAME_HELP}

Examples:
  vetoc spotfind frames.h5
  vetoc spotfind frames.h5 --algorithm peakfinder8 -p adc_threshold=250 -p min_snr=6 --out peaks.cxi --with-frames
  vetoc spotfind frames.h5 --algorithm dispersion-extended -p sigma_strong=3 -p d_min=2.5 --pixel-size 0.3 --csv spots.csv

The CXI file is for CrystFEL: indexamajig --peaks=cxi`;

type Options = Asked<Omit<SpotfindRequest, 'frames'> & Sharded>;

export function define(command: Command): void {
  command.argument('<frames...>', 'frames, see below');
  addShardOption(addFrameOptions(addFinderOptions(command)))
    .option(
      '--panels <YxX>',
      'the frame is this many equal panels',
      pairOption('--panels', 'x', (n) => Number.isInteger(n) && n > 0),
    )
    .addOption(output('-o, --out <file.cxi>', 'write the peak lists as CXI'))
    .option('--with-frames', 'write the frames into the CXI file too')
    .addOption(output('--csv <file.csv>', 'write one line a spot'))
    .option('--json', 'print everything as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (frames: readonly string[], options: Options) => {
      const request = { ...options, frames };
      if (options.shard !== undefined)
        answerShard(options, await spotfindShard(request, options.shard, showEvents()));
      else if (options.json === true)
        await spotfind(request, showEvents(), jsonSink(writerOf(process.stdout)));
      else say(spotsText(await spotfind(request, showEvents())));
    });
}
