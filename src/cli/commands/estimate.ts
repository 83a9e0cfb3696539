/** `vetoc estimate`: cycles, latency, frame rate and resources of the firmware of a run, as estimates. */
import type { Command } from 'commander';
import { estimateRun, firmwareOptions, type FirmwareWish } from '../../index.js';
import { estimateText } from '../../text/index.js';
import { answer } from '../console.js';
import { addFirmwareOptions } from '../firmware-options.js';

interface Options extends FirmwareWish {
  readonly fifos?: boolean;
  readonly json?: boolean;
}

async function runEstimate(dir: string, options: Options): Promise<void> {
  const found = await estimateRun(dir, await firmwareOptions(options));
  const { design, ...rest } = found;
  const json = { ...rest, fifos: design.schedule.fifos };
  answer(options, json, () => estimateText(found, options.fifos === true));
}

export function define(command: Command): void {
  addFirmwareOptions(
    command
      .argument('<run>', 'folder of a finished run')
      .option('--fifos', 'also list every FIFO with its depth and the reason for it')
      .option('--json', 'print JSON'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  vetoc estimate out/demo --target kcu1500 --pixels-per-clock 8 --latency 20\n\nThe formulae stand in src/backends/hls/estimate.ts; a vendor tool may report otherwise.',
    )
    .action(runEstimate);
}
