/** Views of a node as what layers read: an image, a vector, one value for each channel. */
import { elements, type NodeId, type Shape } from '../../ir/common.js';
import { isActivation } from '../../ir/ops/index.js';
import { refuse } from './refusal.js';
import type { Constant } from './tensor-data.js';
import { activation, imageValue, type Activation, type Op, type Target } from './values.js';
import {
  allPlaces,
  extentOf,
  extentsOf,
  isImage,
  isWhole,
  placesOf,
  stretches,
  vectorView,
  type Stretch,
  type View,
} from './view.js';

type Floats = Float32Array<ArrayBuffer>;

/** Weights of a convolution that only picks values out: as many as a large layer has. */
const MOST_PICKED = 2 ** 22;

const inWords = (view: View, shape: Shape): string =>
  `reads ${['N', ...extentsOf(view)].join('×')} as an image, which lies otherwise in ${shape.join('×')} (height × width × channels)`;

/** `[row, column, channel]` of a place in an image. */
const coordinates = (place: number, [, width, channels]: Shape): readonly [number, number, number] => [
  Math.floor(place / (width * channels)),
  Math.floor(place / channels) % width,
  place % channels,
];

/** Windows along one axis: at most one stretch, `count` windows `step` apart. */
function windows(found: readonly Stretch[], axis: 'h' | 'w'): { count: number; step: number } | null {
  const [only, ...others] = found;
  if (only === undefined) return { count: 1, step: 1 };
  return others.length === 0 && only.axis === axis ? { count: only.extent, step: only.step } : null;
}

/** The smallest window from the first row on with which `count` windows, `step` apart, are all that fit into `size`. */
function windowSize(size: number, needed: number, { count, step }: { count: number; step: number }): number {
  const fit = Math.floor((size - needed) / step) + 1;
  if (fit < count) refuse('reads beyond the image');
  return fit === count ? needed : size - (count - 1) * step;
}

/** A convolution of weights 0 and 1 that puts the values of `view` into an image `[N, C, H, W]`. */
function pickedImage(op: Op, id: NodeId, view: View, into: Target): Activation {
  const shape = into.shape(id);
  const [channelAxis, rowAxis, columnAxis] = view.axes as View['axes'] & { readonly 2: View['axes'][number] };
  const rows = windows(stretches(rowAxis!, shape), 'h');
  const columns = windows(stretches(columnAxis, shape), 'w');
  if (rows === null || columns === null) return refuse(inWords(view, shape));
  stretches(channelAxis!, shape); // Refuses what runs over an edge.
  const taps = Array.from(placesOf(channelAxis!), (place) => coordinates(place + view.offset, shape));
  const kernel = [
    windowSize(shape[0], 1 + Math.max(...taps.map(([row]) => row)), rows),
    windowSize(shape[1], 1 + Math.max(...taps.map(([, column]) => column)), columns),
  ] as const;
  const channels = shape[2];
  const size = kernel[0] * kernel[1] * channels * taps.length;
  if (size > MOST_PICKED) refuse(`picks values by ${size} weights`);
  const weights = new Float32Array(size);
  taps.forEach(([row, column, channel], k) => {
    weights[((row * kernel[1] + column) * channels + channel) * taps.length + k] = 1;
  });
  const picked = into.add(
    op,
    (id_) => ({
      id: id_,
      kind: 'conv2d',
      inputs: [id],
      kernel,
      strides: [rows.step, columns.step],
      padding: [0, 0, 0, 0],
      groups: 1,
      weights,
      bias: new Float32Array(taps.length),
    }),
    'pick',
  );
  return imageValue(picked, into.shape(picked));
}

/**
 * What a flattened image was before, where the view has nothing to do with the flattening. An activation in between, which
 * treats every value alike, is computed on the image.
 */
function unflattened(op: Op, x: Activation, into: Target): Activation {
  const node = into.nodeOf(x.id);
  const [from] = node.inputs;
  if (x.view.axes.length < 2 || from === undefined) return x;
  if (node.kind === 'flatten') return { ...x, id: from };
  // Slopes for each channel are those of the features.
  if (!isActivation(node) || node.kind === 'prelu') return x;
  const before = unflattened(op, { ...x, id: from }, into);
  if (before.id === from) return x;
  return { ...x, id: into.once(`image of ${x.id}`, () => into.copy(op, x.id, before.id)) };
}

/** `x` `[N, C, H, W]` as all of a node in its own order: itself, or picked out of one. */
export function asImage(op: Op, x: Activation, into: Target): Activation {
  const from = unflattened(op, x, into);
  if (from.view.axes.length !== 3) refuse(`reads ${from.view.axes.length + 1} axes as an image`);
  if (isImage(from.view, into.shape(from.id))) return from;
  const { id, view } = from;
  const picked = into.once(`pick ${id} ${JSON.stringify(view)}`, () => pickedImage(op, id, view, into));
  return { ...picked, pad: x.pad };
}

/** The channel of the node behind every channel of `x` `[N, C, H, W]`, where that is all that moves; else null. */
export function channelsOf(x: Activation, into: Target): Int32Array | null {
  const shape = into.shape(x.id);
  const [channels, rows, columns] = x.view.axes;
  if (x.view.axes.length !== 3 || !isWhole(rows!, 'h', shape) || !isWhole(columns!, 'w', shape)) return null;
  if (stretches(channels!, shape).some(({ axis }) => axis !== 'c')) return null;
  const places = placesOf(channels!).map((place) => place + x.view.offset);
  return places.every((place) => place < shape[2]) ? places : null;
}

/** `x` `[N, F]` as a node of one pixel, and which of its features are read, in order; null: all as they are. */
export function asVector(
  op: Op,
  x: Activation,
  into: Target,
): { readonly id: NodeId; readonly features: Int32Array | null } {
  if (x.view.axes.length !== 1) refuse(`reads ${x.view.axes.length + 1} axes as a vector`);
  const places = allPlaces(x.view);
  const isPlain = places.length === elements(into.shape(x.id)) && places.every((place, i) => place === i);
  return { id: onePixel(op, x.id, into), features: isPlain ? null : places };
}

/** Node `id` as one pixel: flattened where it is more. */
function onePixel(op: Op, id: NodeId, into: Target): NodeId {
  const [height, width] = into.shape(id);
  if (height * width === 1) return id;
  return into.once(`flatten ${id}`, () =>
    into.add(op, (flat) => ({ id: flat, kind: 'flatten', inputs: [id] }), 'flat'),
  );
}

/** `x` as all of a node of one pixel in its own order. */
export function asPlainVector(op: Op, x: Activation, into: Target): Activation {
  const { id, features } = asVector(op, x, into);
  if (features === null) return activation(id, vectorView(into.shape(id)));
  return into.once(`pick ${id} ${features.join()}`, () => {
    const inputs = into.shape(id)[2];
    if (inputs * features.length > MOST_PICKED) refuse(`picks values by ${inputs * features.length} weights`);
    const weights = new Float32Array(inputs * features.length);
    features.forEach((feature, k) => (weights[feature * features.length + k] = 1));
    const bias = new Float32Array(features.length);
    const picked = into.add(op, (id_) => ({ id: id_, kind: 'dense', inputs: [id], weights, bias }), 'pick');
    return activation(picked, vectorView(into.shape(picked)));
  });
}

/** `x` as all of a node in its own order, whatever its axes. */
export function asWhole(op: Op, x: Activation, into: Target): Activation {
  if (x.view.axes.length === 3) return asImage(op, x, into);
  if (x.view.axes.length === 1) return asPlainVector(op, x, into);
  return refuse(`reads ${x.view.axes.length + 1} axes that are no image and no vector`);
}

/**
 * A constant as one value for each channel of `x`'s node; `rest` for the channels that `x` does not hold. The constant
 * is broadcast as ONNX does: its last axis beside the last of `x`.
 */
export function perChannel(
  { dims, data }: Pick<Constant, 'dims' | 'data'>,
  x: Activation,
  into: Target,
  rest: number,
): Floats {
  const shape = into.shape(x.id);
  const values = new Float32Array(shape[2]).fill(data.length === 1 ? data[0]! : rest);
  const wrong = (): never => refuse(`a constant of ${dims.join('×')} is not one value for each channel`);
  if (data.length === 1 && dims.length <= x.view.axes.length + 1) return values;
  // Behind the batch, which has to be one.
  const own = [...new Array<number>(Math.max(0, x.view.axes.length + 1 - dims.length)).fill(1), ...dims];
  if (own.length !== x.view.axes.length + 1 || own[0] !== 1) return wrong();
  let places: readonly number[] = [x.view.offset % shape[2]];
  let indices: readonly number[] = [0];
  x.view.axes.forEach((axis, i) => {
    const extent = own[i + 1]!;
    if (extent !== 1 && extent !== extentOf(axis)) wrong();
    const found = stretches(axis, shape);
    const ofChannels = found.every((stretch) => stretch.axis === 'c');
    if (!ofChannels && (extent !== 1 || found.some((stretch) => stretch.axis === 'c'))) wrong();
    const along = ofChannels ? placesOf(axis) : Int32Array.of(0);
    places = places.flatMap((place) => Array.from(along, (step) => place + step));
    indices = indices.flatMap((index) =>
      Array.from(along, (_, k) => index * extent + (extent === 1 ? 0 : k)),
    );
  });
  places.forEach((place, k) => (values[place] = data[indices[k]!]!));
  return values;
}
