/** The networks of a finished run in any ONNX dialect. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ONNX_DIALECTS, type OnnxDialectName } from '../backends/onnx/dialects.js';
import type { EmitOptions } from '../backends/onnx/metadata.js';
import { writeFileAtomic } from '../core/files.js';
import { version } from '../core/version.js';
import { loadRun } from './folder.js';
import { recipeHash } from './recipe.js';

export interface ExportOnnxRequest {
  readonly dialects: readonly OnnxDialectName[];
  /** Folder; `onnx/` in the run unless given. */
  readonly out?: string;
  /** Also put out the tensor of every node. */
  readonly intermediates?: boolean;
}

export interface WrittenOnnx {
  readonly dialect: OnnxDialectName;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes the files. Throws `UserError`, or `UnsupportedError` where a dialect cannot say the network. */
export async function exportOnnx(dir: string, request: ExportOnnxRequest): Promise<readonly WrittenOnnx[]> {
  const run = await loadRun(dir);
  const facts: EmitOptions = {
    producerVersion: version(),
    recipeHash: recipeHash(run.recipe),
    intermediates: request.intermediates ?? false,
  };
  // All are emitted before the first is written: a dialect that cannot be leaves no half of an export.
  const models = request.dialects.map((name) => ({ name, bytes: ONNX_DIALECTS[name].emit(run, facts) }));
  const folder = request.out ?? run.path('onnx');
  const written: WrittenOnnx[] = [];
  for (const { name, bytes } of models) {
    const file = join(folder, ONNX_DIALECTS[name].file);
    await writeFileAtomic(file, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    written.push({ dialect: name, file, bytes: bytes.length, sha256 });
  }
  return written;
}
