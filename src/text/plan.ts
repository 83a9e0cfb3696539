/** What a veto would bring, in words. */
import { table } from '../core/table.js';
import type { PlanOutcome } from '../run/plan.js';

const count = (n: number): string => Math.round(n).toLocaleString('en-US');
const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

function size(bytes: number): string {
  const step = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(bytes, 1)) / 3)));
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${UNITS[step]!}`;
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** What is kept beside what there is, what the veto must keep up with, and what it cannot do. */
export function planText(plan: PlanOutcome): string {
  const { kept, pace, waiting } = plan;
  const rows = [
    ['frames', count(plan.frames), count(kept.frames), percent(kept.share)],
    ['hits', count(plan.hits), count(kept.hits), percent(plan.hits === 0 ? 1 : kept.hits / plan.hits)],
    ['bytes', size(plan.bytes), size(kept.bytes), percent(kept.share)],
    ['bytes a second', size(plan.bytesPerSecond), size(plan.keptBytesPerSecond), percent(kept.share)],
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
    `${count(plan.hitsLost)} hits are lost. The frames take ${(plan.seconds / 60).toFixed(1)} minutes at ${size(plan.bytesPerFrame)} each.`,
    `While frames are read out the veto decides ${count(pace.framesPerSecond)} a second, ${pace.microseconds.toFixed(1)} µs each.`,
    ...(waiting === null
      ? []
      : [
          `${count(waiting.frames)} frame${waiting.frames === 1 ? ' waits for its decision' : 's wait for their decisions'} at a time (${size(waiting.bytes)}): memory behind the readout.`,
        ]),
    ...(plan.freedCells === null
      ? []
      : [
          'No memory cell is freed: an image is there when its burst is over. What is saved is what is moved and stored behind the readout, not',
          'frames within a train. For those the veto line of the clock and control system takes signals that are fast enough, which no image is.',
        ]),
  ].join('\n');
}
