/** The weights of a run as an image for firmware that runs already. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hls } from '../backends/hls/backend.js';
import { imageBytes, weightImage } from '../backends/hls/weight-image.js';
import { weightLayoutSchema, type WeightLayout } from '../backends/hls/weight-layout.js';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { parseJsonAs } from '../core/json.js';
import { loadRun, RUN_FILES } from './folder.js';

export interface ExportWeightsRequest {
  /** The HLS project that the firmware was built from; that of the run unless given. */
  readonly firmware?: string;
  /** File; `weights.bin` in the run unless given. */
  readonly out?: string;
  /** Replace the file if it is there. */
  readonly replace?: boolean;
}

export interface WrittenWeights {
  readonly out: string;
  /** Words of 32 bits. */
  readonly words: number;
  /** The design that takes them, in hexadecimal. */
  readonly design: string;
}

async function readLayout(project: string): Promise<WeightLayout> {
  const file = join(project, 'weights.json');
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UserError('cannot be read: the weights of this firmware are constants, or it is no firmware', {
      file,
      remedy: 'name a folder that vetoc export hls --reloadable wrote',
    });
  });
  return parseJsonAs(
    weightLayoutSchema,
    text,
    file,
    'write the firmware again with vetoc export hls --reloadable',
  );
}

/** Writes the image. Throws `UserError`. */
export async function exportWeights(run: string, request: ExportWeightsRequest): Promise<WrittenWeights> {
  const layout = await readLayout(request.firmware ?? join(run, hls.folder));
  const { fixed, path } = await loadRun(run);
  const image = weightImage(layout, fixed, { file: path(RUN_FILES.fixedGraph) });
  const out = request.out ?? join(run, 'weights.bin');
  if (request.replace !== true && (await stat(out).catch(() => undefined)) !== undefined)
    throw new UserError('already exists; nothing was overwritten', {
      file: out,
      field: '--out',
      remedy: 'name another file, or say --replace',
    });
  await writeFileAtomic(out, imageBytes(image));
  return { out, words: image.length, design: `0x${layout.design.toString(16).padStart(8, '0')}` };
}
