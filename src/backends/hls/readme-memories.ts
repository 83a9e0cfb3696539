/** What watches the memories, in words, for the README of a project. */
import type { Design } from '../dataflow/design.js';
import { scrubFrames, watchedMemories } from './memories.js';

const count = (n: number): string => n.toLocaleString('en-US');

/** `frameMicroseconds`: from frame to frame at full rate. */
export function memoriesText({ plan, ecc }: Design, frameMicroseconds: number): string {
  const memories = watchedMemories(plan);
  const inMemory = memories.filter((m) => m.words > 0);
  const frames = scrubFrames(plan);
  const mapsStage = plan.stages.find(({ kind }) => kind === 'receiveMaps')?.name;
  const rows = memories.map(
    ({ stage, words, frames }, bit) =>
      `| ${Math.min(bit, 31)} | ${stage} | ${words === 0 ? (stage === mapsStage ? 'each set by its CRC-32' : 'logic: not watched') : count(words)} | ${words === 0 ? '' : count(frames)} |`,
  );
  return [
    '**Flipped bits.** Weights, biases, shifts, lookup tables and masks that stand in memories are read again and again beside the',
    'work, through the second port, at no cost in frame rate. When the CRC-32 of one is not what it should be, its bit in `upsets`',
    'rises and every frame is kept and flagged `upset`, until the memory is right again and the firmware was reset, or (weights that',
    'can be exchanged) new weights count.',
    '',
    inMemory.length === 0
      ? 'This design has no such memory.'
      : `A flipped bit is flagged within one scrub, ${count(frames)} frames (\`scrub_frames\`): ${((frames * frameMicroseconds) / 1000).toFixed(2)} ms at full rate. That is two passes over the largest memory: a CRC is known at its end, and a bit that flips right behind the reader is in that of the next pass. The scrubber moves with the frames: while none come nothing is read, and nothing is decided.`,
    '',
    '| bit | stage | words of 32 bits | frames until flagged |',
    '|---|---|---|---|',
    ...rows,
    '',
    ...coveredElsewhere(ecc ? ['stand in block RAM with ECC, which corrects single flips'] : []),
  ].join('\n');
}

/** What no scrubber of a project reads, and who covers it; `lines`: how line buffers correct flips, where they do. */
export const coveredElsewhere = (lines: readonly string[]): readonly string[] => [
  'Constants that became logic (a stage with one row of weights, shifts and additions), flip-flops, FIFOs and line buffers are not read back.',
  "The first are bits of the configuration: the vendor's own scrubbing (SEM IP; on parts of several dies one a die) finds and mends those, and",
  'does not look into block RAM or LUT RAM that is written: the two cover what the other leaves. A flip in a FIFO changes one frame.',
  lines.length > 0
    ? `Line buffers ${lines.join(' ')}. Weights and tables do not: their second port is the scrubber’s.`
    : 'So does one in a line buffer, unless these are built to correct it (\`--ecc\`). Weights and tables have none: their second port is the scrubber’s.',
];
