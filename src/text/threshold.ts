/** A guaranteed threshold in words. */
import { table } from '../core/table.js';
import type { ThresholdOutcome } from '../run/threshold.js';
import type { Interval } from '../statistics/proportion.js';

const percent = (share: number): string => `${Number((100 * share).toPrecision(4))} %`;
const between = ({ value, low, high }: Interval & { readonly value: number }): string[] => [
  percent(value),
  `${percent(low)} to ${percent(high)}`,
];

const MILLION = 1_000_000;

/** What holds where `hitRate` of the frames are hits. */
function prevailing({ brought, hitsLost }: ThresholdOutcome, hitRate: number): string[][] {
  const { value, low, high } = brought.framesKept;
  const ofMillion = (share: number): string => (MILLION * hitRate * share).toFixed(0);
  return [
    [
      `data reduction: frames rejected, ${percent(hitRate)} of all being hits`,
      ...between({ value: 1 - value, low: 1 - high, high: 1 - low }),
    ],
    ['precision: hits among the frames kept', ...between(brought.precision)],
    [
      'hits lost in a million frames',
      ofMillion(hitsLost.value),
      `${ofMillion(hitsLost.low)} to ${ofMillion(hitsLost.high)}`,
    ],
  ];
}

/** What the threshold brings, a line each, with intervals at the confidence that was asked for. */
function yieldTable(outcome: ThresholdOutcome, hitRate: number | undefined): string {
  const { found, brought, hitsLost, indexableLost } = outcome;
  return table(
    ['', 'measured', `interval at ${percent(found.confidence)}`],
    [
      ['hits lost', ...between(hitsLost)],
      ...(indexableLost === null ? [] : [['patterns lost that can be indexed', ...between(indexableLost)]]),
      ['misses rejected', ...between(brought.missesRejected)],
      ...(hitRate === undefined ? [] : prevailing(outcome, hitRate)),
    ],
  );
}

/** The threshold, the guarantee, and what it brings where a share `hitRate` of the frames are hits. */
export function thresholdFoundText(outcome: ThresholdOutcome, hitRate: number | undefined): string {
  const lines: string[] = [];
  const say = (line: string): void => {
    lines.push(line);
  };
  const { found, level, current, leftOut, unknown } = outcome;
  say(
    `Threshold ${found.threshold} levels (a level is ${level} of the logits; the run has ${current}): ` +
      `at most ${percent(found.lost)} of the hits are lost, with confidence ${percent(found.confidence)}.`,
  );
  say(`It is the score of the hit that is number ${found.rank} of ${found.hits} from below.`);
  if (unknown > 0) say(`${unknown} frames that nobody is sure of were left out.`);
  if (leftOut > 0) say(`${leftOut} frames that trained, validated or calibrated the run were left out.`);
  say(`\n${yieldTable(outcome, hitRate)}`);
  say('\nThe guarantee is for hits of the same source as these: the same detector, crystals and beam.');
  say(
    `Use it: vetoc evaluate or filter --threshold ${found.threshold}, or the firmware's threshold register.`,
  );
  return lines.join('\n');
}
