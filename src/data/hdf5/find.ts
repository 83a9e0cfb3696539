/**
 * Finding the dataset that holds the frames: first where the known layouts put it, then by looking.
 *
 * Refuses to guess: several candidates are listed, and the user names one with `FILE#/path`. A dangling link is
 * refused with the name of the missing file (links.ts).
 */
import { UserError } from '../../core/errors.js';
import type { Hdf5DatasetInfo, Hdf5File, Hdf5Node } from './file.js';
import { Hdf5Failure } from './library.js';
import { refuseLink, type BrokenLink } from './links.js';
import { onlyTagSeries, tagGroups, tagSeriesOf } from './tags.js';

/** Paths where frames are found, in order: vetoc and NXmx, CXI, older CXI, Cheetah and OM, EPICS. */
const KNOWN_PATHS = [
  '/entry/data/data',
  '/entry_1/data_1/data',
  '/entry_1/instrument_1/detector_1/data',
  '/entry_1/image_1/data',
  '/entry/instrument/detector/data',
  '/data/data',
];

const MAX_DEPTH = 12;
const MAX_VISITED = 20_000;
/** Images have at least this many pixels a side; smaller tables are facts. */
export const MIN_SIDE = 8;

/** Throws the words for a path that is not there, follows nowhere, or is no dataset. */
export function refuseNode(file: Hdf5File, path: string, node: Hdf5Node): never {
  if (node.kind === 'externalLink' || node.kind === 'danglingSoftLink') refuseLink(file, path, node);
  const problem = node.kind === 'missing' ? 'does not exist' : `is a ${node.kind}, not a dataset`;
  const known = listCandidates(file).map((info) => info.path);
  throw new UserError(problem, {
    file: file.name,
    field: path,
    remedy: known.length === 0 ? 'the file holds no frames' : `use one of ${known.slice(0, 12).join(', ')}`,
  });
}

function looksLikeFrames(info: Hdf5DatasetInfo): boolean {
  const [height, width] = info.shape.slice(-2);
  if (info.pixelType === null || info.shape.length < 2 || info.shape.length > 5) return false;
  return height! >= MIN_SIDE && width! >= MIN_SIDE;
}

/**
 * Every dataset that could hold frames, in the file's order and once; of numbered groups those of the first. Broken objects are
 * passed over, and soft links: what they lead to stands in the file under its own name. Throws where there is no end.
 */
export function listCandidates(
  file: Hdf5File,
  onBroken: (path: string, node: BrokenLink) => void = () => undefined,
): readonly Hdf5DatasetInfo[] {
  return walk(file, looksLikeFrames, onBroken);
}

/** Every dataset of a name like `pattern`, as `listCandidates` has it; none where there is no end. */
export function listNamed(file: Hdf5File, pattern: RegExp): readonly Hdf5DatasetInfo[] {
  try {
    if (!mayHold(file, pattern)) return [];
    return walk(file, () => true, undefined, pattern);
  } catch (error) {
    if (error instanceof UserError) return [];
    throw error;
  }
}

/** Whether any object may have such a name: most files have none, which one look shows, unless a group is damaged. */
function mayHold(file: Hdf5File, pattern: RegExp): boolean {
  try {
    return file.names().some((name) => pattern.test(name));
  } catch (error) {
    if (error instanceof Hdf5Failure) return true;
    throw error;
  }
}

/** Every dataset that is `wanted`, as `listCandidates` has it. */
function walk(
  file: Hdf5File,
  wanted: (info: Hdf5DatasetInfo) => boolean,
  onBroken: (path: string, node: BrokenLink) => void = () => undefined,
  name = /^/,
): readonly Hdf5DatasetInfo[] {
  const found: Hdf5DatasetInfo[] = [];
  const met = new Set<string>();
  /** Whether the dataset at `path` was not met under another name. */
  const isNew = (path: string): boolean => {
    const identity = file.identity(path);
    const known = met.has(identity);
    met.add(identity);
    return !known;
  };
  let visited = 0;
  const into = (group: string, depth: number): void => {
    for (const child of namesIn(file, group)) {
      const path = `${group === '/' ? '' : group}/${child}`;
      if (++visited > MAX_VISITED) {
        throw new UserError(`holds more than ${MAX_VISITED} objects, or groups that lead in a circle`, {
          file: file.name,
          remedy: 'name the frames with FILE#/path/to/dataset',
        });
      }
      try {
        const node = file.node(path);
        if (node.kind === 'externalLink' || node.kind === 'danglingSoftLink') onBroken(path, node);
        if (node.kind === 'group' && depth < MAX_DEPTH && file.softLink(path) === null) into(path, depth + 1);
        if (node.kind !== 'dataset' || !name.test(child) || file.softLink(path) !== null) continue;
        if (wanted(file.info(path)) && isNew(path)) found.push(file.info(path));
      } catch (error) {
        if (!(error instanceof Hdf5Failure)) throw error;
      }
    }
  };
  into('/', 0);
  return found;
}

/** The names in `group`; of numbered groups the first alone. */
function namesIn(file: Hdf5File, group: string): readonly string[] {
  try {
    const [first, ...others] = tagGroups(file, group);
    const names = file.children(group);
    if (first === undefined) return names;
    const further = new Set(others.map((one) => one.name));
    return names.filter((name) => !further.has(name));
  } catch (error) {
    if (error instanceof Hdf5Failure) return [];
    throw error;
  }
}

/** `…/data_000001`, `…/data_000002`, … of an NXmx master without a virtual dataset; empty where there is none. */
function linkedSeries(file: Hdf5File): readonly string[] {
  if (file.node('/entry/data').kind !== 'group') return [];
  return file
    .children('/entry/data')
    .filter((name) => /^data_\d+$/.test(name))
    .sort((a, b) => Number(a.slice(5)) - Number(b.slice(5)))
    .map((name) => `/entry/data/${name}`);
}

/** The signal that the NeXus attributes `default` and `signal` lead to, or null. */
function nexusSignal(file: Hdf5File): string | null {
  let group = '/';
  for (let depth = 0; depth < 4; depth++) {
    const signal = file.attribute(group, 'signal')?.[0];
    const base = group === '/' ? '' : group;
    if (typeof signal === 'string') return `${base}/${signal}`;
    const next = file.attribute(group, 'default')?.[0];
    if (typeof next !== 'string' || file.node(`${base}/${next}`).kind !== 'group') return null;
    group = `${base}/${next}`;
  }
  return null;
}

/** The datasets that hold the frames, in order: one, the linked files of an NXmx master, or one a numbered group. */
export function findFrameDatasets(file: Hdf5File, asked: string | null): readonly string[] {
  if (asked !== null) {
    const node = file.node(asked);
    if (node.kind !== 'dataset') refuseNode(file, asked, node);
    return file.info(asked).shape.length === 2 ? (tagSeriesOf(file, asked)?.paths ?? [asked]) : [asked];
  }
  for (const path of [nexusSignal(file), ...KNOWN_PATHS]) {
    if (path !== null && file.node(path).kind === 'dataset' && looksLikeFrames(file.info(path)))
      return [path];
  }
  const series = linkedSeries(file);
  if (series.length > 0) return series;
  const broken: { readonly path: string; readonly node: BrokenLink }[] = [];
  const candidates = listCandidates(file, (path, node) => broken.push({ path, node }));
  const deepest = candidates.filter((info) => info.shape.length >= 3);
  const chosen = deepest.length > 0 ? deepest : candidates;
  const tags = onlyTagSeries(file, chosen);
  if (tags !== null) return tags.paths;
  const named = chosen.filter((info) => /(^|[/.])(data|calib|adc)$/.test(info.path));
  if (named.length === 1) return [named[0]!.path];
  if (chosen.length === 1) return [chosen[0]!.path];
  // Where nothing else is there, a link that leads nowhere is the cause.
  if (chosen.length === 0 && broken.length > 0) refuseLink(file, broken[0]!.path, broken[0]!.node);
  throw chosen.length === 0 ? noFrames(file) : severalFrames(file, chosen);
}

function noFrames(file: Hdf5File): UserError {
  const others = walk(file, (info) => info.shape.length >= 2).slice(0, 5);
  const listed = others.map((info) => `${info.path} ${info.shape.join('×')} ${info.typeName}`).join(', ');
  const found = others.length === 0 ? '' : `; it holds ${listed}`;
  return new UserError(
    `holds no dataset of numbers whose last two axes have at least ${MIN_SIDE}×${MIN_SIDE} pixels${found}`,
    { file: file.name, remedy: 'name the frames with FILE#/path/to/dataset; pixels are the last axes' },
  );
}

function severalFrames(file: Hdf5File, chosen: readonly Hdf5DatasetInfo[]): UserError {
  const listed = chosen
    .slice(0, 20)
    .map((info) => `${info.path} ${info.shape.join('×')} ${info.typeName}`)
    .join(', ');
  return new UserError(`holds several datasets that could be frames: ${listed}`, {
    file: file.name,
    remedy: 'name one with FILE#/path/to/dataset',
  });
}
