/**
 * Files in a row as one source. From `LAZY_FILES` one-frame files on, only the first is opened before it is read.
 */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import type { FrameSource } from './frames.js';
import { lazyFrames } from './lazy.js';
import { taken, withNotes, type Note } from './notes.js';
import type { OpenFramesOptions } from './open-options.js';
import { concatenateFrames } from './source.js';
import { formatOf } from './stored.js';

const LAZY_FILES = 32;

/**
 * The frames of `groups`, each opened by `openGroup`; null where none could be opened. With `onBadFile` what cannot be
 * opened is reported and left out, unless `alone` says that nothing else was asked for.
 */
export async function openSeries(
  groups: readonly (readonly string[])[],
  openGroup: (group: readonly string[]) => Promise<FrameSource>,
  { onBadFile }: OpenFramesOptions,
  alone: boolean,
): Promise<FrameSource | null> {
  const sources: FrameSource[] = [];
  try {
    const files = groups.map((group) => group[0]!);
    if (files.length >= LAZY_FILES && (await formatOf(files[0]!)).singleFrame) {
      const first = await openGroup([files[0]!]);
      if (first.count === 1) return lazyFrames(files, (file) => openGroup([file]), first);
      sources.push(first);
    }
    for (const group of groups.slice(sources.length)) {
      try {
        sources.push(await openGroup(group));
      } catch (error) {
        if (!(error instanceof UserError) || onBadFile === undefined || alone) throw error;
        onBadFile(error);
      }
    }
    return sources.length === 0 ? null : concatenateFrames(await withoutRead(sources));
  } catch (error) {
    await Promise.all(sources.map((source) => source.close()));
    throw error;
  }
}

/** `sources` without those whose frames another one reads: a master and its data files are the same frames. */
async function withoutRead(sources: readonly FrameSource[]): Promise<readonly FrameSource[]> {
  const reads = new Map<string, FrameSource>();
  for (const source of sources) for (const file of source.reads ?? []) reads.set(file, source);
  const kept: FrameSource[] = [];
  const notes: Note[] = [];
  for (const source of sources) {
    const reader = reads.get(resolve(source.name));
    if (reader === undefined || reader === source) kept.push(source);
    else {
      notes.push(taken('frames', source.name, null, `is read through ${reader.name}, once`));
      await source.close();
    }
  }
  return kept.map((source, i) => (i === 0 ? withNotes(source, notes) : source));
}
