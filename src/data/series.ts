/**
 * Files in a row as one source. Thousands of files of a frame each, in formats that say nothing more, are opened when they
 * are read, but for the first. Of HDF5 files like one that was opened whole a glance shows what differs (hdf5/glance.ts). Of all
 * others the header is read at once.
 */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { dozingFrames } from './dozing.js';
import type { Glanced } from './formats/format.js';
import type { FrameSource } from './frames.js';
import { openedLate } from './late.js';
import { taken, withNotes, type Note } from './notes.js';
import type { OpenedGroup } from './open-group.js';
import type { OpenFramesOptions } from './open-options.js';
import { sleepingFrames, type FileGroup } from './sleeping.js';
import { concatenateFrames } from './source.js';
import { formatOf } from './stored.js';

const MANY_FILES = 32;
/** Files that are glanced at in a row, as one call that may be given up. */
const GLANCED_AT_ONCE = 64;

export interface OpenedSeries {
  readonly source: FrameSource;
  /** The files that the frames come from, in order. */
  readonly groups: readonly FileGroup[];
}

type OpenOne = (group: readonly string[]) => Promise<OpenedGroup>;

/**
 * The frames of `groups`, each opened by `openOne`; null where none could be opened. With `onBadFile` what cannot be
 * opened is reported and left out, unless `alone` says that nothing else was asked for.
 */
export async function openSeries(
  groups: readonly (readonly string[])[],
  openOne: OpenOne,
  { onBadFile, strict = false }: OpenFramesOptions,
  alone: boolean,
): Promise<OpenedSeries | null> {
  const opened: OpenedGroup[] = [];
  try {
    if (groups.length >= MANY_FILES && (await formatOf(groups[0]![0]!)).singleFrame) {
      const first = await openOne(groups[0]!);
      if (first.source.count === 1 && saysNothing(first.source))
        return singleFrames(groups, openOne, first.source, strict);
      opened.push(first);
    }
    // Who asks for every warning has every file opened whole.
    const many = groups.length >= MANY_FILES && !strict;
    let model = opened.at(-1);
    let at = opened.length;
    while (at < groups.length) {
      const batch = groups.slice(at, many && model !== undefined ? at + GLANCED_AT_ONCE : at + 1);
      const glanced = many && model !== undefined ? glancesOf(batch, model) : [];
      for (const [i, group] of batch.entries()) {
        try {
          const known = glanced[i] ?? null;
          const one = known === null ? await openOne(group) : dozing(group, known, model!, openOne);
          // Those that follow are held against the last that was opened whole.
          if (known === null) model = one;
          opened.push(one);
        } catch (error) {
          if (!(error instanceof UserError) || onBadFile === undefined || alone) throw error;
          onBadFile(error);
        }
      }
      at += batch.length;
    }
    if (opened.length === 0) return null;
    const kept = await withoutRead(opened);
    return {
      source: concatenateFrames(kept.map(({ source }) => source)),
      groups: kept.map(({ source, files }) => ({ files, count: source.count })),
    };
  } catch (error) {
    await Promise.all(opened.map(({ source }) => source.close()));
    throw error;
  }
}

/** What a glance shows of each group of one file, by one that was opened whole. */
function glancesOf(
  groups: readonly (readonly string[])[],
  { glance }: OpenedGroup,
): readonly (Glanced | null)[] {
  if (glance === null || groups.some((group) => group.length !== 1)) return [];
  return glance(groups.map(([file]) => ({ file: file!, path: resolve(file!) })));
}

/** A group that was glanced at, like the model. */
function dozing(
  group: readonly string[],
  glanced: Glanced,
  { source, glance }: OpenedGroup,
  openOne: OpenOne,
): OpenedGroup {
  const open = async (): Promise<FrameSource> => openedLate((await openOne(group)).source);
  return { source: dozingFrames(group[0]!, glanced, source, open), files: group, glance };
}

/** Whether the file says nothing of its frame besides the pixels: no label, no facts, no peaks. */
function saysNothing(source: FrameSource): boolean {
  const told = Object.values(source.label(0)).some((value) => value !== null);
  return !told && Object.keys(source.meta(0)).length === 0 && source.spots(0) === null;
}

/** A frame a file, of which `first` is the first. */
function singleFrames(
  groups: readonly (readonly string[])[],
  openOne: OpenOne,
  first: FrameSource,
  strict: boolean,
): OpenedSeries {
  const files = groups.map((group) => ({ files: group, count: 1 }));
  const { height, width } = first;
  const open = async (group: readonly string[]): Promise<FrameSource> =>
    openedLate((await openOne(group)).source, strict);
  const sleeping = sleepingFrames(files, { height, width, assumed: true, open });
  const source: FrameSource = {
    ...first,
    ...sleeping,
    async close() {
      await sleeping.close();
      await first.close();
    },
  };
  return { source, groups: files };
}

/** `opened` without those whose frames another one reads: a master and its data files are the same frames. */
async function withoutRead(opened: readonly OpenedGroup[]): Promise<readonly OpenedGroup[]> {
  const reads = new Map<string, FrameSource>();
  for (const { source } of opened) for (const file of source.reads ?? []) reads.set(file, source);
  const kept: OpenedGroup[] = [];
  const notes: Note[] = [];
  for (const one of opened) {
    const { source } = one;
    const reader = reads.get(resolve(source.name));
    if (reader === undefined || reader === source) kept.push(one);
    else {
      notes.push(taken('frames', source.name, null, `is read through ${reader.name}, once`));
      await source.close();
    }
  }
  return kept.map((one, i) => (i === 0 ? { ...one, source: withNotes(one.source, notes) } : one));
}
