/** What was written as a project of a back end, for a terminal. */
import type { FirmwareFigures } from '../backends/backend.js';
import { table } from '../core/table.js';
import type { WrittenDialect } from '../run/export-dialects.js';
import type { WrittenWeights } from '../run/export-weights.js';
import type { WrittenProject } from '../run/export-project.js';
import { countText } from './numbers.js';

/** The figures, a line each, with what is known of their truth. */
function figuresText({ board, basis, fits, resources, timing }: FirmwareFigures): readonly string[] {
  const { clockMHz, cyclesPerFrame, framesPerSecond, limitedBy, lastPixelMicroseconds } = timing;
  const rate = `${countText(Math.floor(framesPerSecond))} frames/s (${countText(cyclesPerFrame)} cycles a frame, limited by ${limitedBy}), decision ${lastPixelMicroseconds.toFixed(2)} µs after the last pixel`;
  const needed = resources.map((r) => `${countText(r.needed)} ${r.name}`).join(', ');
  return [
    basis === 'estimated'
      ? `Estimated: ${rate}.`
      : `${rate}: simulation is held to the cycles, nobody has measured the clock of ${clockMHz} MHz.`,
    ...(fits === null ? [] : [`Estimated: ${needed}: ${fits ? 'fits' : 'does NOT fit'} ${board}.`]),
  ];
}

/** What stands where, its figures, and how it is checked. */
export const projectText = ({ out, files, firmware, check }: WrittenProject): string =>
  [
    `${files.length} files in ${out}: start with its README.md.`,
    ...figuresText(firmware),
    `Check it: make -C ${out} ${check}`,
  ].join('\n');

/** The files that were written, what each is for, and what whoever runs them should know. */
export const dialectsText = (
  files: readonly WrittenDialect[],
  summary: (dialect: string) => string,
): string =>
  [
    table(
      ['dialect', 'file', 'bytes', 'for'],
      files.map((w) => [w.dialect, w.file, String(w.bytes), summary(w.dialect)]),
    ),
    ...files.flatMap(({ dialect, notes }) => notes.map((note) => `${dialect}: ${note}`)),
  ].join('\n');

/** An image of weights, and where it goes. */
export const weightsText = ({ out, words, design }: WrittenWeights): string =>
  `${words} words of 32 bits for design ${design} in ${out}: send them to the stream weights, TLAST with the last.`;
