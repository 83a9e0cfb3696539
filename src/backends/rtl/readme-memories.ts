/** What watches the memories of an RTL project, in words, for its README. */
import { coveredElsewhere } from '../hls/readme-memories.js';
import { watchedStages, type WatchedStage } from '../hls/memories.js';
import type { RtlDesign } from './design.js';

const count = (n: number): string => n.toLocaleString('en-US');

export function memoriesText({ plan, network, schedule, clockMHz, ecc }: RtlDesign): string {
  const { scrubFrames, cyclesPerFrame } = schedule;
  const covered = (stage: WatchedStage): string =>
    stage.kind === 'receiveMaps' ? 'each set by its CRC-32' : 'logic: not watched';
  const rows = watchedStages(plan).map((stage, bit) => {
    const memories = (network.hardware.get(stage)!.memories ?? []).filter((m) => m.cycles > 0);
    const bits = memories.reduce((sum, m) => sum + m.depth * m.width * m.copies, 0);
    const round = Math.max(0, ...memories.map((m) => m.cycles));
    return `| ${Math.min(bit, 31)} | ${stage.name} | ${bits === 0 ? covered(stage) : count(bits)} | ${bits === 0 ? '' : count(round)} |`;
  });
  const milliseconds = (scrubFrames * cyclesPerFrame) / clockMHz / 1000;
  return [
    'Weights, biases, shifts, lookup tables and masks that stand in memories are read through their second port, a byte each 4 cycles,',
    'whether frames come or not, at no cost in frame rate. When the CRC-32 of one is not what it should be, its bit in `upsets` rises and',
    'every frame is kept and flagged `upset`, until the memory is right again and the firmware was reset, or (weights that can be',
    'exchanged) new weights count.',
    '',
    scrubFrames === 0
      ? 'This design has no such memory.'
      : `A flipped bit is flagged within one scrub, ${count(scrubFrames)} frames (\`scrub_frames\`): ${milliseconds.toFixed(2)} ms at full rate. That is two rounds of the slowest memory, since a bit that flips right behind the reader is in the CRC of the next round.`,
    '',
    '| bit | stage | bits of a bank | cycles of a round |',
    '|---|---|---|---|',
    ...rows,
    '',
    ...coveredElsewhere(
      ecc
        ? ['and the unfinished blocks of a bin carry 8 check bits for each 64, which correct single flips']
        : [],
    ),
  ].join('\n');
}
