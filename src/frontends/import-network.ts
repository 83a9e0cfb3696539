/** A model file on top of the preprocessing of a recipe: what `vetoc import` and `vetoc run --model` share. */
import { UserError } from '../core/errors.js';
import type { ImportedOnnx, NetworkClasses } from './onnx/import.js';
import { preprocessNodes, type PreprocessOptions } from './network/preprocess.js';
import type { Shape } from '../ir/common.js';
import { inputNode, type FloatGraph } from '../ir/graph.js';
import { fits, openModelFile, type WantedShape } from './model-file.js';

export interface ImportedNetwork {
  readonly graph: FloatGraph;
  /** What the file is, in words. */
  readonly title: string;
  /** What the network got as preprocessing; null where it brought its own. */
  readonly preprocess: PreprocessOptions | null;
  readonly onnx: ImportedOnnx | null;
}

/** `[height, width, channels]` that `options` make of a raw frame. */
function givenShape(options: PreprocessOptions, [rawHeight, rawWidth]: readonly [number, number]): Shape {
  const [fy, fx] = typeof options.factor === 'number' ? [options.factor, options.factor] : options.factor;
  const [height, width] = options.crop?.size ?? [rawHeight, rawWidth];
  return [Math.floor(height / fy), Math.floor(width / fx), options.channels.length];
}

/**
 * `options`, or the same with fewer channels (the first ones), another binning factor and the middle of the frame cut
 * out, where that makes an image that the network takes. A crop that was asked for stays.
 */
export function fittingPreprocess(
  options: PreprocessOptions,
  rawSize: readonly [number, number],
  wanted: readonly WantedShape[],
): PreprocessOptions {
  if (wanted.some((shape) => fits(shape, givenShape(options, rawSize)))) return options;
  for (const shape of wanted) {
    const [height, width, channels] = shape;
    if (channels !== null && channels > options.channels.length) continue;
    const seen = { ...options, channels: options.channels.slice(0, channels ?? options.channels.length) };
    if (fits(shape, givenShape(seen, rawSize))) return seen;
    if (options.crop !== null || height === null || width === null) continue;
    const factor = Math.floor(Math.min(rawSize[0] / height, rawSize[1] / width));
    if (factor < 1 || factor > 64) continue;
    const size: [number, number] = [height * factor, width * factor];
    const offset: [number, number] = [
      Math.floor((rawSize[0] - size[0]) / 2),
      Math.floor((rawSize[1] - size[1]) / 2),
    ];
    const isWhole = size.every((extent, i) => extent === rawSize[i]);
    return { ...seen, factor, crop: isWhole ? null : { offset, size } };
  }
  return options;
}

export interface NetworkRequest {
  readonly path: string;
  /** `[height, width]` of a raw frame. */
  readonly rawSize: readonly [number, number];
  readonly preprocess: PreprocessOptions;
  readonly classes: (logits: number) => NetworkClasses;
}

/** A name for the graph: the file's, without folder and ending. */
const nameOf = (path: string): string =>
  path
    .replace(/^.*[/\\]/, '')
    .replace(/\.[^.]*$/, '')
    .replace(/\p{Cc}/gu, '')
    .slice(0, 100) || 'model';

/** Opens `request.path` and puts it on top of its preprocessing. Throws `UserError` or `UnsupportedError`. */
export async function importNetwork(request: NetworkRequest): Promise<ImportedNetwork> {
  const { path, rawSize, classes } = request;
  const model = await openModelFile(path);
  if (model.kind === 'complete') {
    const { graph, title } = model;
    const [height, width] = inputNode(graph).size;
    if (height !== rawSize[0] || width !== rawSize[1])
      throw new UserError(`takes frames of ${height}×${width}, not ${rawSize.join('×')}`, {
        file: path,
        remedy: 'give frames of the detector that the network was made for',
      });
    return { graph, title, preprocess: null, onnx: null };
  }
  const preprocess = fittingPreprocess(request.preprocess, rawSize, model.wanted);
  const { graph, onnx } = model.build({
    name: nameOf(path),
    preprocess: preprocessNodes(preprocess, rawSize),
    classes,
  });
  return { graph, title: model.title, preprocess, onnx };
}
