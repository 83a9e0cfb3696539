/**
 * The datasets that a geometry file names as those of the frames: `/data/data`, or `/data/%/raw` with an event a group.
 *
 * Source: crystfel_geometry(5): each `%` stands for one part of the path, or for a piece of one; together they name the event.
 */
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import type { Hdf5File } from './file.js';
import { findFrameDatasets } from './find.js';
import { followLinks } from './links.js';

const MAX_EVENTS = 1e6;

/** `/tag-%/data` as a pattern whose groups are what an event fills. */
function patternOf(template: string): RegExp {
  const parts = template.split('%').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${parts.join('([^/]+)')}$`);
}

/** What fills the `%` of `template` for the dataset `path`; null where it does not fit. */
export function fillOf(template: string, path: string): readonly string[] | null {
  return patternOf(template).exec(path)?.slice(1) ?? null;
}

/** `template` with its `%` filled in order. */
export function fillPath(template: string, fill: readonly string[]): string {
  let next = 0;
  return template.replaceAll('%', () => fill[next++] ?? '%');
}

export interface StatedFrames {
  readonly paths: readonly string[];
  /** The event of a dataset, as CrystFEL writes it; null where the path has no `%`. */
  readonly eventOf: ((path: string) => string) | null;
  readonly notes: readonly Note[];
}

const isFrames = (file: Hdf5File, path: string): boolean => {
  if (file.node(path).kind !== 'dataset') return false;
  const { pixelType, shape } = file.info(path);
  return pixelType !== null && shape.length >= 2;
};

/** The frames at `template`; null where the file has none there, or finds the same by itself. */
export function statedFrames(file: Hdf5File, template: string): StatedFrames | null {
  if (!template.includes('%')) {
    if (!isFrames(file, template)) return null;
    const found = foundAlone(file);
    const same = found !== null && followLinks(file, found) === followLinks(file, template);
    return same ? null : { paths: [template], eventOf: null, notes: [] };
  }
  const [paths, missing] = eventPaths(file, template);
  if (paths.length === 0) return null;
  const [gap] = missing;
  const text = `is missing, as in ${missing.length} of ${missing.length + paths.length} events that the geometry file names`;
  return {
    paths,
    eventOf: (path) => `${fillOf(template, path)?.join('/') ?? ''}//`,
    notes: gap === undefined ? [] : [warning('frames', file.name, gap, text)],
  };
}

/** The one dataset that is found without being named, or null. */
function foundAlone(file: Hdf5File): string | null {
  try {
    const [path, ...others] = findFrameDatasets(file, null);
    return path !== undefined && others.length === 0 ? path : null;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Paths of all events in the order of their numbers and names: those that are datasets, and those that are not there. */
function eventPaths(file: Hdf5File, template: string): readonly [readonly string[], readonly string[]] {
  const byName = new Intl.Collator('en', { numeric: true });
  let open = [''];
  const parts = template.split('/').filter((one) => one !== '');
  for (const [depth, part] of parts.entries()) {
    const wanted = depth < parts.length - 1 ? 'group' : 'dataset';
    open = open.flatMap((group) => {
      if (!part.includes('%')) return [`${group}/${part}`];
      const at = group === '' ? '/' : group;
      if (file.node(at).kind !== 'group') return [];
      const pattern = patternOf(part);
      const names = file.children(at).filter((name) => pattern.test(name));
      const paths = names.sort(byName.compare).map((name) => `${group}/${name}`);
      return paths.filter((path) => file.node(path).kind === wanted);
    });
    if (open.length > MAX_EVENTS)
      throw new UserError(`holds more than ${MAX_EVENTS} events at ${template}`, { file: file.name });
  }
  const isThere = (path: string): boolean => isFrames(file, path);
  return [open.filter(isThere), open.filter((path) => !isThere(path))];
}
