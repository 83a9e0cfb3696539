/**
 * Kept frames as a list for CrystFEL's indexamajig: a line a frame, the file and its event.
 *
 * `FILE //12` for files of many frames, `FILE //3/2` for the memory cell 2 of the train 3 of a module, `FILE tag-204//` where each stands in a group, `FILE` alone where it holds one
 * image. Paths are absolute. Refuses frames that were joined from module files: no file holds such an event.
 */
import { resolve } from 'node:path';
import { writeFileAtomic } from '../../core/files.js';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../frames.js';
import { tagOf } from '../hdf5/tags.js';

function lineOf(source: FrameSource, index: number, alone: ReadonlySet<string>): string {
  const { file, index: inFile, dataset, place, event: stated, joined } = source.origin(index);
  if (joined === true) {
    throw new UserError('holds one module of its frames: no event of it is a frame', {
      file,
      field: '--list',
      remedy: 'make a virtual CXI file of the modules first (EXtra-data), or use --exdf',
    });
  }
  if (dataset === undefined && alone.has(file)) return resolve(file);
  const event = stated ?? (dataset === undefined ? null : tagOf(dataset)?.event);
  return `${resolve(file)} ${event ?? `//${place?.join('/') ?? inFile}`}`;
}

/** Throws `UserError` where a frame of `source` is no event of its file: asked before the frames are scored. */
export function checkListable(source: FrameSource): void {
  const alone = new Set<string>();
  for (let i = 0; i < source.count; i++) lineOf(source, i, alone);
}

/** Writes the frames `kept` of `source` to `path`, atomically. Throws `UserError`. */
export async function writeKeptList(
  path: string,
  source: FrameSource,
  kept: readonly number[],
): Promise<void> {
  const frames = new Map<string, number>();
  for (let i = 0; i < source.count; i++) {
    const { file } = source.origin(i);
    frames.set(file, (frames.get(file) ?? 0) + 1);
  }
  const alone = new Set([...frames].filter(([, count]) => count === 1).map(([file]) => file));
  const lines = kept.map((index) => lineOf(source, index, alone));
  await writeFileAtomic(path, lines.map((line) => `${line}\n`).join(''));
}
