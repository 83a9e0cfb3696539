/** Windows of convolutions and pooling: strides, padding, dilation, over images or over one row. */
import { NO_PADDING, type Padding, type Shape, type Window } from '../../ir/common.js';
import { asImage } from './readers.js';
import { refuse } from './refusal.js';
import {
  activationInput,
  endless,
  gate,
  imageValue,
  intOf,
  intsOf,
  plainInput,
  textOf,
  type Activation,
  type Op,
  type Target,
} from './values.js';
import { stretches } from './view.js';

/** What a window slides over: an image, or one row (a convolution over one axis) that lies along `axis`. */
export interface Slid {
  readonly x: Activation;
  /** 2 for images; of one row the axis that it lies along. */
  readonly along: 'image' | 'h' | 'w';
}

/** Input 0 as what a window slides over; `padValue`: the value of padding that the window takes along. */
export function slidInput(op: Op, into: Target, accepts: (x: Activation) => boolean): Slid {
  const raw = endless(gate(op, activationInput(op, 0), into));
  const given = raw.pad === null || accepts(raw) ? raw : plainInput(op, 0, into);
  const rank = given.view.axes.length;
  if (rank === 3) return { x: asImage(op, given, into), along: 'image' };
  if (rank !== 2) return refuse(`slides over ${rank - 1} axes; images and rows are taken`);
  // One row: the axis that it has not is put beside it.
  const [channels, places] = given.view.axes as [
    Activation['view']['axes'][0],
    Activation['view']['axes'][0],
  ];
  const isColumn = stretches(places, into.shape(given.id)).some(({ axis }) => axis === 'h');
  const axes = isColumn ? [channels, places, []] : [channels, [], places];
  const x = asImage(op, { ...given, view: { ...given.view, axes } }, into);
  return { x, along: isColumn ? 'h' : 'w' };
}

/** The node `id`, what a window over `slid` made, with as many axes as that. */
export function slidResult(id: Activation['id'], { along }: Slid, into: Target): Activation {
  const value = imageValue(id, into.shape(id));
  if (along === 'image') return value;
  const [channels, rows, columns] = value.view.axes;
  return { ...value, view: { ...value.view, axes: [channels!, along === 'h' ? rows! : columns!] } };
}

/** A pair `[vertical, horizontal]` from what ONNX states for the axes of `slid`. */
export function pairOf(values: readonly number[], { along }: Slid, rest = 1): readonly [number, number] {
  const wanted = along === 'image' ? 2 : 1;
  if (values.length !== wanted) refuse(`${values.length} axes of a window over ${wanted}`);
  const [first, second] = values as readonly [number, number];
  if (along === 'image') return [first, second];
  return along === 'h' ? [first, rest] : [rest, first];
}

const summed = (a: Padding, b: Padding): Padding => [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]];

/** ONNX's `pads` are `[top, left, bottom, right]`, as the IR's; of one row `[before, after]`. */
function statedPadding(op: Op, slid: Slid): Padding {
  const axes = slid.along === 'image' ? 2 : 1;
  const pads = intsOf(op, 'pads') ?? new Array<number>(2 * axes).fill(0);
  if (pads.length !== 2 * axes || pads.some((p) => p < 0)) refuse(`pads of ${pads.join(', ')}`);
  const [top, left] = pairOf(pads.slice(0, axes), slid, 0);
  const [bottom, right] = pairOf(pads.slice(axes), slid, 0);
  return [top, left, bottom, right];
}

/** As few rows as are needed for `ceil(extent / stride)` windows; the odd one after (SAME_UPPER) or before. */
function samePadding(
  extent: number,
  kernel: number,
  stride: number,
  upper: boolean,
): readonly [number, number] {
  const needed = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + kernel - extent);
  const [less, more] = [Math.floor(needed / 2), Math.ceil(needed / 2)];
  return upper ? [less, more] : [more, less];
}

/** `[vertical, horizontal]` steps between the values that a window reads. */
export const dilationOf = (op: Op, slid: Slid): readonly [number, number] =>
  pairOf(intsOf(op, 'dilations') ?? (slid.along === 'image' ? [1, 1] : [1]), slid);

/** Extents of a window of `kernel` values that are `dilation` apart. */
export const dilated = (
  kernel: readonly [number, number],
  dilation: readonly [number, number],
): readonly [number, number] => [(kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1];

/** The window of `op` over `slid`, whatever stands in front of it as a `Pad` included. `kernel` is as it covers. */
export function windowOf(op: Op, slid: Slid, kernel: readonly [number, number], into: Target): Window {
  const { x } = slid;
  const strides = pairOf(intsOf(op, 'strides') ?? (slid.along === 'image' ? [1, 1] : [1]), slid);
  const own = x.pad?.padding ?? NO_PADDING;
  const mode = textOf(op, 'auto_pad', 'NOTSET');
  if (mode === 'NOTSET' || mode === '')
    return { kernel, strides, padding: summed(own, statedPadding(op, slid)) };
  if (mode === 'VALID') return { kernel, strides, padding: own };
  if (mode !== 'SAME_UPPER' && mode !== 'SAME_LOWER') refuse(`auto_pad ${mode}`);
  const [height, width] = into.shape(x.id);
  const upper = mode === 'SAME_UPPER';
  const [top, bottom] = samePadding(height + own[0] + own[2], kernel[0], strides[0], upper);
  const [left, right] = samePadding(width + own[1] + own[3], kernel[1], strides[1], upper);
  return { kernel, strides, padding: summed(own, [top, left, bottom, right]) };
}

/** Rows that `ceil_mode` adds behind: PyTorch's rule, no window starts in the padding behind. */
function ceilExtra(extent: number, kernel: number, stride: number, before: number, after: number): number {
  const padded = extent + before + after;
  let count = Math.ceil((padded - kernel) / stride) + 1;
  if ((count - 1) * stride >= extent + before) count -= 1;
  return Math.max(0, (count - 1) * stride + kernel - padded);
}

/** `window` over an image of `shape` with what `ceil_mode` asks for, and whether that adds anything. */
export function ceiled(
  op: Op,
  window: Window,
  [height, width]: Shape,
): { readonly window: Window; readonly extra: boolean } {
  if (intOf(op, 'ceil_mode', 0) === 0) return { window, extra: false };
  const { kernel, strides, padding } = window;
  const [top, left, bottom, right] = padding;
  const below = ceilExtra(height, kernel[0], strides[0], top, bottom);
  const beside = ceilExtra(width, kernel[1], strides[1], left, right);
  return {
    window: { ...window, padding: [top, left, bottom + below, right + beside] },
    extra: below + beside > 0,
  };
}
