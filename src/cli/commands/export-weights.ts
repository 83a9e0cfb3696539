/** `vetoc export weights`: the weights of a run as an image for firmware that runs already. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { imageBytes, weightImage } from '../../backends/hls/weight-image.js';
import { weightLayoutSchema, type WeightLayout } from '../../backends/hls/weight-layout.js';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { say, sayJson } from '../console.js';
import { RUN_FILES } from '../../run/folder.js';
import { readGraph } from '../../ir/graph-files.js';

interface WeightValues {
  readonly firmware?: string;
  readonly out?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

async function readLayout(project: string): Promise<WeightLayout> {
  const file = join(project, 'weights.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError('cannot be read: the weights of this firmware are constants, or it is no firmware', {
      file,
      remedy: 'name a folder that vetoc export hls --reloadable wrote',
    });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(`not JSON: ${(error as Error).message}`, { file });
  }
  const parsed = weightLayoutSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new UserError('is not a layout of weights', {
    file,
    field: parsed.error.issues[0]?.path.join('.') ?? '',
    remedy: 'write the firmware again with vetoc export hls --reloadable',
  });
}

async function runExportWeights(run: string, values: WeightValues): Promise<void> {
  const layout = await readLayout(values.firmware ?? join(run, RUN_FILES.hls));
  const file = join(run, RUN_FILES.fixedGraph);
  const image = weightImage(layout, await readGraph(file, 'fixed'), { file });
  const out = values.out ?? join(run, 'weights.bin');
  if (values.replace !== true && (await stat(out).catch(() => undefined)) !== undefined)
    throw new UserError('already exists; nothing was overwritten', {
      file: out,
      field: '--out',
      remedy: 'name another file, or say --replace',
    });
  await writeFileAtomic(out, imageBytes(image));
  const design = `0x${layout.design.toString(16).padStart(8, '0')}`;
  if (values.json === true) sayJson({ out, words: image.length, design });
  else
    say(
      `${image.length} words of 32 bits for design ${design} in ${out}: send them to the stream weights, TLAST with the last.`,
    );
}

export function addExportWeights(command: Command): void {
  command
    .command('weights')
    .description("A run's weights and threshold, for firmware with reloadable weights: no synthesis.")
    .argument('<run>', 'folder of a finished run')
    .option('--firmware <dir>', 'the HLS project that the firmware was built from (default: RUN/hls)')
    .option('--out <file>', 'file to write (default: RUN/weights.bin)')
    .option('--replace', 'replace the file if it is there')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  vetoc export hls out/night1 --reloadable --out firmware\n  vetoc export weights out/night2 --firmware firmware --out night2.bin',
    )
    .action(runExportWeights);
}
