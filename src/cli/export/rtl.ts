/** `vetoc export rtl`: the firmware of a run as SystemVerilog. */
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { exportRtl } from '../../run/export-rtl.js';
import { say, sayJson } from '../console.js';
import { addFirmwareOptions, firmwareOptions, type FirmwareOptionValues } from '../firmware-options.js';

interface Values extends FirmwareOptionValues {
  readonly out?: string;
  readonly replace?: boolean;
  readonly reloadable?: boolean;
  readonly json?: boolean;
}

async function runExportRtl(
  run: string,
  { out: folder, replace, reloadable, ...values }: Values,
): Promise<void> {
  if (reloadable === true)
    throw new UserError('weights that can be exchanged are in the HLS firmware only, so far', {
      field: '--reloadable',
      remedy: 'use vetoc export hls --reloadable, or leave the option out',
    });
  const written = await exportRtl(run, {
    design: await firmwareOptions(values),
    ...(folder === undefined ? {} : { out: folder }),
    replace: replace === true,
  });
  const { out, files, clockMHz, cycles } = written;
  if (values.json === true) {
    sayJson(written);
    return;
  }
  const { cyclesPerFrame, bottleneck, latencyLastPixel } = cycles;
  const count = (n: number): string => n.toLocaleString('en-US');
  say(`${files.length} files in ${out}: start with its README.md.`);
  say(
    `${count(cyclesPerFrame)} cycles a frame (limited by ${bottleneck}), decision ${count(latencyLastPixel)} cycles after the last pixel: what simulation is held to.`,
  );
  say(
    `At ${clockMHz} MHz, which nobody has measured: ${count(Math.floor((clockMHz * 1e6) / cyclesPerFrame))} frames/s, ${(latencyLastPixel / clockMHz).toFixed(2)} µs.`,
  );
  say(`Check it: vetoc verify ${run} --witness rtl, or make -C ${out} check`);
}

export function addExportRtl(command: Command): void {
  addFirmwareOptions(
    command
      .command('rtl')
      .description('The SystemVerilog project with benches, golden vectors, cycle model and scripts.')
      .argument('<run>', 'folder of a finished run')
      .option('--out <dir>', 'folder to write (default: RUN/rtl, where vetoc verify looks)')
      .option('--replace', 'replace the folder if it is there')
      .option('--reloadable', 'refused: weights that can be exchanged are in the HLS firmware only, so far')
      .option('--json', 'print JSON'),
  )
    .addHelpText('after', '\nExample:\n  vetoc export rtl out/demo --pixels-per-clock 4 --latency 5')
    .action(runExportRtl);
}
