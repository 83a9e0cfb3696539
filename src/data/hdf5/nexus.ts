/**
 * What a NeXus file says of itself: its entry, its definition, and the detectors, found by `NX_class` whatever the groups
 * are called. The names `entry`, `instrument` and `detector` count without the attribute, too.
 */
import { warning, type Note } from '../notes.js';
import { attributeText, toColumn } from './columns.js';
import { detectorsOfFrames } from './detectors.js';
import type { Hdf5File } from './file.js';
import { followLinks } from './links.js';
import { nameOf } from './paths.js';

export interface Nexus {
  /** The application definition, as `NXmx`, or null. */
  readonly definition: string | null;
  /** The entry that holds the frames, or null. */
  readonly entry: string | null;
  /** Paths of the detector groups that saw the frames; several where nothing tells them apart. */
  readonly detectors: readonly string[];
  /** Collections of a vendor inside the detectors, as `…/detectorSpecific`. */
  readonly collections: readonly string[];
  /** What the detectors say of their make: description, model, type. */
  readonly make: string;
  /** Which detectors are of other frames. */
  readonly notes: readonly Note[];
}

/** Words of detectors that count photons one by one: no count of theirs is negative. */
const COUNTERS =
  /pilatus|eiger|dectris|medipix|timepix|lambda|merlin|maxipix|xspress|photon.?count|hybrid photon/i;
/** Words of detectors that integrate charge: below the pedestal their values are negative. */
const INTEGRATORS = /jungfrau|agipd|\blpd\b|dssc|epix|cspad|pnccd|gotthard|\bccd\b|cmos|rayonix|adsc|mar/i;

function classOf(file: Hdf5File, path: string): string | null {
  return file.node(path).kind === 'group' ? attributeText(file, path, 'NX_class') : null;
}

/** Groups in `parent` of the class `name`, or whose own name matches `alias` and which say no class. */
export function groupsOf(file: Hdf5File, parent: string, name: string, alias: RegExp): readonly string[] {
  if (file.node(parent).kind !== 'group') return [];
  const base = parent === '/' ? '' : parent;
  return file
    .children(parent)
    .map((child) => `${base}/${child}`)
    .filter((path) => {
      if (file.node(path).kind !== 'group') return false;
      const stated = classOf(file, path);
      return stated === name || (stated === null && alias.test(path.slice(base.length + 1)));
    });
}

/** The first text of the dataset at `path`, or null. */
export function textAt(file: Hdf5File, path: string): string | null {
  if (file.node(path).kind !== 'dataset' || !file.info(path).isString) return null;
  const [text] = toColumn(file.readAll(path));
  return typeof text === 'string' ? text : null;
}

/** The entry that holds the frames, by any of `paths`; of several that hold none of them, none. */
function entryOf(
  file: Hdf5File,
  paths: readonly string[],
): { readonly entry: string | null; readonly notes: readonly Note[] } {
  const entries = groupsOf(file, '/', 'NXentry', /^entry$/);
  const own = paths.flatMap((path) => entries.filter((entry) => path.startsWith(`${entry}/`)));
  const [entry] = own.length > 0 ? own : entries;
  if (own.length > 0 || entries.length < 2) return { entry: entry ?? null, notes: [] };
  const text = `stand in none of the entries ${entries.join(', ')}: what these say of detectors was not used`;
  return { entry: null, notes: [warning('unused', file.name, paths[0]!, text)] };
}

const DETECTOR_FIELDS =
  /^(distance|detector_distance|[xy]_pixel_size|beam_center_[xy]|pixel_mask|saturation_value|depends_on)$/;

/** Whether a group without a class is a detector, by its name or by what stands in it. */
function isLikeDetector(file: Hdf5File, path: string): boolean {
  if (file.node(path).kind !== 'group') return false;
  const name = nameOf(path);
  return /^detector/i.test(name) || file.children(path).some((child) => DETECTOR_FIELDS.test(child));
} // prettier-ignore

/** Detectors of `entry`, and whatever group of an instrument the frames stand in. */
function detectorsOf(file: Hdf5File, entry: string, paths: readonly string[]): readonly string[] {
  const instruments = groupsOf(file, entry, 'NXinstrument', /^instrument$/);
  const named = [entry, ...instruments].flatMap((parent) =>
    groupsOf(file, parent, 'NXdetector', parent === entry ? /^$/ : /^detector$/),
  );
  const around = instruments.flatMap((instrument) =>
    paths
      .filter((path) => path.startsWith(`${instrument}/`))
      .map((path) => `${instrument}/${path.slice(instrument.length + 1).split('/')[0]}`)
      .filter((path) => classOf(file, path) === null && isLikeDetector(file, path)),
  );
  return [...new Set([...named, ...around])];
}

/** Reads what `file` says of the frames in `dataset`. */
export function readNexus(file: Hdf5File, dataset: string): Nexus {
  const paths = [dataset, followLinks(file, dataset)];
  const { entry, notes: ofEntry } = entryOf(file, paths);
  if (entry === null)
    return { definition: null, entry, detectors: [], collections: [], make: '', notes: ofEntry };
  const all = detectorsOf(file, entry, paths);
  const { own: detectors, notes } =
    file.node(dataset).kind === 'dataset'
      ? detectorsOfFrames(file, file.info(dataset), all)
      : { own: all, notes: [] };
  const collections = detectors.flatMap((path) => groupsOf(file, path, 'NXcollection', /^detectorSpecific$/));
  const words = detectors.flatMap((path) =>
    ['description', 'model', 'local_name', 'type', 'vendor'].map((name) => textAt(file, `${path}/${name}`)),
  );
  return {
    definition: textAt(file, `${entry}/definition`),
    entry,
    detectors,
    notes,
    collections,
    make: [...detectors.map((path) => nameOf(path)), ...words].filter((word) => word !== null).join(' '),
  };
}

export function isNxmx({ definition }: Nexus): boolean {
  return definition === 'NXmx';
}

/** Whether DECTRIS wrote it: they keep their own facts in `detectorSpecific`. */
export function isDectris({ make, collections }: Nexus): boolean {
  return (
    /dectris|eiger|pilatus/i.test(make) || collections.some((path) => path.endsWith('/detectorSpecific'))
  );
}

/** Whether no value of the frames can be negative. NXmx is the definition of photon counters unless the make says more. */
export function countsPhotons(nexus: Nexus): boolean {
  if (COUNTERS.test(nexus.make)) return true;
  return isNxmx(nexus) && !INTEGRATORS.test(nexus.make);
}
