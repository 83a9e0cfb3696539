/** `vetoc export weights`: the weights of a run as an image for firmware that runs already. */
import type { Command } from 'commander';
import { exportWeights, type ExportWeightsRequest } from '../../index.js';
import { weightsText } from '../../text/index.js';
import { output } from '../outputs.js';
import { answer, type Asked } from '../console.js';

async function run(dir: string, options: Asked<ExportWeightsRequest>): Promise<void> {
  const written = await exportWeights(dir, options);
  answer(options, written, () => weightsText(written));
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
