/** `vetoc estimate`: cycles, latency, frame rate and resources of the firmware of a run, as estimates. */
import type { Command } from 'commander';
import { estimateRun, firmwareOptions, synthesizeRun, type FirmwareWish, type RawWish } from '../../index.js';
import { estimateText } from '../../text/index.js';
import { answer, showEvents } from '../console.js';
import { addFirmwareOptions } from '../firmware-options.js';
import { addMapsOptions } from '../frame-arguments.js';

interface Options extends FirmwareWish, RawWish {
  readonly fifos?: boolean;
  readonly synthesize?: boolean;
  readonly json?: boolean;
}

async function runEstimate(dir: string, options: Options): Promise<void> {
  const wish = await firmwareOptions(options);
  const found = await estimateRun(dir, wish, options);
  const synthesis =
    options.synthesize === true ? await synthesizeRun(dir, wish, showEvents(), options) : undefined;
  const { design, ...rest } = found;
  const json = { ...rest, fifos: design.schedule.fifos, ...(synthesis === undefined ? {} : { synthesis }) };
  answer(options, json, () => estimateText(found, options.fifos === true, synthesis));
}

export function define(command: Command): void {
  addFirmwareOptions(
    addMapsOptions(command)
      .argument('<run>', 'folder of a finished run')
      .option('--fifos', 'also list every FIFO with its depth and the reason for it')
      .option('--synthesize', 'also ask Yosys for the cells of the SystemVerilog, stage by stage (minutes)')
      .option('--json', 'print JSON'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  vetoc estimate out/demo --target kcu1500 --pixels-per-clock 8 --latency 20\n  vetoc estimate out/demo --synthesize\n\nThe formulae of the HLS firmware stand in src/backends/hls/estimate.ts, those of the RTL in src/backends/rtl/area; a vendor tool may\nreport otherwise. A synthesis is kept in the run, by the hash of its sources.',
    )
    .action(runEstimate);
}
