/** TensorFlow.js' `model.json` with its weight files beside it, of a LayersModel or a graph model. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { parseJsonAs } from '../core/json.js';
import type { tf } from '../tensorflow/tf.js';

const schema = z.object({
  modelTopology: z.record(z.string(), z.unknown()),
  weightsManifest: z.array(
    z.object({ paths: z.array(z.string()), weights: z.array(z.custom<tf.io.WeightsManifestEntry>()) }),
  ),
  signature: z.record(z.string(), z.unknown()).optional(),
});

/** Reads `path`: the topology first, since it tells what is refused. Throws `UserError` naming the file and field. */
export async function readModelJson(
  path: string,
  checkTopology: (topology: Readonly<Record<string, unknown>>) => void,
): Promise<tf.io.ModelArtifacts> {
  const json = parseJsonAs(
    schema,
    await readFile(path, 'utf8'),
    path,
    'name the model.json that TensorFlow.js wrote, with its weight files beside it',
  );
  checkTopology(json.modelTopology);
  const paths = json.weightsManifest.flatMap((group) => group.paths);
  const parts = await Promise.all(paths.map((part) => readFile(join(dirname(path), part))));
  return {
    modelTopology: json.modelTopology,
    weightSpecs: json.weightsManifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(Buffer.concat(parts)).buffer,
    ...(json.signature === undefined ? {} : { signature: json.signature }),
  };
}
