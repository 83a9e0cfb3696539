/** What a LayersModel takes as its input: an image with channels, one without, or the pixels of one as a vector. */
import { invariant, UserError } from '../../core/errors.js';
import { elements, nodeId, type NodeId } from '../../ir/common.js';
import type { tf } from '../../tensorflow/tf.js';
import type { PreprocessGraph } from '../network/preprocess.js';
import { plain, type Import, type Layer, type Value } from './rule.js';

type Extent = number | null;

/** The images that `model` can take, `[height, width, channels]`; null where any will do. Of pixels in a row, a square one. */
export function wantedImages(model: tf.LayersModel): readonly (readonly [Extent, Extent, Extent])[] {
  const [, first = null, second = null, channels = null] = model.inputs[0]!.shape;
  switch (model.inputs[0]!.shape.length) {
    case 2: {
      const side = Math.sqrt(first ?? NaN);
      return Number.isInteger(side) ? [[side, side, 1]] : [];
    }
    case 3:
      return [[first, second, 1]];
    default:
      return [[first, second, channels]];
  }
}

/** What an input of a model reads. */
interface Given {
  readonly value: Value;
  /** The node of the image itself. */
  readonly image: NodeId;
}

/** The value that `layer`, input number `k` of `model`, stands for: what `preprocess` gives. Throws `UserError` where it does not fit. */
export function inputValue(
  model: tf.LayersModel,
  layer: Layer,
  k: number,
  preprocess: PreprocessGraph,
  into: Import,
): Given {
  const many = preprocess.outputs.length > 1 && model.inputs.length === 1;
  const id = many
    ? into.add(layer, { id: nodeId('channels1'), kind: 'concat', inputs: preprocess.outputs })
    : (preprocess.outputs[k] ?? preprocess.outputs[0]!);
  const shape: unknown = 'batchInputShape' in layer ? layer.batchInputShape : null;
  invariant(Array.isArray(shape), `${layer.name} has no shape of its input`);
  const wanted = (shape as readonly Extent[]).slice(1);
  const given = into.shapes.get(id)!;
  const isFit = (extents: readonly Extent[], of: readonly number[]): boolean =>
    extents.length === of.length && extents.every((n, i) => n === null || n === of[i]);
  if (isFit(wanted, given)) return { value: plain(id), image: id };
  if (given[2] === 1 && isFit(wanted, [given[0], given[1]])) return { value: plain(id), image: id };
  if (given[2] === 1 && isFit(wanted, [elements(given)])) {
    const pixels = into.add(layer, { id: nodeId('pixels'), kind: 'flatten', inputs: [id] });
    return { value: plain(pixels), image: id };
  }
  throw new UserError(
    `the model takes ${wanted.map((n) => n ?? '?').join('×')}, the preprocessing gives ${given.join('×')} (height × width × channels)`,
    {
      field: `input ${layer.name}`,
      remedy:
        wanted.length === 1
          ? 'make the crop and the binning factor give one channel of as many pixels'
          : 'change the crop, the binning factor or the channels',
    },
  );
}
