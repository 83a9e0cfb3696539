/**
 * Which of the given frames a name in a table or a list means.
 *
 * Names match by path. The very file is the first choice: the same path as seen from here or from the folder of the
 * list. Else the end of the path decides, since lists travel between machines: a listed name with a folder fits files
 * in a folder of that name, the longest common end first; a bare name fits any. A listed name that is another file on
 * this machine fits none. Refuses names that fit two files, and places that the file does not have.
 */
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.js';
import { fileIdentity } from '../../core/files.js';
import type { FrameEvent } from '../crystfel/lists.js';
import type { FrameSource } from '../frames.js';

/** What the user's file says where: for messages. */
export interface NamedPlace {
  readonly listFile: string;
  /** Such as `row 3` or `line 12`. */
  readonly where: string;
}

export interface FrameFinder {
  /** The file among those of the frames that `name` means, or null where it is none of them. Throws `UserError`. */
  file(name: string, place: NamedPlace): string | null;
  /**
   * Numbers in the source of the frames that `event` means in `file`; none where a range left them out.
   * Throws `UserError` where the file has no such frame.
   */
  frames(file: string, event: FrameEvent, place: NamedPlace): readonly number[];
}

/** One file of the source, with its frames by their number in it. */
interface KnownFile {
  readonly file: string;
  /** Parts of the absolute path, file name first. */
  readonly parts: readonly string[];
  /** Numbers in the source by number in the file. */
  readonly frames: Map<number, number[]>;
  /** One more than the largest number in the file, before ranges were taken. */
  size: number;
  /** Paths inside the file that frames stand at, where the source says them. */
  readonly datasets: Map<string, number[]>;
  /** Numbers in the source by places on several axes of frames, as `3/2`; those that a range left out have none. */
  readonly places: Map<string, number[]>;
  /** Numbers in the source by event, where a geometry file says what the events are. */
  readonly events: Map<string, number[]>;
}

const partsOf = (path: string): readonly string[] =>
  path
    .split(/[\\/]+/)
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .reverse();

function knownFiles(source: FrameSource, whole: readonly FrameSource[]): ReadonlyMap<string, KnownFile> {
  const files = new Map<string, KnownFile>();
  const fileOf = (file: string): KnownFile => {
    const known = files.get(file) ?? {
      file,
      parts: partsOf(resolve(file)),
      frames: new Map(),
      size: 0,
      datasets: new Map(),
      places: new Map(),
      events: new Map(),
    };
    files.set(file, known);
    return known;
  };
  for (const one of whole)
    for (let i = 0; i < one.count; i++) {
      const { file, index, place, event } = one.origin(i);
      const known = fileOf(file);
      if (event !== undefined) known.events.set(event, []);
      known.size = Math.max(known.size, index + 1);
      if (place !== undefined) known.places.set(place.join('/'), []);
    }
  for (let i = 0; i < source.count; i++) {
    const { file, index, dataset, place, event } = source.origin(i);
    const known = fileOf(file);
    if (event !== undefined) known.events.set(event, [...(known.events.get(event) ?? []), i]);
    known.size = Math.max(known.size, index + 1);
    known.frames.set(index, [...(known.frames.get(index) ?? []), i]);
    if (dataset !== undefined) known.datasets.set(dataset, [...(known.datasets.get(dataset) ?? []), i]);
    const at = place?.join('/');
    if (at !== undefined) known.places.set(at, [...(known.places.get(at) ?? []), i]);
  }
  return files;
}

/** Parts that two paths have in common at their ends. */
function commonEnd(a: readonly string[], b: readonly string[]): number {
  let same = 0;
  while (same < a.length && same < b.length && a[same] === b[same]) same++;
  return same;
}

/** A finder for the frames of `source`; `whole` are the same files before ranges were taken. */
export function createFrameFinder(source: FrameSource, whole: readonly FrameSource[] = []): FrameFinder {
  const files = knownFiles(source, whole);
  const byName = new Map<string, KnownFile[]>();
  const byIdentity = new Map<string, KnownFile>();
  for (const known of files.values()) {
    const name = known.parts[0]!;
    byName.set(name, [...(byName.get(name) ?? []), known]);
  }
  const remembered = new Map<string, string | null>();

  function exact(name: string, listFile: string): KnownFile | null | 'another file' {
    for (const path of [resolve(name), resolve(dirname(listFile), name)]) {
      const direct = byName.get(basename(path))?.find((known) => resolve(known.file) === path);
      if (direct !== undefined) return direct;
    }
    let another = false;
    for (const path of [resolve(name), resolve(dirname(listFile), name)]) {
      const identity = fileIdentity(path);
      if (identity === null) continue;
      if (byIdentity.size === 0)
        for (const known of files.values()) byIdentity.set(fileIdentity(known.file) ?? known.file, known);
      const found = byIdentity.get(identity);
      if (found !== undefined) return found;
      another = true;
    }
    return another ? 'another file' : null;
  }

  function find(name: string, place: NamedPlace): string | null {
    const found = exact(name, place.listFile);
    if (found === 'another file') return null;
    if (found !== null) return found.file;
    const parts = partsOf(name);
    const fitting = (byName.get(parts[0] ?? '') ?? [])
      .map((known) => ({ known, common: commonEnd(parts, known.parts) }))
      .filter(({ common }) => common >= Math.min(2, parts.length));
    const longest = Math.max(0, ...fitting.map(({ common }) => common));
    const best = fitting.filter(({ common }) => common === longest);
    if (best.length > 1) {
      throw new UserError(
        `${place.where} names ${name}, which may be ${best.map(({ known }) => known.file).join(' or ')}`,
        { file: place.listFile, remedy: 'write the name with its folders' },
      );
    }
    return best[0]?.known.file ?? null;
  }

  return {
    file(name, place) {
      const key = `${place.listFile}\n${name}`;
      if (!remembered.has(key)) remembered.set(key, find(name, place));
      return remembered.get(key)!;
    },
    frames: (file, event, place) => framesOfEvent(files.get(file)!, event, place),
  };
}

function framesOfEvent(known: KnownFile, event: FrameEvent, place: NamedPlace): readonly number[] {
  const refuse = (why: string, remedy: string): never => {
    throw new UserError(`${place.where} names the event ${event.text} of ${known.file}, ${why}`, {
      file: place.listFile,
      remedy,
    });
  };
  const { path, numbers } = event;
  const stated = known.events.get(event.text);
  if (stated !== undefined) return stated;
  const every = [...known.frames.values()].flat();
  const inPath = (dataset: string): boolean => {
    const parts = dataset.split('/');
    return path.every((part) => parts.includes(part));
  };
  const datasets = [...known.datasets].filter(([dataset]) => inPath(dataset));
  if (path.length > 0 && datasets.length === 0)
    refuse(`whose frames stand at no path with ${path.join('/')}`, 'give the list of these frames');
  if (known.places.size > 0 && (numbers.length > 1 || (numbers.length === 1 && event.text.includes('//')))) {
    const [axes] = known.places.keys();
    const count = axes!.split('/').length;
    if (numbers.length !== count)
      refuse(
        `which has ${count} axes of frames (train, cell), not ${numbers.length}`,
        `write ${count} numbers after //`,
      );
    const found = known.places.get(numbers.join('/'));
    return found ?? refuse('which has no such frame; both count from 0', 'give the list of these frames');
  }
  if (numbers.length > 1)
    refuse(`which has one axis of frames, not ${numbers.length}`, 'write one number after //');
  const [number] = numbers;
  if (number === undefined) return path.length === 0 ? every : datasets.flatMap(([, frames]) => frames);
  if (number < 0 || number >= known.size)
    refuse(`which has ${known.size} frames, numbered from 0`, 'give the list of these frames');
  return known.frames.get(number) ?? [];
}
