/**
 * A network trained elsewhere, whatever its file is: ONNX, a TensorFlow.js LayersModel, Keras in HDF5 or in an archive, or a graph or
 * `float.onnx` that vetoc wrote. What it is follows from its first bytes, not from its name.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Imported, Original } from './imported.js';
import { importOnnx, importOwnOnnx, isOwn, type ImportRequest } from './onnx/import.js';
import { frameInput, inputType, wantedShapes, type ImageValues } from './onnx/input.js';
import { LARGEST_FILE, readOnnxModel } from './onnx/model.js';
import { TensorProblem, type ExternalReader } from './onnx/tensor-data.js';
import { UserError } from '../core/errors.js';
import type { Shape } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { openOrtOriginal } from './original/onnx.js';
import type { readLayersModel } from './layers-model/from-layers-model.js';
import { readGraph } from '../ir/graph-files.js';
import { jsonOrUndefined } from '../core/json.js';

/** `[height, width, channels]`; null where any will do. */
export type WantedShape = readonly [number | null, number | null, number | null];

/** A network without preprocessing, or one that brings its own. */
export type ModelFile =
  | { readonly kind: 'complete'; readonly title: string; readonly graph: FloatGraph }
  | {
      readonly kind: 'network';
      readonly title: string;
      /** Inputs that it takes, the likeliest first. */
      readonly wanted: readonly WantedShape[];
      /** What the numbers of an input are. */
      readonly values: ImageValues;
      readonly build: (request: ImportRequest) => BuiltModel;
    };

/** A graph made of a model file. */
export interface BuiltModel {
  readonly imported: Imported;
  /** Opens what the graph has to equal. */
  readonly openOriginal: () => Promise<Original>;
}

/** Reads bytes of files beside the model at `path`, and of no others. */
export function externalFiles(path: string): ExternalReader {
  const folder = resolve(dirname(path));
  return (location, offset, length) => {
    const fail = (why: string): never => {
      throw new TensorProblem(
        `external data in ${location === '' ? 'a file without a name' : location}: ${why}`,
      );
    };
    const outside = (from: string, to: string): boolean => {
      const way = relative(from, to);
      return way === '' || way.startsWith('..') || isAbsolute(way);
    };
    const file = resolve(folder, location);
    if (isAbsolute(location) || outside(folder, file)) fail('it is not beside the model');
    let handle: number;
    try {
      if (outside(realpathSync(folder), realpathSync(file))) fail('it is not beside the model');
      handle = openSync(file, 'r');
    } catch (error) {
      if (error instanceof TensorProblem) throw error;
      return fail('it cannot be read; keep it beside the model');
    }
    try {
      const { size } = fstatSync(handle);
      if (offset + length > size) fail(`it has ${size} bytes, ${offset + length} are asked for`);
      const bytes = new Uint8Array(length);
      let done = 0;
      while (done < length) {
        const read = readSync(handle, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
        if (read === 0) fail('it ends early');
        done += read;
      }
      return bytes;
    } finally {
      closeSync(handle);
    }
  };
}

type Kind = 'onnx' | 'json' | 'hdf5' | 'zip';

/** What the first bytes say; throws `UserError` for what cannot be read or is too large. */
async function sniff(path: string): Promise<Kind> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw new UserError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, {
      file: path,
      remedy: 'check the path of the model',
    });
  });
  try {
    const { size } = await handle.stat();
    if (size > LARGEST_FILE)
      throw new UserError(`has ${size} bytes; a model file has at most 2 GiB`, {
        file: path,
        remedy: 'save its weights as external data beside it (onnx.save with save_as_external_data)',
      });
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const head = buffer.subarray(0, bytesRead).toString('latin1');
    if (head.startsWith('\x89HDF')) return 'hdf5';
    if (head.startsWith('PK')) return 'zip';
    return /^\s*[{[]/.test(head) ? 'json' : 'onnx';
  } finally {
    await handle.close();
  }
}

async function openOnnx(path: string): Promise<ModelFile> {
  const model = readOnnxModel(await readFile(path), path);
  const external = externalFiles(path);
  if (isOwn(model))
    return { kind: 'complete', title: 'float.onnx of vetoc', graph: importOwnOnnx(model, external) };
  return {
    kind: 'network',
    title: `ONNX opset ${model.opsets.get('') ?? '?'} by ${model.producer === '' ? 'an unnamed producer' : model.producer}`,
    wanted: wantedShapes(model),
    values: inputType(model, frameInput(model)).values,
    build(request) {
      const imported = importOnnx(model, request, external);
      return {
        imported,
        openOriginal: () => openOrtOriginal(imported, path),
      };
    },
  };
}

type LayersModel = Awaited<ReturnType<typeof readLayersModel>>;

async function layersFile(path: string, title: string, read: () => Promise<LayersModel>): Promise<ModelFile> {
  // TensorFlow.js is loaded for those who have such a model. Weights are only held, not computed with: the back end that
  // is always there will do.
  const { openBackend } = await import('../tensorflow/backend.js');
  const { importLayersModel } = await import('./layers-model/from-layers-model.js');
  const { wantedImages } = await import('./layers-model/layers-input.js');
  const { openLayersOriginal } = await import('./original/layers.js');
  await openBackend('cpu');
  const model = await read();
  if (model.inputs.length !== 1 || model.outputs.length !== 1)
    throw new UserError(`has ${model.inputs.length} inputs and ${model.outputs.length} outputs`, {
      file: path,
      remedy: 'give a network of one image and one output',
    });
  return {
    kind: 'network',
    title,
    wanted: wantedImages(model),
    values: 'fractions',
    build({ name, preprocess, classes }) {
      const imported = importLayersModel(model, preprocess, classes);
      return {
        imported: { ...imported, graph: { ...imported.graph, name } },
        openOriginal: () => Promise.resolve(openLayersOriginal(imported, model)),
      };
    },
  };
}

/** A TensorFlow.js graph model: operators, imported as those of ONNX are. */
async function graphFile(path: string): Promise<ModelFile> {
  const { openBackend } = await import('../tensorflow/backend.js');
  const { readGraphModel } = await import('./graph-model/read-graph-model.js');
  const { openGraphOriginal } = await import('./original/graph-model.js');
  await openBackend('cpu');
  const { model, onnx } = await readGraphModel(path);
  return {
    kind: 'network',
    title: 'graph model of TensorFlow.js',
    wanted: wantedShapes(onnx),
    values: inputType(onnx, frameInput(onnx)).values,
    build(request) {
      const imported = importOnnx(onnx, request, externalFiles(path));
      return { imported, openOriginal: () => Promise.resolve(openGraphOriginal(imported, model)) };
    },
  };
}

async function openJson(path: string): Promise<ModelFile> {
  const json = await readFile(path, 'utf8').then(jsonOrUndefined, () => undefined);
  if (typeof json === 'object' && json !== null && 'format' in json && json.format === 'graph-model')
    return graphFile(path);
  if (typeof json === 'object' && json !== null && 'vetoc' in json)
    return { kind: 'complete', title: 'graph of vetoc', graph: await readGraph(path, 'float') };
  return layersFile(path, 'LayersModel of TensorFlow.js', async () => {
    const { readLayersModel: read } = await import('./layers-model/from-layers-model.js');
    return read(path);
  });
}

/** Opens the model at `path`. Throws `UserError`, or `UnsupportedError` with all that cannot be taken. */
export async function openModelFile(path: string): Promise<ModelFile> {
  switch (await sniff(path)) {
    case 'onnx':
      return openOnnx(path);
    case 'json':
      return openJson(path);
    case 'hdf5':
      return layersFile(path, 'Keras model in HDF5', async () => {
        const { readKerasModel } = await import('./keras/keras-file.js');
        return readKerasModel(path);
      });
    case 'zip':
      return layersFile(path, 'Keras archive', async () => {
        const { readKerasArchive } = await import('./keras/keras-file.js');
        return readKerasArchive(path);
      });
  }
}

/** Files beside `path` that belong to the model: external data, or the weights of a description in JSON. */
async function partsOf(path: string): Promise<readonly string[]> {
  const kind = await sniff(path);
  if (kind === 'onnx') {
    const { initializers } = readOnnxModel(await readFile(path), path);
    const places = [...initializers.values()].flatMap(({ external }) => external?.get('location') ?? []);
    return [...new Set(places)];
  }
  if (kind !== 'json') return [];
  const json = await readFile(path, 'utf8').then(jsonOrUndefined, () => undefined);
  if (typeof json !== 'object' || json === null) return [];
  if ('vetoc' in json) return [basename(path).replace(/\.json$/, '.bin')];
  const groups = 'weightsManifest' in json && Array.isArray(json.weightsManifest) ? json.weightsManifest : [];
  return groups.flatMap((group: { readonly paths?: readonly string[] }) => group.paths ?? []);
}

/** SHA-256 of the model with all its parts, so that a recipe names the very network. Throws `UserError`. */
export async function modelHash(path: string): Promise<string> {
  const parts = await partsOf(path);
  const hash = createHash('sha256').update(await readFile(path));
  for (const part of parts)
    hash.update(
      await readFile(join(dirname(path), part)).catch(() => {
        throw new UserError(`its part ${part} cannot be read`, {
          file: path,
          remedy: 'keep it beside the model',
        });
      }),
    );
  return hash.digest('hex');
}

/** Whether an image of `shape` is what is wanted. */
export const fits = (wanted: WantedShape, shape: Shape): boolean =>
  wanted.every((extent, i) => extent === null || extent === shape[i]);
