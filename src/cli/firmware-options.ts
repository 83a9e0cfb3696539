/** Options of the commands that make or estimate firmware. */
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import { PIXELS_PER_CLOCK, type HlsOptions } from '../backends/dataflow/design.js';
import { DEFAULT_LINK, type Link } from '../backends/dataflow/link.js';
import { loadFpga } from '../targets/load.js';
import { positiveOption } from './option-values.js';

export interface FirmwareOptionValues {
  readonly target: string;
  readonly pixelsPerClock: string;
  readonly framesPerSecond?: number;
  readonly clock?: number;
  readonly latency?: number;
  readonly framing: string;
  readonly header: boolean;
  readonly crc?: boolean;
  readonly idleCycles?: number;
  readonly numberStep?: number;
  readonly inputFifo?: number;
  readonly overflow: string;
}

const FRAMINGS = ['ssi', 'tlast'] as const;
const OVERFLOWS = ['wait', 'drop'] as const;

function choice<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new UserError(`"${value}" is none of ${allowed.join(', ')}`, {
      field: option,
      remedy: `choose one`,
    });
  return found;
}

/** A whole number; which ones are allowed, `checkLink` says. */
const wholeOption =
  (option: string) =>
  (text: string): number => {
    if (!/^-?\d+$/.test(text))
      throw new UserError(`"${text}" is no whole number`, { field: option, remedy: 'give digits alone' });
    return Number(text);
  };

/** How frames arrive, as the options say. */
const linkOptions = (values: FirmwareOptionValues): Partial<Link> => ({
  framing: choice('--framing', values.framing, FRAMINGS),
  overflow: choice('--overflow', values.overflow, OVERFLOWS),
  header: values.header,
  crc: values.crc === true,
  ...(values.idleCycles === undefined ? {} : { idleCycles: values.idleCycles }),
  ...(values.numberStep === undefined ? {} : { numberStep: values.numberStep }),
  ...(values.inputFifo === undefined ? {} : { fifoBeats: values.inputFifo }),
});

export const addFirmwareOptions = (command: Command): Command =>
  command
    .option('--target <name>', 'board (vetoc targets lists them), or a target file', 'kcu1500')
    .option('--pixels-per-clock <n>', `pixels a beat at the input: ${PIXELS_PER_CLOCK.join(', ')}`, '1')
    .option(
      '--frames-per-second <n>',
      'frame rate to keep up with (default: that of the pixel stream)',
      positiveOption('--frames-per-second'),
    )
    .option('--clock <MHz>', "clock of the firmware (default: the target's)", positiveOption('--clock'))
    .option('--latency <µs>', 'longest time from the last pixel to the decision', positiveOption('--latency'))
    .option(
      '--framing <kind>',
      "ssi: TUSER marks the start of a frame, as SLAC's SsiPkg; tlast: no TUSER",
      'ssi',
    )
    .option('--no-header', 'frames bring no number of the detector in front of their pixels')
    .option('--crc', 'a CRC-32 stands behind the pixels of a frame')
    .option(
      '--idle-cycles <n>',
      `cycles without a beat after which a frame is given up (default: ${DEFAULT_LINK.idleCycles})`,
      wholeOption('--idle-cycles'),
    )
    .option(
      '--number-step <n>',
      'difference of successive frame numbers (default: 1)',
      wholeOption('--number-step'),
    )
    .option(
      '--input-fifo <beats>',
      'a FIFO in front, for a detector that cannot wait',
      wholeOption('--input-fifo'),
    )
    .option(
      '--overflow <kind>',
      'wait: a full FIFO holds up the detector; drop: it does not, frames without room are kept and flagged',
      'wait',
    );

export async function firmwareOptions(values: FirmwareOptionValues): Promise<HlsOptions> {
  const pixelsPerClock = PIXELS_PER_CLOCK.find((p) => String(p) === values.pixelsPerClock);
  if (pixelsPerClock === undefined)
    throw new UserError(`${values.pixelsPerClock} pixels per clock cannot be had`, {
      field: '--pixels-per-clock',
      remedy: `choose one of ${PIXELS_PER_CLOCK.join(', ')}`,
    });
  return {
    target: await loadFpga(values.target),
    pixelsPerClock,
    link: linkOptions(values),
    ...(values.framesPerSecond === undefined ? {} : { framesPerSecond: values.framesPerSecond }),
    ...(values.clock === undefined ? {} : { clockMHz: values.clock }),
    ...(values.latency === undefined ? {} : { latencyMicroseconds: values.latency }),
  };
}
