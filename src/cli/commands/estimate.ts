/** `vetoc estimate`: cycles, latency, frame rate and resources of the firmware of a run, as estimates. */
import type { Command } from 'commander';
import { estimateRun } from '../../index.js';
import { estimateText } from '../../text/index.js';
import { say, sayJson } from '../console.js';
import { addFirmwareOptions, firmwareOptions, type FirmwareOptionValues } from '../firmware-options.js';

interface Options extends FirmwareOptionValues {
  readonly fifos?: boolean;
  readonly json?: boolean;
}

async function runEstimate(dir: string, options: Options): Promise<void> {
  const found = await estimateRun(dir, await firmwareOptions(options));
  const { design, ...rest } = found;
  if (options.json === true) sayJson({ ...rest, fifos: design.schedule.fifos });
  else say(estimateText(found, options.fifos === true));
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
