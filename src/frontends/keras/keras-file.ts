/**
 * A Keras network as a TensorFlow.js LayersModel: its own description and weights, out of HDF5 (`model.save('name.h5')`
 * of Keras 2 and 3) or out of Keras 3's archive (`model.save('name.keras')`). Keras 3 writes the same facts in other
 * words, which are translated.
 *
 * Refuses files with weights alone and, all of them listed at once, layers that a float graph does not have.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { UnsupportedError, UserError } from '../../core/errors.js';
import { openHdf5, type Hdf5File } from '../../data/hdf5/file.js';
import type { tf } from '../../tensorflow/tf.js';
import type { Json } from './keras-description.js';
import { modelOf, parseDescription } from './keras-model.js';
import { giveArchivedWeights, giveLegacyWeights, strings } from './keras-weights.js';

function description(file: Hdf5File, path: string): Json {
  const [text] = strings(file, '/', 'model_config') ?? [];
  if (text === undefined)
    throw new UserError('holds no Keras model (it has no attribute model_config)', {
      file: path,
      remedy: "save the whole model: model.save('name.h5'), not its weights alone",
    });
  return parseDescription(text);
}

/** `work`, its failures as words about the file at `path`. */
async function inWords<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError || error instanceof UnsupportedError) throw error;
    throw new UserError(
      `is not a Keras model that can be read: ${error instanceof Error ? error.message : String(error)}`,
      {
        file: path,
        remedy: "save it with model.save('name.h5'), or export it to ONNX",
      },
    );
  }
}

/** Loads a Keras `.h5` file. Throws `UserError` naming the file, `UnsupportedError` with all layers it cannot take. */
export function readKerasModel(path: string): Promise<tf.LayersModel> {
  return inWords(path, async () => {
    const file = await openHdf5(resolve(path), path);
    try {
      const model = await modelOf(description(file, path), path);
      giveLegacyWeights(file, model);
      return model;
    } finally {
      file.close();
    }
  });
}

const CONFIG = 'config.json';
const WEIGHTS = 'model.weights.h5';
/** What an archive may unpack to, which is what a model file may be. */
const MOST_BYTES = 2 ** 31;

/** The files in `archive` that are read; none where it is not whole. */
function unpacked(archive: Uint8Array): Readonly<Partial<Record<string, Uint8Array>>> {
  try {
    return unzipSync(archive, {
      filter: ({ name, originalSize }) => (name === CONFIG || name === WEIGHTS) && originalSize < MOST_BYTES,
    });
  } catch {
    return {};
  }
}

/** The two parts of the archive. */
function parts(archive: Uint8Array, path: string): { readonly config: string; readonly weights: Uint8Array } {
  const { [CONFIG]: config, [WEIGHTS]: weights } = unpacked(archive);
  if (config === undefined || weights === undefined)
    throw new UserError('is a zip archive without a Keras model in it (PyTorch’s own format is one, too)', {
      file: path,
      remedy: "export it: torch.onnx.export(model, image, 'model.onnx'), or model.save('model.keras')",
    });
  return { config: Buffer.from(config).toString('utf8'), weights };
}

/** Loads a Keras 3 `.keras` file. Throws as `readKerasModel`. */
export function readKerasArchive(path: string): Promise<tf.LayersModel> {
  return inWords(path, async () => {
    const { config, weights } = parts(await readFile(path), path);
    const described = parseDescription(config);
    const model = await modelOf(described, path);
    // The HDF5 library reads files.
    const folder = await mkdtemp(join(tmpdir(), 'vetoc-keras-'));
    try {
      const place = join(folder, WEIGHTS);
      await writeFile(place, weights);
      const file = await openHdf5(place, `${path} (${WEIGHTS})`);
      try {
        giveArchivedWeights(file, '', described, model);
      } finally {
        file.close();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    return model;
  });
}
