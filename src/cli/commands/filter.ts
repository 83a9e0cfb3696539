/** `vetoc filter`: applies a run's network to frames and writes those it keeps as CXI. */
import { Option, type Command } from 'commander';
import { COMPRESSIONS, READING_THREADS } from '../../data/index.js';
import { filteredJson, filterFrames, type FilterRequest, filterShard } from '../../index.js';
import { FILTER_HELP, filteredText } from '../../text/index.js';
import { answer, type Asked, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { addShardOption, answerShard, type Sharded } from '../shard-option.js';
import { scoreOption, wholeOption } from '../option-values.js';

type Options = Asked<FilterRequest & Sharded>;

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <frames...>', 'frames to filter')
    .option('-o, --out <file.cxi>', 'write the kept frames, with all that their files say of them')
    .option('--list <file.lst>', 'write the kept frames as a list for indexamajig')
    .option('--exdf <file.h5>', 'write all decisions as extra-redu does, by train and pulse, for EXtra-data')
    .option(
      '--threshold <score>',
      'keep scores from this up (default: the threshold of the run)',
      scoreOption('--threshold'),
    )
    .option(
      '--prescale <n>',
      'keep one in so many vetoed frames, too, by a hash of their number',
      wholeOption('--prescale', 0, 2 ** 24),
    )
    .option('--prescale-key <key>', 'of the hash', wholeOption('--prescale-key', 0, 2 ** 32 - 1))
    .addOption(
      new Option('--compression <name>', 'of the frames written').choices(COMPRESSIONS).default('gzip'),
    )
    .option('--readers <n>', 'threads that read frames', wholeOption('--readers', 1, 64), READING_THREADS)
    .option('--restart', 'forget the scores of a killed run')
    .option('--replace', 'replace the files if they exist')
    .option('--json', 'print a summary as JSON');
  addFrameOptions(addShardOption(command)).addHelpText('after', `${FRAME_HELP}\n${FILTER_HELP}`).action(run);
}

async function run(dir: string, options: Options): Promise<void> {
  if (options.shard !== undefined) {
    answerShard(options, await filterShard(dir, options, options.shard, showEvents()));
    return;
  }
  const outcome = await filterFrames(dir, options, showEvents());
  answer(options, filteredJson(outcome, options), () => filteredText(outcome, options.out));
}
