/**
 * A folder that grows: the files of a run as they are written, in the order of their names.
 *
 * A file is taken once its size and time have stayed the same for a while and it opens; one that does not open by then
 * is given as a frame that cannot be decoded, by name. An HDF5 file that is open for SWMR is read while it is written: h5wasm cannot
 * refresh a dataset, so that the file is opened anew each time that it has grown. Other HDF5 files are not read before they are done.
 */
import { open as openPlain, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { openFrames, type OpenFramesOptions } from '../../data/open.js';
import { NO_RULE } from '../../data/pixels.js';
import { serialIn } from '../../data/raw/checked-maps.js';
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

/** A file that is read. */
interface Reading {
  readonly name: string;
  readonly source: FrameSource;
  index: number;
  /** It is still written: frames may follow, and the last may not be there yet. */
  readonly grows: boolean;
}

const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
/** Of a superblock of version 3: a process has the file open for SWMR (HDF5 File Format Specification 3.0, II.A). */
const [VERSION_AT, FLAGS_AT, WRITING] = [8, 11, 0b101];

/** Whether a process writes `file` for others to read meanwhile. */
async function isOpenForSwmr(file: string): Promise<boolean> {
  const handle = await openPlain(file, 'r').catch(() => null);
  if (handle === null) return false;
  try {
    const head = Buffer.alloc(FLAGS_AT + 1);
    await handle.read(head, 0, head.length, 0);
    const isHdf5 = head.subarray(0, VERSION_AT).equals(HDF5_SIGNATURE) && head[VERSION_AT] === 3;
    return isHdf5 && (head[FLAGS_AT]! & WRITING) === WRITING;
  } finally {
    await handle.close();
  }
}

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
  /** Of files that are still written: frames that were given, and when it was looked for more. */
  const taken = new Map<string, { readonly frames: number; readonly looked: number }>();
  let [closed, number, started] = [false, 0, false];
  let open: Reading | null = null;
  let serial: string | null = null;
  let quietSince = performance.now();

  /** The first file by name that has settled, or has grown where it may be read meanwhile; null while there is none. */
  async function readable(): Promise<{ readonly name: string; readonly grows: boolean } | null> {
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.') && !done.has(name)).sort();
    for (const name of names) {
      const facts = await stat(join(folder, name)).catch(() => null);
      if (!facts?.isFile()) continue;
      const before = seen.get(name);
      const now = performance.now();
      if (before?.size !== facts.size || before.changed !== facts.mtimeMs)
        seen.set(name, { size: facts.size, changed: facts.mtimeMs, since: now });
      else if (now - before.since >= SETTLED_MS && !(await isOpenForSwmr(join(folder, name))))
        return { name, grows: false };
      const looked = taken.get(name)?.looked ?? -Infinity;
      const hasGrown = looked < seen.get(name)!.since && now - looked >= SETTLED_MS;
      if (hasGrown && (await isOpenForSwmr(join(folder, name)))) return { name, grows: true };
    }
    return null;
  }

  const lost = (file: string, problem: string): LiveMessage => ({
    kind: 'frame',
    raw: null,
    received: performance.now(),
    frame: { series: folder, number: number++, origin: { file, index: 0 }, image: { problem } },
  });

  function begun({ height, width, details }: FrameSource): LiveMessage {
    started = true;
    serial = serialIn(details);
    const facts = {
      series: folder,
      height,
      width,
      rule: NO_RULE,
      mask: null,
      counted: true,
      announced: null,
      experiment: {},
      serial,
    };
    return { kind: 'start', raw: null, received: performance.now(), facts };
  }

  async function openNext(name: string, grows: boolean): Promise<LiveMessage | null> {
    const file = join(folder, name);
    const index = taken.get(name)?.frames ?? 0;
    if (grows) taken.set(name, { frames: index, looked: performance.now() });
    else {
      done.add(name);
      seen.delete(name);
      taken.delete(name);
    }
    try {
      const source = await openFrames(file, reading);
      const own = serialIn(source.details);
      if (started && reading.words === true && own !== serial) {
        await source.close();
        return lost(
          file,
          `is of the detector ${own ?? 'nobody says'}, those before of ${serial ?? 'nobody says'}`,
        );
      }
      open = { name, source, index, grows };
      return started ? null : begun(source);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // A file whose writer has not come to its first frame.
      return grows ? null : lost(file, error.problem);
    }
  }

  /** The next frame of `from`; null where there is none yet. */
  async function nextFrame(from: Reading): Promise<LiveMessage | null> {
    const { source, index, grows, name } = from;
    if (index >= source.count) return null;
    const origin = source.origin(index);
    const received = performance.now();
    from.index += 1;
    const give = (message: LiveMessage): LiveMessage => {
      if (grows) taken.set(name, { frames: index + 1, looked: taken.get(name)!.looked });
      return message;
    };
    try {
      const { height, width, pixels, mask } = await source.read(index);
      const image = { height, width, pixels, ...(reading.words === true ? { mask } : {}) };
      const frame = { series: folder, number: number++, origin, image };
      return give({ kind: 'frame', raw: null, received, frame });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return grows ? null : lost(origin.file, error.problem);
    }
  }

  async function next(): Promise<Next> {
    for (;;) {
      if (closed) return 'closed';
      if (open !== null) {
        const message = await nextFrame(open);
        if (message !== null) {
          quietSince = performance.now();
          return message;
        }
        await open.source.close();
        open = null;
      }
      const found = await readable();
      const message = found === null ? null : await openNext(found.name, found.grows);
      if (message !== null) return message;
      if (open !== null) continue;
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
