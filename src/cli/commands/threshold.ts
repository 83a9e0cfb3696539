/** `vetoc threshold`: the threshold that loses at most so many hits, with a guarantee, and what it brings. */
import type { Command } from 'commander';
import { table } from '../../core/table.js';
import { lsb } from '../../fixed/format.js';
import { findNode, veto } from '../../ir/graph.js';
import { beginStage } from '../../run/events.js';
import { loadRun } from '../../run/folder.js';
import type { FrameOptionValues } from '../../run/frame-options.js';
import { checkFrameSize } from '../../run/frames-for-network.js';
import { openFrameArguments } from '../../run/open-frames.js';
import { scoreFixed } from '../../run/stages/score.js';
import { unseenFrames } from '../../run/unseen-frames.js';
import { clopperPearson } from '../../statistics/binomial.js';
import {
  guaranteedThreshold,
  yieldAt,
  type GuaranteedThreshold,
  type Yield,
} from '../../statistics/guarantee.js';
import type { Interval } from '../../statistics/proportion.js';
import { say, sayJson, showEvents } from '../console.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { shareOption } from '../option-values.js';

interface Options extends FrameOptionValues {
  readonly frames: string[];
  readonly lose: number;
  readonly confidence: number;
  readonly hitRate?: number;
  readonly json?: boolean;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(4))} %`;
const between = ({ value, low, high }: Interval & { readonly value: number }): string[] => [
  percent(value),
  `${percent(low)} to ${percent(high)}`,
];

/** What the threshold brings, a line each, with intervals at the confidence that was asked for. */
function yieldTable(found: GuaranteedThreshold, brought: Yield, hitRate: number | undefined): string {
  const { hits, hitsBelow, confidence } = found;
  const lost = { value: hitsBelow / hits, ...clopperPearson(hitsBelow, hits, confidence) };
  return table(
    ['', 'measured', `interval at ${percent(confidence)}`],
    [
      ['hits lost', ...between(lost)],
      ['misses rejected', ...between(brought.missesRejected)],
      ...(hitRate === undefined
        ? []
        : [
            [`frames kept, ${percent(hitRate)} of them hits`, ...between(brought.framesKept)],
            ['hits among the frames kept', ...between(brought.precision)],
          ]),
    ],
  );
}

async function run(dir: string, options: Options): Promise<void> {
  const { fixed } = await loadRun(dir);
  const emit = showEvents();
  const { source } = await openFrameArguments(options.frames, options, emit);
  try {
    checkFrameSize(source, fixed);
    const { indices, isHit, leftOut, unknown } = unseenFrames(source);
    const progress = beginStage(emit, 'Score');
    const scores = (await scoreFixed(fixed, source, indices, progress)).map((row) =>
      veto(row, fixed.hitClasses),
    );
    progress.finish(`${scores.length} frames`);
    const hits = scores.filter((_, k) => isHit[k]!);
    const misses = scores.filter((_, k) => !isHit[k]!);
    const found = guaranteedThreshold(hits, { lost: options.lose, confidence: options.confidence });
    const brought = yieldAt(found, misses, options.hitRate ?? 0);
    const level = lsb(findNode(fixed, fixed.output).format);
    if (options.json === true) {
      const { framesKept, precision, missesRejected } = brought;
      const prevailing =
        options.hitRate === undefined ? {} : { hitRate: options.hitRate, framesKept, precision };
      sayJson({ run: dir, ...found, level, missesRejected, ...prevailing, leftOut, unknown });
      return;
    }
    say(
      `Threshold ${found.threshold} levels (a level is ${level} of the logits; the run has ${fixed.threshold}): ` +
        `at most ${percent(found.lost)} of the hits are lost, with confidence ${percent(found.confidence)}.`,
    );
    say(`It is the score of the hit that is number ${found.rank} of ${found.hits} from below.`);
    if (unknown > 0) say(`${unknown} frames that nobody is sure of were left out.`);
    if (leftOut > 0) say(`${leftOut} frames that trained, validated or calibrated the run were left out.`);
    say(`\n${yieldTable(found, brought, options.hitRate)}`);
    say('\nThe guarantee is for hits of the same source as these: the same detector, crystals and beam.');
    say(
      `Use it: vetoc evaluate or filter --threshold ${found.threshold}, or the firmware's threshold register.`,
    );
  } finally {
    await source.close();
  }
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--frames <file...>', 'labelled frames that had no part in training')
    .requiredOption(
      '--lose <share>',
      'largest share of hits that may be lost: 0.1% or 0.001',
      shareOption('--lose'),
    )
    .option('--confidence <share>', 'how sure that is', shareOption('--confidence'), 0.95)
    .option('--hit-rate <share>', 'share of hits where the veto will run: 0.4%', shareOption('--hit-rate'))
    .option('--json', 'print JSON');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}

No assumption is made of how scores are spread: the threshold is one of the hits' own scores. Where there are too few hits
for the guarantee, the command says how many it takes.

Example:
  vetoc threshold out/night --frames other-night.h5 --lose 0.5% --confidence 95% --hit-rate 0.4%`,
    )
    .action(run);
}
