/** `vetoc filter`: applies a run's network to frames and writes those it keeps as CXI. */
import { Option, type Command } from 'commander';
import { COMPRESSIONS, READING_THREADS } from '../../data/index.js';
import { filterFrames, type FilterOutcome, type FilterRequest } from '../../index.js';
import { say, sayJson, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { scoreOption, wholeOption } from '../option-values.js';

interface Options extends FilterRequest {
  readonly json?: boolean;
}

const EXAMPLES = `
At least one of --out, --list and --exdf says where to. The scores are kept in OUT.scores while the command runs: killed, the same command goes on where it stopped.
The file has CXI's layout (/entry_1/data_1/data, mask, experiment_identifier), the scores in /vetoc/score, and everything
else that the frames' files hold under its old name, without the rows of vetoed frames.

Examples:
  vetoc filter out/veto --frames run12.cxi --out kept.cxi
  vetoc filter out/veto --frames 'night/*.cbf' --out night.cxi --threshold -20 --skip-bad
  vetoc filter out/veto --frames run12.cxi --list kept.lst
  vetoc filter out/veto --frames 'r0007/CORR-R0007-AGIPD*-S*.h5' --exdf CORR-R0007-REDU00-S00000.h5`;

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
  addFrameOptions(command).addHelpText('after', `${FRAME_HELP}\n${EXAMPLES}`).action(run);
}

async function run(dir: string, options: Options): Promise<void> {
  const outcome = await filterFrames(dir, options, showEvents());
  if (options.json !== true) {
    describe(outcome, options.out);
    return;
  }
  const { frames, kept, keptByPrescale, unreadable, threshold, hits, hitsVetoed, written, skipped } = outcome;
  const { list = null, exdf = null } = options;
  sayJson({
    out: written === null ? null : options.out,
    list,
    exdf,
    frames,
    kept,
    keptByPrescale,
    unreadable,
    threshold,
    ...(hits === 0 ? {} : { hits, hitsVetoed }),
    ...(written === null
      ? {}
      : { pixelType: written.pixelType, carried: written.carried, left: written.left }),
    skipped,
  });
}

function describe(
  { frames, kept, keptByPrescale, unreadable, threshold, hits, hitsVetoed, written }: FilterOutcome,
  out: string | undefined,
): void {
  const share = ((100 * kept) / frames).toFixed(1);
  say(
    `${kept} of ${frames} frames kept (${share} %) at threshold ${threshold}; ${unreadable} could not be read.`,
  );
  if (keptByPrescale > 0) say(`${keptByPrescale} of them are vetoed frames that the prescale keeps.`);
  if (hits > 0) say(`Of ${hits} frames labelled as hits, ${hitsVetoed} were vetoed.`);
  if (written === null && out !== undefined) say(`${out} was not written, because no frame is kept.`);
  else if (written !== null && written.carried.length > 0)
    say(`Carried along: ${written.carried.join(', ')}`);
  for (const { path, why } of written?.left ?? []) say(`Not carried along: ${path} (${why})`);
}
