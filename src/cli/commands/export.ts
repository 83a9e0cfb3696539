/** `vetoc export`: the firmware of a run, for the board and the rate that are asked for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { designHls } from '../../backends/dataflow/design.js';
import { emitDesign } from '../../backends/hls/emit.js';
import { goldenFiles } from '../../backends/hls/golden.js';
import { withReloadableWeights } from '../../backends/hls/reloadable.js';
import { summarize } from '../../backends/hls/summary.js';
import { UserError } from '../../core/errors.js';
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { interpret } from '../../simulate/interpret.js';
import { say, sayJson } from '../console.js';
import { addFirmwareOptions, firmwareOptions, type FirmwareOptionValues } from '../firmware-options.js';
import { draftRun, RUN_FILES } from '../../run/folder.js';
import { readGraph } from '../../ir/graph-files.js';
import { addExportOnnx } from './export-onnx.js';
import { addExportWeights } from './export-weights.js';

interface HlsValues extends FirmwareOptionValues {
  readonly out?: string;
  readonly replace?: boolean;
  readonly reloadable?: boolean;
  readonly json?: boolean;
}

/** The raw frames of the run's own golden vectors. */
async function goldenFrames(run: string, graph: FixedGraph): Promise<Uint16Array[]> {
  const file = join(run, RUN_FILES.hls, 'golden', 'frames.bin');
  const bytes = await readFile(file).catch(() => {
    throw new UserError('cannot be read', {
      file,
      remedy: 'run vetoc run again: it writes the golden frames',
    });
  });
  const { size } = inputNode(graph);
  const pixels = size[0] * size[1];
  if (bytes.length === 0 || bytes.length % (2 * pixels) !== 0)
    throw new UserError(`does not hold whole ${size.join('×')} frames`, { file });
  return Array.from({ length: bytes.length / (2 * pixels) }, (_, f) =>
    Uint16Array.from({ length: pixels }, (__, i) => bytes.readUInt16LE(2 * (f * pixels + i))),
  );
}

async function runExportHls(run: string, values: HlsValues): Promise<void> {
  const read = await readGraph(join(run, RUN_FILES.fixedGraph), 'fixed');
  const graph = values.reloadable === true ? withReloadableWeights(read) : read;
  const design = designHls(graph, await firmwareOptions(values));
  const out = values.out ?? join(run, `hls-${design.target.name}`);
  const frames = await goldenFrames(run, graph);
  const draft = await draftRun(out, values.replace);
  const files: Readonly<Record<string, string | Uint8Array>> = {
    ...emitDesign(design),
    ...goldenFiles(design, frames, (network, frame) => interpret(network, frame, true)),
  };
  try {
    for (const [path, content] of Object.entries(files)) await draft.write(path, content);
    await draft.publish();
  } catch (error) {
    await draft.discard();
    throw error;
  }
  const summary = summarize(design);
  if (values.json === true) {
    sayJson({ out, files: Object.keys(files), ...summary });
    return;
  }
  const { timing, estimate } = summary;
  say(`${Object.keys(files).length} files in ${out}: start with its README.md.`);
  say(
    `Estimated: ${Math.floor(timing.framesPerSecond).toLocaleString('en-US')} frames/s (limited by ${timing.limitedBy}), decision ${timing.lastPixelMicroseconds.toFixed(2)} µs after the last pixel.`,
  );
  say(
    `Estimated: ${Math.ceil(estimate.total.lut).toLocaleString('en-US')} LUT, ${estimate.total.dsp} DSP, ${estimate.total.bram36} BRAM36: ${estimate.fits ? 'fits' : 'does NOT fit'} ${design.target.title}.`,
  );
  say(`Check it: make -C ${out} check-streams`);
}

export function define(command: Command): void {
  addExportOnnx(command);
  addExportWeights(command);
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
