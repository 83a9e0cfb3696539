/**
 * Frames that a CrystFEL list or stream names: `file //event` a line, or the chunks of indexamajig's output.
 *
 * Files are looked for as seen from here, else from the folder of the list. The frames come in the order of the list.
 * Refuses files that are not there and events that a file does not have; a frame that is named twice comes once.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UserError } from '../core/errors.js';
import { fileIdentity } from '../core/files.js';
import { readList, readStream, type ListedFrame } from './crystfel/lists.js';
import type { FrameSource } from './frames.js';
import { createFrameFinder } from './labels/frame-finder.js';
import { taken, warning, type Note } from './notes.js';

/** Whether `path` is named as a list or a stream of CrystFEL. */
export const isFrameList = (path: string): boolean => /\.(lst|stream)$/i.test(path) && existsSync(path);

/**
 * Finds the files that `list` names as they can be opened from here: each under the name that it has first, links to it
 * included. What it returns throws `UserError` where no such file is.
 */
function locator(list: string): (frame: ListedFrame) => string {
  const paths = new Map<string, string>();
  const names = new Map<string, string>();
  const find = (name: string, line: number): string => {
    if (existsSync(name)) return name;
    const beside = join(dirname(list), name);
    if (!name.startsWith('/') && existsSync(beside)) return beside;
    throw new UserError(`line ${line} names ${name}, which is not there`, {
      file: list,
      remedy: 'write paths as seen from here or from the folder of the list',
    });
  };
  return ({ file, line }) => {
    const known = paths.get(file);
    if (known !== undefined) return known;
    const found = find(file, line);
    const identity = fileIdentity(found) ?? found;
    const path = names.get(identity) ?? found;
    names.set(identity, path);
    paths.set(file, path);
    return path;
  };
}

function read(list: string, onNote?: (text: string) => void): Promise<readonly ListedFrame[]> {
  return /\.stream$/i.test(list)
    ? readStream(list, '--frames', onNote)
    : readList(list, '--frames', existsSync);
}

/** The files that `list` names, each once, in the order of their first mention. Throws `UserError`. */
export async function filesOfList(list: string): Promise<readonly string[]> {
  const frames = await read(list);
  return [...new Set(frames.map(locator(list)))];
}

/** Which frames of `source` (of all files of `list`) the list names, and what there is to say of it. Throws `UserError`. */
export async function framesOfList(
  source: FrameSource,
  list: string,
): Promise<{ readonly chosen: readonly number[]; readonly notes: readonly Note[] }> {
  const notes: Note[] = [];
  const listed = await read(list, (text) => notes.push(warning('frames', list, null, text)));
  const find = createFrameFinder(source);
  const locate = locator(list);
  const chosen = new Set<number>();
  let twice: ListedFrame | null = null;
  for (const one of listed) {
    const place = { listFile: list, where: `line ${one.line}` };
    // With --skip-bad a file may be left out, which has been said.
    const file = find.file(locate(one), place);
    if (file === null) continue;
    for (const frame of find.frames(file, one.event, place)) {
      if (chosen.has(frame)) twice ??= one;
      chosen.add(frame);
    }
  }
  if (twice !== null) {
    const name = `${twice.file} ${twice.event.text}`.trim();
    notes.push(warning('frames', list, `line ${twice.line}`, `names ${name} again; each frame is read once`));
  }
  const text = `${chosen.size} frames of ${new Set(listed.map(({ file }) => file)).size} files`;
  return { chosen: [...chosen], notes: [...notes, taken('frames', list, null, text)] };
}
