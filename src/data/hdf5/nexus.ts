/**
 * What a NeXus file says of itself: its entry, its definition, and the detectors, found by `NX_class` whatever the groups
 * are called. The names `entry`, `instrument` and `detector` count without the attribute, too.
 */
import { attributeText, toColumn } from './columns.js';
import type { Hdf5File } from './file.js';

export interface Nexus {
  /** The application definition, as `NXmx`, or null. */
  readonly definition: string | null;
  /** Paths of the detector groups of the entry that holds the frames; the frames' own first. */
  readonly detectors: readonly string[];
  /** Collections of a vendor inside the detectors, as `…/detectorSpecific`. */
  readonly collections: readonly string[];
  /** What the detectors say of their make: description, model, type. */
  readonly make: string;
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
function groupsOf(file: Hdf5File, parent: string, name: string, alias: RegExp): readonly string[] {
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

function entryOf(file: Hdf5File, dataset: string): string | null {
  const entries = groupsOf(file, '/', 'NXentry', /^entry$/);
  return entries.find((entry) => dataset.startsWith(`${entry}/`)) ?? entries[0] ?? null;
}

function detectorsOf(file: Hdf5File, entry: string): readonly string[] {
  const instruments = groupsOf(file, entry, 'NXinstrument', /^instrument$/);
  return [entry, ...instruments].flatMap((parent) =>
    groupsOf(file, parent, 'NXdetector', parent === entry ? /^$/ : /^detector$/),
  );
}

/** Reads what `file` says of the frames in `dataset`. */
export function readNexus(file: Hdf5File, dataset: string): Nexus {
  const entry = entryOf(file, dataset);
  if (entry === null) return { definition: null, detectors: [], collections: [], make: '' };
  const all = detectorsOf(file, entry);
  const own = all.filter(
    (path) =>
      dataset.startsWith(`${path}/`) ||
      (file.children(path).includes('data') && file.softLink(`${path}/data`) === dataset),
  );
  // Where one detector holds the frames, the masks of the others are of other frames.
  const detectors = own.length > 0 ? own : all;
  const collections = detectors.flatMap((path) => groupsOf(file, path, 'NXcollection', /^detectorSpecific$/));
  const words = detectors.flatMap((path) =>
    ['description', 'model', 'local_name', 'type', 'vendor'].map((name) => textAt(file, `${path}/${name}`)),
  );
  return {
    definition: textAt(file, `${entry}/definition`),
    detectors,
    collections,
    make: [...detectors.map((path) => path.slice(path.lastIndexOf('/') + 1)), ...words]
      .filter((word) => word !== null)
      .join(' '),
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
