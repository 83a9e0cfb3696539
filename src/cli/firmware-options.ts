/** Options of the commands that make or estimate firmware. */
import type { Command } from 'commander';
import { UserError } from '../core/errors.js';
import { PIXELS_PER_CLOCK, type HlsOptions } from '../backends/dataflow/design.js';
import { loadFpga } from '../targets/load.js';
import { positiveOption } from './option-values.js';

export interface FirmwareOptionValues {
  readonly target: string;
  readonly pixelsPerClock: string;
  readonly framesPerSecond?: number;
  readonly clock?: number;
  readonly latency?: number;
}

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
    .option(
      '--latency <µs>',
      'longest time from the last pixel to the decision',
      positiveOption('--latency'),
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
    ...(values.framesPerSecond === undefined ? {} : { framesPerSecond: values.framesPerSecond }),
    ...(values.clock === undefined ? {} : { clockMHz: values.clock }),
    ...(values.latency === undefined ? {} : { latencyMicroseconds: values.latency }),
  };
}
