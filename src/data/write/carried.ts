/**
 * What a file holds besides its frames, sorted by what must happen to it when only some frames are kept: per-frame
 * datasets lose rows, ragged ones (LCLS2) the values of those rows, small static datasets are copied, links are made again.
 *
 * A dataset is per-frame when its first axis is as long as there are frames. Exceptions: an array of exactly a frame's
 * shape (a mask, when there happen to be as many frames as rows), the fixed vectors of NeXus geometry, and frame
 * datasets themselves. Refused with a reason (and listed): compounds, references, arrays above 256 MiB.
 */
import { Hdf5Failure } from '../hdf5/library.js';
import type { Hdf5DatasetInfo, Hdf5File, Hdf5Value } from '../hdf5/file.js';
import { raggedLengths } from '../hdf5/ragged.js';

export interface CarriedTree {
  readonly groups: readonly string[];
  readonly perFrame: readonly Hdf5DatasetInfo[];
  /** Values of all frames one after the other, and the dataset that says how many each frame has. */
  readonly ragged: readonly { readonly values: Hdf5DatasetInfo; readonly lengths: string }[];
  readonly fixed: readonly Hdf5DatasetInfo[];
  /** Paths (datasets or groups of datasets) that held the frames. */
  readonly frames: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  /** What cannot be carried, and why. */
  readonly left: readonly { readonly path: string; readonly why: string }[];
}

const MAX_DEPTH = 12;
const MAX_OBJECTS = 20_000;
const MAX_FIXED_BYTES = 256 * 1024 * 1024;
/** Vectors whose length says nothing of frames. */
const FIXED_NAMES =
  /(^|\/)(mask_shared|pixel_mask|data_size|data_origin|fast_pixel_direction|slow_pixel_direction|module_offset)$/;
/** Files of an Eiger or NXmx series that a master links to. */
const FRAME_PARTS = /\/data_\d+$/;

interface FrameFacts {
  readonly count: number;
  readonly frameShape: readonly number[];
  /** Path of the dataset that the frames were read from. */
  readonly dataset: string;
}

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((n, i) => n === b[i]);

/** Walks `file`. Objects that cannot be opened are listed as left. */
export function carriedTree(file: Hdf5File, facts: FrameFacts): CarriedTree {
  const groups: string[] = [];
  const perFrame: Hdf5DatasetInfo[] = [];
  const ragged: { values: Hdf5DatasetInfo; lengths: string }[] = [];
  const fixed: Hdf5DatasetInfo[] = [];
  const frames: string[] = [];
  const links: { path: string; target: string }[] = [];
  const left: { path: string; why: string }[] = [];
  let visited = 0;

  const dataset = (path: string): void => {
    const info = file.info(path);
    const isFrames =
      path === facts.dataset || (FRAME_PARTS.test(path) && sameShape(info.shape.slice(1), facts.frameShape));
    const lengths = raggedLengths(file, path);
    if (isFrames) frames.push(path);
    else if (info.pixelType === null && !info.isString)
      left.push({ path, why: `${info.typeName} data cannot be copied` });
    else if (lengths !== null && info.pixelType !== null && file.info(lengths).shape[0] === facts.count)
      ragged.push({ values: info, lengths });
    else if (isPerFrame(info, facts)) perFrame.push(info);
    else if (info.shape.reduce((a, b) => a * b, info.elementBytes) > MAX_FIXED_BYTES)
      left.push({ path, why: 'too large' });
    else fixed.push(info);
  };

  const walk = (group: string, depth: number): void => {
    for (const name of file.children(group)) {
      const path = `${group === '/' ? '' : group}/${name}`;
      if (++visited > MAX_OBJECTS) return;
      try {
        const target = file.softLink(path);
        const node = file.node(path);
        if (target !== null) links.push({ path, target });
        else if (node.kind === 'group' && depth < MAX_DEPTH) {
          groups.push(path);
          walk(path, depth + 1);
        } else if (node.kind === 'dataset') dataset(path);
        else if (FRAME_PARTS.test(path)) frames.push(path);
        else left.push({ path, why: `a ${node.kind}` });
      } catch (error) {
        if (!(error instanceof Hdf5Failure)) throw error;
        left.push({ path, why: error.message });
      }
    }
  };
  walk('/', 0);
  return { groups, perFrame, ragged, fixed, frames, links, left };
}

function isPerFrame(info: Hdf5DatasetInfo, facts: FrameFacts): boolean {
  if (info.shape[0] !== facts.count || FIXED_NAMES.test(info.path)) return false;
  return !sameShape(info.shape, facts.frameShape);
}

/** Values as the writer takes them. */
export function attributesOf(
  file: Hdf5File,
  path: string,
): Readonly<Record<string, Exclude<Hdf5Value, null>>> {
  const found: Record<string, Exclude<Hdf5Value, null>> = {};
  for (const name of file.attributeNames(path)) {
    const value = file.attribute(path, name);
    if (value !== null) found[name] = value;
  }
  return found;
}
