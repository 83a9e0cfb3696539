/**
 * Which of the detectors that a file describes saw its frames: a camera, a diode or a second detector beside them says nothing
 * of their masks, limits and places.
 *
 * The one that holds the frames, by its own dataset or by a link; else those whose images have the size of a frame; else the one
 * that is called as the frames are, or `detector`. What has images of another size is never theirs.
 */
import { taken, warning, type Note } from '../notes.js';
import { numberAt } from './columns.js';
import type { Hdf5DatasetInfo, Hdf5File } from './file.js';
import { followLinks } from './links.js';
import { nameOf, parentOf } from './paths.js';

/** Sizes of images that the detector at `path` has: of its data, masks, flat fields and of its pixels. */
function imageSizes(file: Hdf5File, path: string): readonly (readonly number[])[] {
  const sizes: (readonly number[])[] = [];
  const isDataset = (name: string): boolean => file.node(`${path}/${name}`).kind === 'dataset';
  for (const name of file.children(path))
    if (/^(data|pixel_mask(_\d+)?|flatfield)$/.test(name) && isDataset(name)) sizes.push(file.info(`${path}/${name}`).shape);
  const [rows, columns] = ['y_pixels_in_detector', 'x_pixels_in_detector'].map((name) => {
    const place = ['detectorSpecific/', ''].map((group) => group + name).find(isDataset);
    return place === undefined ? null : numberAt(file, `${path}/${place}`);
  });
  if (rows != null && columns != null) sizes.push([rows, columns]);
  return sizes;
} // prettier-ignore

/** Whether an image of `size` is one of such frames (or of their modules); data of one axis is none. */
function isOfFrames(size: readonly number[], { shape }: Hdf5DatasetInfo): boolean {
  const pixels = (from: readonly number[]): number => from.reduce((a, b) => a * b, 1);
  const whole = shape.slice(-Math.max(2, shape.length - 1)).map((_, axis, all) => pixels(all.slice(axis)));
  const fits = (one: readonly number[]): boolean =>
    one.length >= 2 && one.at(-1) === shape.at(-1) && whole.includes(pixels(one));
  return Array.from(size, (_, axis) => size.slice(axis)).some(fits);
}

/** CXI counts detectors and data alike; elsewhere a detector is called as its data group, or just `detector`. */
function isCalledAs(detector: string, dataset: string): boolean {
  const [name, group] = [nameOf(detector), nameOf(parentOf(dataset))];
  const number = /^(?:data|image)_(\d+)$/.exec(group)?.[1];
  return number === undefined
    ? [group, nameOf(dataset)].includes(name) && name !== 'data'
    : name === `detector_${number}`;
}

/** Those of `detectors` that saw the frames in `info`, and which did not. Where nothing tells them apart, all of them. */
export function detectorsOfFrames(
  file: Hdf5File,
  info: Hdf5DatasetInfo,
  detectors: readonly string[],
): { readonly own: readonly string[]; readonly notes: readonly Note[] } {
  const [only, another] = detectors;
  if (only === undefined) return { own: [], notes: [] };
  if (another === undefined) return alone(file, info, only);
  const frames = followLinks(file, info.path);
  const sizes = new Map(detectors.map((path) => [path, imageSizes(file, path)]));
  const has = (path: string, test: (size: readonly number[]) => boolean): boolean =>
    sizes.get(path)!.some(test);
  const other = (path: string): boolean => has(path, (size) => !isOfFrames(size, info));
  const possible = detectors.filter((path) => !other(path));
  const tests: readonly ((path: string) => boolean)[] = [
    (path) =>
      [info.path, frames].some((one) => one.startsWith(`${path}/`)) ||
      followLinks(file, `${path}/data`) === frames,
    (path) => !other(path) && has(path, (size) => String(size) === String(info.shape)),
    (path) => !other(path) && has(path, (size) => isOfFrames(size, info)),
    (path) => !other(path) && isCalledAs(path, info.path),
    (path) => !other(path) && /^detector(_1)?$/.test(nameOf(path)),
  ];
  const found = tests.map((test) => detectors.filter(test)).find((some) => some.length > 0);
  const own = found ?? (possible.length > 0 ? possible : detectors);
  const notes = detectors
    .filter((path) => !own.includes(path))
    .map((path) => taken('unused', file.name, path, 'is a detector of other frames'));
  return { own, notes };
}

/** The only detector of a file, unless its own data have another size than the frames. */
function alone(file: Hdf5File, info: Hdf5DatasetInfo, path: string): ReturnType<typeof detectorsOfFrames> {
  const data = `${path}/data`;
  if (file.node(data).kind !== 'dataset' || isOfFrames(file.info(data).shape, info))
    return { own: [path], notes: [] };
  const text = `is the only detector, but its data (${file.info(data).shape.join('×')}) are no frames of ${info.path}: it was not used`;
  return { own: [], notes: [warning('unused', file.name, path, text)] };
}
