/** `vetoc spotfind`: the classical spot finders on any frames, with peak lists that CrystFEL reads. */
import type { Command } from 'commander';
import { jsonSink, spotfind, type SpotfindRequest, spotfindShard } from '../../index.js';
import { writerOf } from '../../core/files.js';
import { SPOTFIND_HELP, spotsText } from '../../text/index.js';
import { type Asked, say, showEvents } from '../console.js';
import { addFinderOptions } from '../finder-options.js';
import { addFrameOptions } from '../frame-arguments.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { pairOption } from '../option-values.js';
import { output } from '../outputs.js';

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
    .addHelpText('after', SPOTFIND_HELP)
    .action(async (frames: readonly string[], options: Options) => {
      const request = { ...options, frames };
      if (options.shard !== undefined)
        answerShard(options, await spotfindShard(request, options.shard, showEvents()));
      else if (options.json === true)
        await spotfind(request, showEvents(), jsonSink(writerOf(process.stdout)));
      else say(spotsText(await spotfind(request, showEvents())));
    });
}
