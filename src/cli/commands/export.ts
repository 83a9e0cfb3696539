/** `vetoc export`: the firmware of a run, for the board and the rate that are asked for; its weights; ONNX files. */
import type { Command } from 'commander';
import { exportHls } from '../../run/export-hls.js';
import { say, sayJson } from '../console.js';
import { addExportOnnx } from '../export/onnx.js';
import { addExportRtl } from '../export/rtl.js';
import { addExportWeights } from '../export/weights.js';
import { addFirmwareOptions, firmwareOptions, type FirmwareOptionValues } from '../firmware-options.js';

interface HlsValues extends FirmwareOptionValues {
  readonly out?: string;
  readonly replace?: boolean;
  readonly reloadable?: boolean;
  readonly json?: boolean;
}

async function runExportHls(
  run: string,
  { out: folder, replace, reloadable, ...values }: HlsValues,
): Promise<void> {
  const { out, files, summary, board } = await exportHls(run, {
    design: await firmwareOptions(values),
    ...(folder === undefined ? {} : { out: folder }),
    replace: replace === true,
    reloadable: reloadable === true,
  });
  if (values.json === true) {
    sayJson({ out, files, ...summary });
    return;
  }
  const { timing, estimate } = summary;
  say(`${files.length} files in ${out}: start with its README.md.`);
  say(
    `Estimated: ${Math.floor(timing.framesPerSecond).toLocaleString('en-US')} frames/s (limited by ${timing.limitedBy}), decision ${timing.lastPixelMicroseconds.toFixed(2)} µs after the last pixel.`,
  );
  say(
    `Estimated: ${Math.ceil(estimate.total.lut).toLocaleString('en-US')} LUT, ${estimate.total.dsp} DSP, ${estimate.total.bram36} BRAM36: ${estimate.fits ? 'fits' : 'does NOT fit'} ${board}.`,
  );
  say(`Check it: make -C ${out} check-streams`);
}

export function define(command: Command): void {
  addExportOnnx(command);
  addExportWeights(command);
  addExportRtl(command);
  addFirmwareOptions(
    command
      .command('hls')
      .description('The HLS C++ project with test bench, golden vectors and scripts.')
      .argument('<run>', 'folder of a finished run')
      .option('--out <dir>', 'folder to write (default: RUN/hls-TARGET)')
      .option('--replace', 'replace the folder if it is there')
      .option(
        '--reloadable',
        'weights that can be exchanged while frames run (vetoc export weights writes them)',
      )
      .option('--json', 'print JSON'),
  )
    .addHelpText(
      'after',
      '\nExample:\n  vetoc export hls out/demo --target zcu102 --pixels-per-clock 4 --frames-per-second 2000',
    )
    .action(runExportHls);
}
