/**
 * Where the maps of a detector stand in files of those who make them, under which names and with which axes.
 *
 *     vetoc, psana   pedestals, pixel_rms, pixel_status, pixel_gain   [cell, stage, y, x]; psana's [stage, segment, y, x]
 *     pycalibration  Offset, Noise, BadPixelsDark, ThresholdsDark     [x, y, cell, stage], each under /…/NAME/0/data in a file of its own
 *     Cheetah, OM    AnalogOffset (offset), stddev, Badpixel, threshold   [stage, cell, y, x]
 *
 * What has no axis of cells is of all of them. Gains are ADU a keV under psana's name alone: those of the others are relative, or
 * keV an ADU, and are given with --gain.
 */
import { UserError } from '../../core/errors.js';
import type { Hdf5DatasetInfo, Hdf5File } from '../hdf5/file.js';
import { inGroup } from '../hdf5/paths.js';

export type MapKind = 'pedestals' | 'pixel_rms' | 'pixel_status' | 'pixel_gain' | 'thresholds';

/** An axis of a dataset of maps; modules are stacked along y. */
export type MapAxis = 'cell' | 'stage' | 'module' | 'y' | 'x';

const OWN = ['cell', 'stage', 'y', 'x'] as const;
const CALCAT = ['x', 'y', 'cell', 'stage'] as const;
const CHEETAH = ['stage', 'cell', 'y', 'x'] as const;

const NAMES: Readonly<Record<MapKind, readonly (readonly [name: string, axes: readonly MapAxis[]])[]>> = {
  pedestals: [['pedestals', OWN], ['Offset', CALCAT], ['AnalogOffset', CHEETAH], ['offset', CHEETAH]],
  pixel_rms: [['pixel_rms', OWN], ['Noise', CALCAT], ['stddev', CHEETAH]],
  pixel_status: [['pixel_status', OWN], ['BadPixelsDark', CALCAT], ['Badpixel', CHEETAH]],
  pixel_gain: [['pixel_gain', OWN]],
  thresholds: [['thresholds', OWN], ['ThresholdsDark', CALCAT], ['threshold', CHEETAH]],
}; // prettier-ignore

/** A dataset of maps of one kind. */
export interface FoundMaps {
  readonly hdf5: Hdf5File;
  readonly info: Hdf5DatasetInfo;
  /** One for each axis of the dataset. */
  readonly axes: readonly MapAxis[];
}

/** Constants stand at most so deep: /DETECTOR/NAME/0/data. */
const DEPTH = 4;

/** The dataset called `name`, or the first one in a group that is, at `DEPTH` at most. */
function pathOf(hdf5: Hdf5File, name: string, group = '/', depth = 1, inside = false): string | null {
  for (const child of hdf5.children(group)) {
    const path = inGroup(group, child);
    const { kind } = hdf5.node(path);
    const isIt = inside || child === name;
    if (kind === 'dataset' && isIt) return path;
    if (kind !== 'group' || depth === DEPTH) continue;
    const found = pathOf(hdf5, name, path, depth + 1, isIt);
    if (found !== null) return found;
  }
  return null;
}

/** The axes that are there: none of cells, or modules in their place where a detector has no `cells`. */
function axesThere(axes: readonly MapAxis[], rank: number, cells: number): readonly MapAxis[] {
  if (rank === axes.length - 1) return axes.filter((axis) => axis !== 'cell');
  return cells > 1 || axes !== OWN ? axes : ['stage', 'module', 'y', 'x'];
}

/** The maps of `kind` in one of `files`, of a detector with so many `cells`; null where none has them. Throws `UserError` where two have. */
export function findMaps(files: readonly Hdf5File[], kind: MapKind, cells: number): FoundMaps | null {
  const found = NAMES[kind].flatMap(([name, axes]) =>
    files.flatMap((hdf5) => {
      const path = pathOf(hdf5, name);
      return path === null ? [] : [{ hdf5, path, axes }];
    }),
  );
  const [first] = found;
  if (first === undefined) return null;
  const { hdf5, path, axes } = first;
  const again = found.find((other) => other.hdf5 !== hdf5);
  if (again !== undefined)
    throw new UserError(`holds ${kind}, as ${hdf5.name} does`, {
      file: again.hdf5.name,
      field: again.path,
      remedy: 'give one file of each kind of maps, of one detector or module',
    });
  const info = hdf5.info(path);
  return { hdf5, info, axes: axesThere(axes, info.shape.length, cells) };
}

/** Names of `kind` in words. */
export const namesOf = (kind: MapKind): string => NAMES[kind].map(([name]) => name).join(', ');

const DETECTORS = [
  ['agipd', /agipd/i],
  ['jungfrau', /jungfrau|jngfr/i],
  ['epix10ka', /epix10k/i],
] as const;

/** The detector that a constant's own path names, or whose alone such a constant is; null where nothing says it. */
export function detectorOfPaths(files: readonly Hdf5File[]): (typeof DETECTORS)[number][0] | null {
  const found = (['pedestals', 'pixel_status', 'thresholds'] as const).flatMap(
    (kind) => findMaps(files, kind, 1) ?? [],
  );
  const named = DETECTORS.find(([, pattern]) => found.some(({ info }) => pattern.test(info.path)));
  if (named !== undefined) return named[0];
  return found.some(({ info }) => /(^|\/)ThresholdsDark(\/|$)/.test(info.path)) ? 'agipd' : null;
}
