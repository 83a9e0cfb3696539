/** What was written as a project of a back end, for a terminal. */
import type { FirmwareFigures } from '../backends/backend.js';
import type { WrittenProject } from '../run/export-project.js';

const count = (n: number): string => Math.ceil(n).toLocaleString('en-US');

/** The figures, a line each, with what is known of their truth. */
function figuresText({ board, basis, fits, resources, timing }: FirmwareFigures): readonly string[] {
  const { clockMHz, cyclesPerFrame, framesPerSecond, limitedBy, lastPixelMicroseconds } = timing;
  const rate = `${count(Math.floor(framesPerSecond))} frames/s (${count(cyclesPerFrame)} cycles a frame, limited by ${limitedBy}), decision ${lastPixelMicroseconds.toFixed(2)} µs after the last pixel`;
  const needed = resources.map((r) => `${count(r.needed)} ${r.name}`).join(', ');
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
