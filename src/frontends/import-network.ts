/** A model file on top of the preprocessing of a recipe: what `vetoc import` and `vetoc run --model` share. */
import { UserError } from '../core/errors.js';
import type { NetworkClasses } from './onnx/import.js';
import { preprocessFor } from './onnx/input.js';
import { causalReach, preprocessNodes, type PreprocessOptions } from './network/preprocess.js';
import type { Shape } from '../ir/common.js';
import { inputNode, type FloatGraph } from '../ir/graph.js';
import {
  compareWithOriginal,
  comparisonFrames,
  isEqual,
  type OriginalComparison,
} from './original/compare.js';
import { statedNetwork, type StatedNetwork } from './original/stated.js';
import { fits, openModelFile, type BuiltModel, type WantedShape } from './model-file.js';

export interface ImportedNetwork {
  readonly graph: FloatGraph;
  /** What the file is, in words. */
  readonly title: string;
  /** What the network got as preprocessing; null where it brought its own. */
  readonly preprocess: PreprocessOptions | null;
  /** How far it is from its original; null for a graph of vetoc itself, which has none. */
  readonly comparison: OriginalComparison | null;
  /** What the file states of its own quantization; null for a network of floats. */
  readonly stated: StatedNetwork | null;
}

/** The comparison in words. */
export function originalText({ by, frames, difference, magnitude, allowed }: OriginalComparison): string {
  const share = (difference / Math.max(magnitude, 2 ** -100)).toExponential(1);
  return `${by} on the original, ${frames} frames: outputs differ by at most ${difference.toExponential(1)}, ${share} of the largest (${magnitude.toPrecision(4)}; up to ${allowed.toExponential(1)} is rounding)`;
}

/** Holds what was made of the file at `path` against it. Throws `UserError` where they differ by more than rounding. */
async function compared(
  path: string,
  { imported, openOriginal }: BuiltModel,
  frames: readonly Uint16Array[],
): Promise<{ readonly comparison: OriginalComparison; readonly stated: StatedNetwork | null }> {
  const original = await openOriginal();
  try {
    const all = [...frames, ...comparisonFrames(imported.graph)];
    const comparison = await compareWithOriginal(imported, original, all);
    if (isEqual(comparison)) return { comparison, stated: await statedNetwork(imported, original, all) };
    throw new UserError(
      `the imported network differs from the original, nothing was written. ${originalText(comparison)}`,
      { file: path, remedy: 'please report this, with the model' },
    );
  } finally {
    await original.close();
  }
}

/** `[height, width, channels]` that `options` make of a raw frame. */
function givenShape(options: PreprocessOptions, [rawHeight, rawWidth]: readonly [number, number]): Shape {
  const [fy, fx] = typeof options.factor === 'number' ? [options.factor, options.factor] : options.factor;
  const [height, width] = options.crop?.size ?? [rawHeight, rawWidth];
  const left = causalReach(options);
  return [Math.floor(height / fy) - left, Math.floor(width / fx) - left, options.channels.length];
}

/**
 * `options`, or the same with fewer channels (the first ones), all blocks of the frame, another binning factor and the middle
 * of the frame cut out, where that makes an image that the network takes. A crop that was asked for stays.
 */
export function fittingPreprocess(
  options: PreprocessOptions,
  rawSize: readonly [number, number],
  wanted: readonly WantedShape[],
): PreprocessOptions {
  const whole = { ...options, causal: false };
  for (const one of [options, whole])
    if (wanted.some((shape) => fits(shape, givenShape(one, rawSize)))) return one;
  for (const shape of wanted) {
    const [height, width, channels] = shape;
    if (channels !== null && channels > options.channels.length) continue;
    const seen = options.channels.slice(0, channels ?? options.channels.length);
    for (const one of [options, whole])
      if (fits(shape, givenShape({ ...one, channels: seen }, rawSize))) return { ...one, channels: seen };
    if (options.crop !== null || height === null || width === null) continue;
    const factor = Math.floor(Math.min(rawSize[0] / height, rawSize[1] / width));
    if (factor < 1 || factor > 64) continue;
    const size: [number, number] = [height * factor, width * factor];
    const offset: [number, number] = [
      Math.floor((rawSize[0] - size[0]) / 2),
      Math.floor((rawSize[1] - size[1]) / 2),
    ];
    const isWhole = size.every((extent, i) => extent === rawSize[i]);
    return { ...whole, channels: seen, factor, crop: isWhole ? null : { offset, size } };
  }
  return options;
}

export interface NetworkRequest {
  readonly path: string;
  /** `[height, width]` of a raw frame. */
  readonly rawSize: readonly [number, number];
  readonly preprocess: PreprocessOptions;
  readonly classes: (logits: number) => NetworkClasses;
  /** Raw frames to compare on, beside those that are drawn. */
  readonly frames?: readonly Uint16Array[];
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
    return { graph, title, preprocess: null, comparison: null, stated: null };
  }
  const fitting = fittingPreprocess(request.preprocess, rawSize, model.wanted);
  const preprocess = preprocessFor(fitting, model.values);
  const built = model.build({
    name: nameOf(path),
    preprocess: preprocessNodes(preprocess, rawSize),
    classes,
  });
  const { comparison, stated } = await compared(path, built, request.frames ?? []);
  return {
    graph: built.imported.graph,
    title: model.title,
    preprocess,
    comparison,
    stated,
  };
}
