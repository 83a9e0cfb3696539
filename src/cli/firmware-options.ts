/** Options of the commands that make or estimate firmware. */
import type { Command } from 'commander';
import { DEFAULT_LINK, PIXELS_PER_CLOCK } from '../backends/hls/index.js';
import { FRAMINGS, OVERFLOWS, parsePixelsPerClock } from '../index.js';
import { choiceOption, numberOption, positiveOption } from './option-values.js';

/** A whole number; which ones are allowed, `checkLink` says. */
const anyWhole = (option: string) => numberOption(option, { low: -Infinity, high: Infinity, whole: true });

export const addFirmwareOptions = (command: Command): Command =>
  command
    .option('--target <name>', 'board (vetoc targets lists them), or a target file', 'kcu1500')
    .option(
      '--pixels-per-clock <n>',
      `pixels a beat at the input: ${PIXELS_PER_CLOCK.join(', ')}`,
      parsePixelsPerClock,
      1,
    )
    .option(
      '--frames-per-second <n>',
      'frame rate to keep up with (default: that of the pixel stream)',
      positiveOption('--frames-per-second'),
    )
    .option('--clock <MHz>', "clock of the firmware (default: the target's)", positiveOption('--clock'))
    .option(
      '--latency <µs>',
      'longest time from the last pixel to the decision; else that of the run, for its board',
      positiveOption('--latency'),
    )
    .option(
      '--framing <kind>',
      "ssi: TUSER marks the start of a frame, as SLAC's SsiPkg; tlast: no TUSER",
      choiceOption('--framing', FRAMINGS),
      'ssi',
    )
    .option('--no-header', 'frames bring no number of the detector in front of their pixels')
    .option('--crc', 'a CRC-32 stands behind the pixels of a frame')
    .option(
      '--idle-cycles <n>',
      `cycles without a beat after which a frame is given up (default: ${DEFAULT_LINK.idleCycles})`,
      anyWhole('--idle-cycles'),
    )
    .option(
      '--number-step <n>',
      'difference of successive frame numbers (default: 1)',
      anyWhole('--number-step'),
    )
    .option(
      '--input-fifo <beats>',
      'a FIFO in front, for a detector that cannot wait',
      anyWhole('--input-fifo'),
    )
    .option(
      '--overflow <kind>',
      'wait: a full FIFO holds up the detector; drop: it does not, frames without room are kept and flagged',
      choiceOption('--overflow', OVERFLOWS),
      'wait',
    )
    .option('--ecc', 'line buffers that correct single flipped bits')
    .option('--canary', 'reloadable: a second network in shadow, before new weights decide');
