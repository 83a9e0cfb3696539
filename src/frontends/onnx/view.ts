/**
 * How an ONNX tensor lies in a node's values.
 *
 * The IR is channels last and has no batch; ONNX files move, split and join axes as they like. So a tensor of the file
 * is a view: for every axis behind the batch, the places of its elements among the node's row-major `[h, w, c]` values,
 * as a list of factors from the slowest to the fastest. Reshape, Transpose, Squeeze, Slice and their like change the
 * view alone. Only who reads it as an image or a vector asks where the elements are.
 */
import { elements, type Shape } from '../../ir/common.js';
import { refuse } from './refusal.js';

/** `extent` places, `stride` apart, or those in `table`. */
export interface Factor {
  readonly extent: number;
  readonly stride: number;
  readonly table: Int32Array | null;
}

/** The factors of one axis, the slowest first; empty where it has one element. */
export type AxisView = readonly Factor[];

export interface View {
  /** The axes behind the batch. */
  readonly axes: readonly AxisView[];
  /** Place of the first element. */
  readonly offset: number;
}

const factor = (extent: number, stride: number): AxisView =>
  extent === 1 ? [] : [{ extent, stride, table: null }];

/** Places in `table`, as strides where they are evenly apart. */
function placed(table: Int32Array): AxisView {
  const step = table.length > 1 ? table[1]! - table[0]! : 1;
  const isEven = step > 0 && table[0] === 0 && table.every((place, i) => place === i * step);
  return isEven ? factor(table.length, step) : [{ extent: table.length, stride: 0, table }];
}

export const extentOf = (axis: AxisView): number => axis.reduce((product, { extent }) => product * extent, 1);
export const extentsOf = (view: View): readonly number[] => view.axes.map(extentOf);
export const sizeOf = (view: View): number => extentsOf(view).reduce((a, b) => a * b, 1);

/** The places along one axis, from 0. */
export function placesOf(axis: AxisView): Int32Array {
  let places = Int32Array.of(0);
  for (const { extent, stride, table } of axis) {
    const next = new Int32Array(places.length * extent);
    places.forEach((from, i) => {
      for (let k = 0; k < extent; k++)
        next[i * extent + k] = from + (table === null ? k * stride : table[k]!);
    });
    places = next;
  }
  return places;
}

/** The place of every element of `view` in the order of ONNX. */
export const allPlaces = (view: View): Int32Array =>
  placesOf(view.axes.flat()).map((place) => place + view.offset);

/** The axes of an image as a file may order them. */
export type ImageAxis = 'c' | 'h' | 'w';

/** A whole node of `shape` with its axes in this order. */
export function wholeView([height, width, channels]: Shape, order: readonly ImageAxis[]): View {
  const axis: Readonly<Record<ImageAxis, AxisView>> = {
    c: factor(channels, 1),
    h: factor(height, width * channels),
    w: factor(width, channels),
  };
  return { axes: order.map((name) => axis[name]), offset: 0 };
}
export const imageView = (shape: Shape): View => wholeView(shape, ['c', 'h', 'w']);
/** A whole node as one axis in the IR's order. */
export const vectorView = (shape: Shape): View => ({ axes: [factor(elements(shape), 1)], offset: 0 });
/** Element `j` is element `places[j]` of the node. */
export const tableView = (places: Int32Array): View => ({ axes: [placed(places)], offset: 0 });

/** The view with the extents `wanted`, of as many elements. */
export function reshaped(view: View, wanted: readonly number[]): View {
  const rest = view.axes.flat();
  const axes = wanted.map((): AxisView => []);
  for (let i = wanted.length - 1; i >= 0; i--) {
    let missing = wanted[i]!;
    while (missing > 1) {
      const last = rest.pop() ?? refuse(`has no axis for ${wanted.join('×')}`);
      if (missing % last.extent === 0) {
        axes[i] = [last, ...axes[i]!];
        missing /= last.extent;
      } else if (last.extent % missing === 0 && last.table === null) {
        axes[i] = [{ ...last, extent: missing }, ...axes[i]!];
        rest.push({ ...last, extent: last.extent / missing, stride: last.stride * missing });
        missing = 1;
      } else refuse(`splits its axes into ${wanted.join('×')}`);
    }
  }
  return { ...view, axes };
}

/** The view with only the elements `positions` of `axis`. */
export function picked(view: View, axis: number, positions: readonly number[]): View {
  const places = placesOf(view.axes[axis]!);
  if (positions.length === 0) refuse('takes nothing');
  const first = positions.reduce((least, i) => Math.min(least, places[i]!), Infinity);
  const kept = Int32Array.from(positions, (i) => places[i]! - first);
  return { axes: view.axes.map((own, i) => (i === axis ? placed(kept) : own)), offset: view.offset + first };
}

/** A stretch of one axis of the view along one axis of the image: `extent` steps of `step` pixels or channels. */
export interface Stretch {
  readonly axis: ImageAxis;
  readonly extent: number;
  readonly step: number;
  readonly table: Int32Array | null;
}

const EXTENT = { h: 0, w: 1, c: 2 } as const;
const unitOf = (axis: ImageAxis, [, width, channels]: Shape): number =>
  ({ h: width * channels, w: channels, c: 1 })[axis];

/** `factor` along the axes of an image of `shape`, the slowest first. */
function stretchesOf({ extent, stride, table }: Factor, shape: Shape): Stretch[] {
  const order: readonly ImageAxis[] = ['c', 'w', 'h'];
  if (table !== null) {
    if (table.some((place) => place < 0 || place >= shape[2])) refuse('mixes pixels and channels');
    return [{ axis: 'c', extent, step: 0, table }];
  }
  for (const axis of order) {
    const unit = unitOf(axis, shape);
    const size = shape[EXTENT[axis]];
    if (size === 1 || (axis !== 'h' && stride >= unit * size)) continue;
    if (stride % unit !== 0) break;
    const step = stride / unit;
    if ((extent - 1) * step < size) return [{ axis, extent, step, table }];
    // It runs on into the next axis.
    const inside = size / step;
    if (!Number.isInteger(inside) || extent % inside !== 0) break;
    const outer = { extent: extent / inside, stride: unit * size, table: null };
    return [...stretchesOf(outer, shape), { axis, extent: inside, step, table: null }];
  }
  return refuse('mixes pixels and channels');
}

/** The stretches of one axis of a view of an image of `shape`; neighbours that go on in each other are one. */
export function stretches(axis: AxisView, shape: Shape): readonly Stretch[] {
  const merged: Stretch[] = [];
  for (const next of axis.flatMap((one) => stretchesOf(one, shape))) {
    const last = merged.at(-1);
    const goesOn =
      last?.axis === next.axis && !last.table && !next.table && last.step === next.step * next.extent;
    if (goesOn) merged.splice(-1, 1, { ...next, extent: last.extent * next.extent });
    else merged.push(next);
  }
  return merged;
}

/** Whether `axis` is the whole of the image's axis `name`, in order. */
export function isWhole(axis: AxisView, name: ImageAxis, shape: Shape): boolean {
  const size = shape[EXTENT[name]];
  if (extentOf(axis) !== size) return false;
  const [only, ...others] = stretches(axis, shape);
  if (only === undefined) return size === 1;
  return others.length === 0 && only.axis === name && only.table === null && only.step === 1;
}

/** Whether the view is all of an image of `shape`, its axes in the order of ONNX. */
export const isImage = (view: View, shape: Shape): boolean =>
  view.axes.length === 3 &&
  view.offset === 0 &&
  (['c', 'h', 'w'] as const).every((name, i) => isWhole(view.axes[i]!, name, shape));

/** Whether the places of two views are the same, element by element, as axes. */
export const sameView = (a: View, b: View): boolean =>
  a.offset === b.offset &&
  a.axes.length === b.axes.length &&
  a.axes.every((axis, i) => {
    const other = b.axes[i]!;
    if (JSON.stringify(axis) === JSON.stringify(other)) return true;
    if (extentOf(axis) !== extentOf(other)) return false;
    const places = placesOf(other);
    return placesOf(axis).every((place, k) => place === places[k]);
  });
