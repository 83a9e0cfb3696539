/** What a veto would bring, in words. */
import { table } from '../core/table.js';
import type { PlanOutcome } from '../run/plan.js';
import { countText, sizeText } from './numbers.js';

const wholeText = (n: number): string => countText(Math.round(n));
const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** What is kept beside what there is, what the veto must keep up with, and what it cannot do. */
export function planText(plan: PlanOutcome): string {
  const { kept, pace, waiting } = plan;
  const rows = [
    ['frames', wholeText(plan.frames), wholeText(kept.frames), percent(kept.share)],
    [
      'hits',
      wholeText(plan.hits),
      wholeText(kept.hits),
      percent(plan.hits === 0 ? 1 : kept.hits / plan.hits),
    ],
    ['bytes', sizeText(plan.bytes), sizeText(kept.bytes), percent(kept.share)],
    ['bytes a second', sizeText(plan.bytesPerSecond), sizeText(plan.keptBytesPerSecond), percent(kept.share)],
    [
      'hits among the frames',
      percent(plan.hits / plan.frames),
      percent(plan.precision),
      `${plan.enrichment.toFixed(1)} times`,
    ],
  ];
  return [
    table([plan.title, 'without a veto', 'with it', ''], rows),
    '',
    `${wholeText(plan.hitsLost)} hits are lost. The frames take ${(plan.seconds / 60).toFixed(1)} minutes at ${sizeText(plan.bytesPerFrame)} each.`,
    `While frames are read out the veto decides ${wholeText(pace.framesPerSecond)} a second, ${pace.microseconds.toFixed(1)} µs each.`,
    ...(waiting === null
      ? []
      : [
          `${wholeText(waiting.frames)} frame${waiting.frames === 1 ? ' waits for its decision' : 's wait for their decisions'} at a time (${sizeText(waiting.bytes)}): memory behind the readout.`,
        ]),
    ...(plan.freedCells === null
      ? []
      : [
          'No memory cell is freed: an image is there when its burst is over. What is saved is what is moved and stored behind the readout, not',
          'frames within a train. For those the veto line of the clock and control system takes signals that are fast enough, which no image is.',
        ]),
  ].join('\n');
}
