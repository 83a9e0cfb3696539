/**
 * Tensors inside an emitted ONNX graph: `[N, C, H, W]`, or `[N, C]` for a vector; N is symbolic.
 *
 * A mantissa travels as `float` while |q| ≤ 2^24 is proved and as `double` above, where it is exact below 2^53.
 */
import type { Format } from '../../fixed/format.js';
import { elements, NO_PADDING, type NodeId, type Padding, type Shape, type Window } from '../../ir/common.js';
import { FLOAT32_EXACT, type Range } from '../../ir/prove.js';
import type { Attributes, OnnxWriter } from './writer.js';

/** Of the model's inputs for the maps of a node. */
export const MAPS_SUFFIX = '.maps';

export type Carrier = 'float' | 'double';

export interface Tensor {
  readonly name: string;
  readonly carrier: Carrier;
  readonly rank: 2 | 4;
  readonly shape: Shape;
}

/** A tensor of mantissas: what a fixed stage reads. */
export interface MantissaTensor extends Tensor {
  readonly range: Range;
  readonly format: Format;
}

/** The narrowest carrier in which every integer of magnitude `bound` is exact. */
export const carrierFor = (bound: number): Carrier => (bound <= FLOAT32_EXACT ? 'float' : 'double');
export const largest = (range: Range): number => Math.max(Math.abs(range.low), Math.abs(range.high));

const CAST_TO = { float: 1, double: 11, int32: 6, int64: 7 } as const;

export const castName = (
  writer: OnnxWriter,
  input: string,
  to: keyof typeof CAST_TO,
  name = `${input}.${to}`,
): string => writer.node('Cast', name, [input], { attributes: { to: { int: CAST_TO[to] } } });

/** `tensor` in `carrier`; each conversion is emitted once, however many consumers it has. */
export function inCarrier<T extends Tensor>(writer: OnnxWriter, tensor: T, carrier: Carrier): T {
  if (tensor.carrier === carrier) return tensor;
  const name = writer.once(`${tensor.name}.${carrier}`, (n) => castName(writer, tensor.name, carrier, n));
  return { ...tensor, name, carrier };
}

/** `tensor` as an image (4) or, for vectors only, as a vector (2). */
export function inRank<T extends Tensor>(writer: OnnxWriter, tensor: T, rank: 2 | 4): T {
  if (tensor.rank === rank) return tensor;
  const name =
    rank === 4
      ? writer.once(`${tensor.name}.image`, (n) =>
          writer.node('Unsqueeze', n, [tensor.name, writer.constant('axes_2_3', 'int64', [2, 3], [2])]),
        )
      : writer.once(`${tensor.name}.vector`, (n) => writer.node('Flatten', n, [tensor.name]));
  return { ...tensor, name, rank };
}

/** `[N, C, H, W]` to `[N, H*W*C]` in the IR's order, channels last. */
export function flattened<T extends Tensor>(writer: OnnxWriter, id: NodeId, tensor: T): T {
  const shape: Shape = [1, 1, elements(tensor.shape)];
  if (tensor.rank === 2) return { ...tensor, shape };
  const [height, width, channels] = tensor.shape;
  const ordered =
    channels === 1 || height * width === 1
      ? tensor.name
      : writer.node('Transpose', `${id}.channels_last`, [tensor.name], {
          attributes: { perm: { ints: [0, 2, 3, 1] } },
        });
  return { ...tensor, name: writer.node('Flatten', `${id}.flat`, [ordered]), rank: 2, shape };
}

/** A constant of one value per channel that broadcasts against `tensor`; a scalar when all are equal. */
export function perChannel(
  writer: OnnxWriter,
  name: string,
  tensor: Pick<Tensor, 'carrier' | 'rank'>,
  values: ArrayLike<number>,
): string {
  const first = values[0]!;
  const uniform = Array.prototype.every.call(values, (v) => v === first);
  if (uniform) return scalar(writer, name, tensor.carrier, first);
  const dims = tensor.rank === 4 ? [1, values.length, 1, 1] : [1, values.length];
  return writer.constant(name, tensor.carrier, values, dims);
}

export const scalar = (writer: OnnxWriter, name: string, carrier: Carrier, value: number): string =>
  writer.constant(name, carrier, [value], []);

const isSymmetric = ([top, left, bottom, right]: Padding): boolean => top === bottom && left === right;

/** `x` `[N, C, H, W]` with every pixel as a block of `factor`: exact in any carrier. */
export function resized(
  writer: OnnxWriter,
  name: string,
  x: Tensor,
  factor: readonly [number, number],
): string {
  const scales = writer.constant(`${name}.scales`, 'float', [1, 1, ...factor], [4]);
  return writer.node('Resize', name, [x.name, '', scales], {
    attributes: {
      mode: { text: 'nearest' },
      coordinate_transformation_mode: { text: 'asymmetric' },
      nearest_mode: { text: 'floor' },
    },
  });
}

/**
 * Input and attributes of a pooling of `x`. Padding that differs between the sides becomes a `Pad` with `value`:
 * cuDNN's pooling, and onnx's own reference evaluator, take one padding an axis and get the other wrong.
 */
export function poolingInput(
  writer: OnnxWriter,
  id: NodeId,
  x: Tensor,
  { kernel, strides, padding }: Window,
  value: number,
): { readonly name: string; readonly attributes: Attributes } {
  const symmetric = isSymmetric(padding);
  const [top, left, bottom, right] = padding;
  const name = symmetric
    ? x.name
    : writer.node('Pad', `${id}.padded`, [
        x.name,
        writer.constant(`${id}.pads`, 'int64', [0, 0, top, left, 0, 0, bottom, right], [8]),
        scalar(writer, `${id}.pad_value`, x.carrier, value),
      ]);
  const attributes = {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    pads: { ints: symmetric ? padding : NO_PADDING },
  };
  return { name, attributes };
}
