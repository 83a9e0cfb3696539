/**
 * A folder that grows: the files of a run as they are written, in the order of their names.
 *
 * A file is taken once its size and time have stayed the same for a while and it opens; one that does not open by then
 * is given as a frame that cannot be decoded, by name. HDF5 files that are still written are not read before they are done.
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { openFrames, type OpenFramesOptions } from '../../data/open.js';
import { NO_RULE } from '../../data/pixels.js';
import type { LiveMessage, LiveSource, SourceOptions } from '../source.js';

const LOOK_EVERY_MS = 250;
/** How long a file must stay as it is. */
const SETTLED_MS = 1000;

interface Seen {
  readonly size: number;
  readonly changed: number;
  readonly since: number;
}

type Next = LiveMessage | 'idle' | 'closed';

export async function openFolder(
  folder: string,
  options: SourceOptions,
  reading: OpenFramesOptions,
): Promise<LiveSource> {
  if (!(await stat(folder).catch(() => null))?.isDirectory())
    throw new UserError('is no folder', {
      file: folder,
      field: '--from',
      remedy: 'name a folder, or a stream',
    });
  const seen = new Map<string, Seen>();
  const done = new Set<string>();
  let [closed, number, started] = [false, 0, false];
  let open: { readonly source: FrameSource; index: number } | null = null;
  let quietSince = performance.now();

  /** The first file by name that has settled; null while there is none. */
  async function settled(): Promise<string | null> {
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.') && !done.has(name)).sort();
    for (const name of names) {
      const facts = await stat(join(folder, name)).catch(() => null);
      if (!facts?.isFile()) continue;
      const before = seen.get(name);
      const now = performance.now();
      if (before?.size !== facts.size || before.changed !== facts.mtimeMs)
        seen.set(name, { size: facts.size, changed: facts.mtimeMs, since: now });
      else if (now - before.since >= SETTLED_MS) return name;
    }
    return null;
  }

  const lost = (file: string, problem: string): LiveMessage => ({
    kind: 'frame',
    raw: null,
    received: performance.now(),
    frame: { series: folder, number: number++, origin: { file, index: 0 }, image: { problem } },
  });

  async function openNext(name: string): Promise<LiveMessage | null> {
    const file = join(folder, name);
    done.add(name);
    seen.delete(name);
    try {
      const source = await openFrames(file, reading);
      open = { source, index: 0 };
      if (started) return null;
      started = true;
      const { height, width } = source;
      const facts = {
        series: folder,
        height,
        width,
        rule: NO_RULE,
        mask: null,
        counted: true,
        announced: null,
        experiment: {},
      };
      return { kind: 'start', raw: null, received: performance.now(), facts };
    } catch (error) {
      if (error instanceof UserError) return lost(file, error.problem);
      throw error;
    }
  }

  async function nextFrame({ source, index }: { source: FrameSource; index: number }): Promise<LiveMessage> {
    const origin = source.origin(index);
    const received = performance.now();
    try {
      const { height, width, pixels } = await source.read(index);
      const frame = { series: folder, number: number++, origin, image: { height, width, pixels } };
      return { kind: 'frame', raw: null, received, frame };
    } catch (error) {
      if (error instanceof UserError) return lost(origin.file, error.problem);
      throw error;
    }
  }

  async function next(): Promise<Next> {
    for (;;) {
      if (closed) return 'closed';
      if (open !== null) {
        if (open.index < open.source.count) {
          quietSince = performance.now();
          const message = await nextFrame(open);
          open.index += 1;
          return message;
        }
        await open.source.close();
        open = null;
      }
      const name = await settled();
      const message = name === null ? null : await openNext(name);
      if (message !== null) return message;
      if (name !== null) continue;
      if (performance.now() - quietSince > options.idleMs) {
        quietSince = performance.now();
        return 'idle';
      }
      await pause(LOOK_EVERY_MS);
    }
  }

  return {
    name: folder,
    passable: false,
    next,
    async close() {
      closed = true;
      const last = open;
      open = null;
      await last?.source.close();
    },
  };
}
