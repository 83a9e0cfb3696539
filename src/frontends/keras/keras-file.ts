/**
 * A Keras network as a TensorFlow.js LayersModel: its own description and weights, out of HDF5 (`model.save('name.h5')`
 * of Keras 2 and 3) or out of Keras 3's archive (`model.save('name.keras')`). Keras 3 writes the same facts in other
 * words, which are translated.
 *
 * Refuses files with weights alone and, all of them listed at once, layers that a float graph does not have.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { unzipSync } from 'fflate';
import { inFileWords, UserError } from '../../core/errors.js';
import { temporaryFolder } from '../../core/temporary.js';
import { openHdf5, type Hdf5File } from '../../data/hdf5/file.js';
import type { tf } from '../../tensorflow/tf.js';
import { isObject, type Json } from './keras-description.js';
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

/** `read`, its failures as words about the file at `path`. */
const inWords = <T>(path: string, read: () => Promise<T>): Promise<T> =>
  inFileWords(read, {
    file: path,
    problem: 'is not a Keras model that can be read',
    remedy: "save it with model.save('name.h5'), or export it to ONNX",
  });

/** Loads a Keras `.h5` file. Throws `UserError` naming the file, `UnsupportedError` with all layers it cannot take. */
export function readKerasModel(path: string): Promise<tf.LayersModel> {
  return inWords(path, async () => {
    const file = await openHdf5(resolve(path), path);
    try {
      // Before attributes of the version, Keras was 2.
      const [version = '2.'] = strings(file, '/', 'keras_version') ?? [];
      const described = description(file, path);
      const model = await modelOf(described, version, path);
      giveLegacyWeights(file, described, model);
      return model;
    } finally {
      file.close();
    }
  });
}

const CONFIG = 'config.json';
const WEIGHTS = 'model.weights.h5';
const METADATA = 'metadata.json';
/** What an archive may unpack to, which is what a model file may be. */
const MOST_BYTES = 2 ** 31;

/** The files in `archive` that are read; none where it is not whole. */
function unpacked(archive: Uint8Array): Readonly<Partial<Record<string, Uint8Array>>> {
  try {
    return unzipSync(archive, {
      filter: ({ name, originalSize }) =>
        [CONFIG, WEIGHTS, METADATA].includes(name) && originalSize < MOST_BYTES,
    });
  } catch {
    return {};
  }
}

interface Parts {
  readonly config: string;
  readonly weights: Uint8Array;
  /** Of Keras. */
  readonly version: string;
}

/** The version that the archive's metadata state; the format came with 3. */
function versionOf(metadata: Uint8Array | undefined): string {
  const stated: unknown = metadata === undefined ? {} : JSON.parse(Buffer.from(metadata).toString('utf8'));
  const version = isObject(stated) ? stated['keras_version'] : undefined;
  return typeof version === 'string' ? version : '3.';
}

/** The parts of the archive. */
function parts(archive: Uint8Array, path: string): Parts {
  const { [CONFIG]: config, [WEIGHTS]: weights, [METADATA]: metadata } = unpacked(archive);
  if (config === undefined || weights === undefined)
    throw new UserError('is a zip archive without a Keras model in it (PyTorch’s own format is one, too)', {
      file: path,
      remedy: "export it: torch.onnx.export(model, image, 'model.onnx'), or model.save('model.keras')",
    });
  return { config: Buffer.from(config).toString('utf8'), weights, version: versionOf(metadata) };
}

/** Loads a Keras 3 `.keras` file. Throws as `readKerasModel`. */
export function readKerasArchive(path: string): Promise<tf.LayersModel> {
  return inWords(path, async () => {
    const { config, weights, version } = parts(await readFile(path), path);
    const described = parseDescription(config);
    const model = await modelOf(described, version, path);
    // The HDF5 library reads files.
    const folder = await temporaryFolder('keras');
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
