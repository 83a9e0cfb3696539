/**
 * Resizing to the nearest pixel. Which pixel each one of the result reads is computed for the image at hand, as ONNX Runtime
 * computes it, and looked at: whole blocks of equal pixels are an upsampling, pixels at even distances a slice, whatever
 * the attributes call it. Everything else is refused.
 */
import { asImage, asWhole } from './readers.js';
import { refuse } from './refusal.js';
import {
  axisIndex,
  constantInput,
  floatsOf,
  imageValue,
  intOf,
  intsOf,
  optionalConstant,
  plainInput,
  textOf,
  type Activation,
  type Op,
  type Rule,
  type Target,
} from './values.js';
import { extentOf, picked } from './view.js';

/** How an axis of `size` pixels becomes one of `made`. */
interface Scaled {
  readonly size: number;
  readonly made: number;
  readonly scale: number;
}

const { fround } = Math;

/** Where pixel `i` of the result lies in the image, in float32. */
const COORDINATES: Readonly<Record<string, (i: number, axis: Scaled) => number>> = {
  half_pixel: (i, { scale }) => fround(fround(fround(i + 0.5) / scale) - 0.5),
  half_pixel_symmetric(i, { size, made, scale }) {
    const shift = (size / 2) * (1 - made / fround(scale * size));
    return fround(shift + fround(fround(i + 0.5) / scale) - 0.5);
  },
  pytorch_half_pixel: (i, axis) => (axis.made > 1 ? COORDINATES['half_pixel']!(i, axis) : 0),
  align_corners: (i, { size, made }) => (made === 1 ? 0 : fround((i * (size - 1)) / (made - 1))),
  asymmetric: (i, { scale }) => fround(i / scale),
  tf_half_pixel_for_nn: (i, { scale }) => fround(fround(i + 0.5) / scale),
};

/** The pixel that is nearest to a place. */
const NEAREST: Readonly<Record<string, (place: number, scale: number) => number>> = {
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
  // What opset 10 and before do.
  simple: (place, scale) => (scale < 1 ? Math.ceil(place) : Math.floor(place)),
};

/** The pixel of the image that each pixel of the result is. */
function pixelsOf(op: Op, axis: Scaled): readonly number[] {
  const isOld = op.opset < 11;
  const transformation = textOf(op, 'coordinate_transformation_mode', isOld ? 'asymmetric' : 'half_pixel');
  const rounding = textOf(op, 'nearest_mode', isOld ? 'simple' : 'round_prefer_floor');
  const coordinate =
    COORDINATES[transformation] ?? refuse(`resizes by coordinate_transformation_mode ${transformation}`);
  const nearest = NEAREST[rounding] ?? refuse(`resizes by nearest_mode ${rounding}`);
  return Array.from({ length: axis.made }, (_, i) =>
    Math.min(Math.max(nearest(coordinate(i, axis), axis.scale), 0), axis.size - 1),
  );
}

/** The axes of `x` `[C, H, W]` behind the batch as they are scaled. */
function scaledAxes(op: Op, x: Activation): readonly Scaled[] {
  const sizes = x.view.axes.map(extentOf);
  const rank = sizes.length + 1;
  const axes = intsOf(op, 'axes')?.map((axis) => axisIndex(axis, rank)) ?? [...Array(rank).keys()];
  const scales =
    floatsOf(op, 'scales') ??
    Array.from((op.opset < 11 ? constantInput(op, 1) : optionalConstant(op, 2))?.data ?? []);
  const extents = Array.from(optionalConstant(op, 3)?.data ?? []);
  const stated = extents.length > 0 ? extents : scales;
  if (stated.length !== axes.length) refuse(`states ${stated.length} extents for ${axes.length} axes`);
  const batch = axes.indexOf(0);
  if (batch >= 0 && extents.length === 0 && stated[batch] !== 1) refuse('resizes the batch');
  return sizes.map((size, i) => {
    const at = axes.indexOf(i + 1);
    if (at < 0) return { size, made: size, scale: 1 };
    const made = extents.length > 0 ? extents[at]! : Math.floor(fround(size * fround(scales[at]!)));
    if (!Number.isInteger(made) || made < 1) refuse(`makes ${made} pixels of ${size}`);
    return { size, made, scale: extents.length > 0 ? fround(made / size) : fround(scales[at]!) };
  });
}

/** The block that every pixel becomes; null where it becomes none. */
function blockOf(pixels: readonly number[], size: number): number | null {
  const block = pixels.length / size;
  return Number.isInteger(block) && pixels.every((pixel, i) => pixel === Math.floor(i / block))
    ? block
    : null;
}

const isEven = (pixels: readonly number[]): boolean => {
  const step = (pixels[1] ?? pixels[0]! + 1) - pixels[0]!;
  return step > 0 && pixels.every((pixel, i) => pixel === pixels[0]! + i * step);
};

function refuseOthers(op: Op): void {
  const mode = textOf(op, 'mode', 'nearest');
  if (mode !== 'nearest') refuse(`resizes by mode ${mode}; the nearest pixel is taken`);
  if (intOf(op, 'antialias', 0) !== 0) refuse('resizes with antialias');
  const policy = textOf(op, 'keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') refuse(`resizes by keep_aspect_ratio_policy ${policy}`);
}

/** `Resize` and, of opset 9 and before, `Upsample`. */
export const resize: Rule = (op, into: Target) => {
  refuseOthers(op);
  const x = asImage(op, plainInput(op, 0, into), into);
  const axes = scaledAxes(op, x);
  const pixels = axes.map((axis) => pixelsOf(op, axis));
  const blocks = pixels.map((of, i) => blockOf(of, axes[i]!.size));
  const [channels, fy, fx] = blocks;
  if (channels === 1 && fy !== null && fx !== null) {
    if (fy === 1 && fx === 1) return x;
    const factor = [fy!, fx!] as const;
    const id = into.add(op, (id) => ({ id, kind: 'upsample', inputs: [x.id], factor }));
    return imageValue(id, into.shape(id));
  }
  if (channels !== 1) refuse('resizes the channels');
  if (!pixels.every(isEven))
    refuse('resizes by a factor that is no whole number: rows or columns of one image are repeated unevenly');
  const view = [1, 2].reduce((view, axis) => picked(view, axis, pixels[axis]!), x.view);
  return asWhole(op, { ...x, view }, into);
};
