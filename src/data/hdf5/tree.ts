/**
 * What stands where in an HDF5 file. Names are read a group at a time and kept, so that looking where a dataset could
 * be costs nothing where it is not: each look at what is not there has the library write a stack of errors.
 */
import { Hdf5Failure, type Hdf5Module } from './library.js';
import { resolveLinked } from './linked-files.js';
import { nameOf, parentOf } from './paths.js';
import type { Run } from './values.js';

export type Hdf5Node =
  | { readonly kind: 'group' | 'dataset' | 'type' | 'missing' }
  | { readonly kind: 'danglingSoftLink'; readonly target: string }
  | { readonly kind: 'externalLink'; readonly file: string; readonly target: string };

export interface Hdf5Tree {
  node(path: string): Hdf5Node;
  children(group: string): readonly string[];
  /** The target of the soft link `path`, or null where it is no soft link. */
  softLink(path: string): string | null;
  /** The file that the first external link on the way to `path` leads to; null where there is none. */
  linkedFile(path: string): string | null;
  /** Where `path` stands if it is in another file: behind an external link, or soft links to one. Null where it is in this one. */
  elsewhere(path: string): { readonly file: string; readonly path: string } | null;
  /** Whether every part of `path` is a hard link, so that the object stands in this file. */
  isHardLinked(path: string): boolean;
  /** Names of all objects, links that lead elsewhere included, in one look. */
  names(): readonly string[];
  /** The groups and datasets that were met so far, and the names in the groups; null where a link was among them. */
  form(): TreeForm | null;
  /** Takes `form` for that of this file: whoever says so has compared the names of both. */
  adopt(form: TreeForm): void;
  forget(): void;
}

/** More soft links on one way lead in a circle. */
const LINKS_FOLLOWED = 20;

/** What is known of a tree, for another file of the same names. */
export interface TreeForm {
  readonly listed: ReadonlyMap<string, readonly string[]>;
  readonly nodes: ReadonlyMap<string, Hdf5Node>;
  /** Groups that are soft links, and where to. */
  readonly softGroups: readonly (readonly [path: string, target: string])[];
}

function findNode(module: Hdf5Module, id: bigint, name: string): Hdf5Node {
  const type = module.get_type(id, name);
  if (type === module.H5G_GROUP) return { kind: 'group' };
  if (type === module.H5G_DATASET) return { kind: 'dataset' };
  if (type === module.H5G_TYPE) return { kind: 'type' };
  if (type === module.H5G_LINK) {
    return { kind: 'danglingSoftLink', target: module.get_symbolic_link(id, name) };
  }
  if (type === module.H5G_UDLINK) {
    const link = module.get_external_link(id, name);
    return { kind: 'externalLink', file: link.filename, target: link.obj_path };
  }
  return { kind: 'missing' };
}

/** `path` as the library takes it too: from the root, without empty parts. */
const absolute = (path: string): string =>
  `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;

/** The tree of the file at `path`, which `run` asks. */
export function createTree(run: Run, path: string): Hdf5Tree {
  const listed = new Map<string, readonly string[]>();
  const nameSets = new Map<string, ReadonlySet<string> | null>();
  const nodes = new Map<string, Hdf5Node>();
  const links = new Map<string, string | null>();
  const places = new Map<string, ReturnType<Hdf5Tree['elsewhere']>>();

  function children(group: string): readonly string[] {
    const known = listed.get(group);
    if (known !== undefined) return known;
    const names = run((module, id) => [...module.get_names(id, group, false)]);
    listed.set(group, names);
    return names;
  }

  /** Null where the group is damaged: then each name in it is looked for. */
  function namesIn(group: string): ReadonlySet<string> | null {
    let names = nameSets.get(group);
    if (names !== undefined) return names;
    try {
      names = new Set(children(group));
    } catch (error) {
      if (!(error instanceof Hdf5Failure)) throw error;
      names = null;
    }
    nameSets.set(group, names);
    return names;
  }

  function look(at: string): Hdf5Node {
    if (at === '/') return { kind: 'group' };
    const above = node(parentOf(at));
    // Behind a link that leads nowhere is what the link says.
    if (above.kind === 'externalLink') return above;
    if (above.kind !== 'group') return { kind: 'missing' };
    if (namesIn(parentOf(at))?.has(nameOf(at)) === false) return { kind: 'missing' };
    try {
      return run((module, id) => findNode(module, id, at));
    } catch (error) {
      // The library has no type for a soft link of which several parts lead nowhere.
      const target = error instanceof Hdf5Failure ? softLink(at) : null;
      if (target === null) throw error;
      return { kind: 'danglingSoftLink', target };
    }
  }

  function node(of: string): Hdf5Node {
    const at = absolute(of);
    const known = nodes.get(at);
    if (known !== undefined) return known;
    const found = look(at);
    nodes.set(at, found);
    return found;
  }

  const softLink = (of: string): string | null =>
    run((module, id) => module.get_symbolic_link(id, of) as string | null);

  function linkAt(at: string): ReturnType<Hdf5Tree['elsewhere']> {
    try {
      const { filename, obj_path } = run((module, id) => module.get_external_link(id, at));
      return filename ? { file: resolveLinked(path, filename), path: absolute(obj_path) } : null;
    } catch (error) {
      // The library fails at what is not there; whatever it is, the next call meets it again.
      if (error instanceof Hdf5Failure) return null;
      throw error;
    }
  }

  function linkedFile(of: string): string | null {
    const at = absolute(of);
    if (at === '/') return null;
    const known = links.get(at);
    if (known !== undefined) return known;
    const found = linkedFile(parentOf(at)) ?? linkAt(at)?.file ?? null;
    links.set(at, found);
    return found;
  }

  function outside(at: string, linksLeft: number): ReturnType<Hdf5Tree['elsewhere']> {
    if (at === '/' || linksLeft === 0) return null;
    const above = elsewhere(parentOf(at), linksLeft);
    if (above !== null) return { file: above.file, path: `${above.path}/${nameOf(at)}` };
    if (node(at).kind === 'missing') return null;
    const link = linkAt(at);
    if (link !== null) return link;
    const target = softLink(at);
    if (target === null) return null;
    return elsewhere(absolute(target.startsWith('/') ? target : `${parentOf(at)}/${target}`), linksLeft - 1);
  }

  function elsewhere(of: string, linksLeft = LINKS_FOLLOWED): ReturnType<Hdf5Tree['elsewhere']> {
    const at = absolute(of);
    const known = places.get(at);
    if (known !== undefined) return known;
    const found = outside(at, linksLeft);
    places.set(at, found);
    return found;
  }

  return {
    node,
    children,
    softLink,
    linkedFile,
    elsewhere: (of) => elsewhere(of),
    isHardLinked(of) {
      if (linkedFile(of) !== null) return false;
      for (let at = absolute(of); at !== '/'; at = parentOf(at)) if (softLink(at) !== null) return false;
      return true;
    },
    names: () => run((module, id) => [...module.get_names(id, '/', true)]),
    form() {
      const known = ['group', 'dataset', 'missing'];
      if (![...nodes.values()].every(({ kind }) => known.includes(kind))) return null;
      const softGroups = [...nodes].flatMap(([at, { kind }]) => {
        const target = kind === 'group' && at !== '/' ? softLink(at) : null;
        return target === null ? [] : [[at, target] as const];
      });
      return { listed: new Map(listed), nodes: new Map(nodes), softGroups };
    },
    adopt(form) {
      for (const [group, names] of form.listed) listed.set(group, names);
      for (const [at, found] of form.nodes) nodes.set(at, found);
    },
    forget() {
      for (const known of [listed, nameSets, nodes, links, places]) known.clear();
    },
  };
}
