/** `vetoc export weights`: the weights of a run as an image for firmware that runs already. */
import type { Command } from 'commander';
import { exportWeights, type ExportWeightsRequest } from '../../index.js';
import { output } from '../outputs.js';
import { say, sayJson } from '../console.js';

async function run(dir: string, options: ExportWeightsRequest & { readonly json?: boolean }): Promise<void> {
  const written = await exportWeights(dir, options);
  const { out, words, design } = written;
  if (options.json === true) sayJson(written);
  else
    say(
      `${words} words of 32 bits for design ${design} in ${out}: send them to the stream weights, TLAST with the last.`,
    );
}

export function addExportWeights(command: Command): void {
  command
    .command('weights')
    .description("A run's weights and threshold, for firmware with reloadable weights: no synthesis.")
    .argument('<run>', 'folder of a finished run')
    .option('--firmware <dir>', 'the HLS project that the firmware was built from (default: RUN/hls)')
    .addOption(output('--out <file>', 'file to write (default: RUN/weights.bin)'))
    .option('--replace', 'replace the file if it is there')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  vetoc export hls out/night1 --reloadable --out firmware\n  vetoc export weights out/night2 --firmware firmware --out night2.bin',
    )
    .action(run);
}
