/**
 * Frames read, decoded or simulated by worker threads: the same `FrameSource` as `openFrames` and `simulateFrames` give,
 * whose `read` calls run at the same time. `streamFrames` keeps the threads busy.
 *
 * Headers, labels and facts of files are read once, on the calling thread. Refuses what `openFrames` refuses.
 */
import type { FrameLabel, FrameSource } from './frames.js';
import type { FrameFacts } from './frame-worker.js';
import { openOutlined, type OpenFramesOptions } from './open.js';
import { READING_THREADS, readingThreads } from './reading-threads.js';
import { withLoadedMaps } from './raw/cell-calibration.js';
import type { SimulateOptions } from './simulate/settings.js';
import { simulateFrames, type SimulatedSource } from './simulate/simulate-frames.js';

export interface ParallelOptions extends OpenFramesOptions {
  /** Threads. Unless given, a short series is read on the calling thread. */
  readonly workers?: number;
}

/** From so many frames on threads are worth their start. */
const WORTH_THREADS = 100;

const threadsFor = (frames: number): number => (frames < WORTH_THREADS ? 0 : READING_THREADS);

/** Opens `argument` here and in the workers. The caller closes the source, which stops them. Throws `UserError`. */
export async function openFramesParallel(
  argument: string | readonly string[],
  options: ParallelOptions = {},
): Promise<FrameSource> {
  const { workers, ...stated } = options;
  const { source, outline } = await openOutlined(argument, stated);
  const count = workers ?? threadsFor(source.count);
  if (count === 0) return source;
  // What could not be opened is not in the outline.
  const { onBadFile, rawMaps, ...plain } = stated;
  void onBadFile;
  const shared = rawMaps === undefined ? {} : { rawMaps: await withLoadedMaps(rawMaps) };
  const threads = readingThreads({ kind: 'files', outline, options: { ...plain, ...shared } }, source, count);
  return {
    ...source,
    ahead: threads.ahead,
    read: async (index) => (await threads.read(index)).frame,
    async close() {
      await threads.stop();
      await source.close();
    },
  };
}

/**
 * `simulateFrames(options)` made by `workers` threads (by default as many as are worth it, 0: by the calling one): the
 * same frames and facts for any number. The caller closes the source.
 */
export function simulateFramesParallel(options: SimulateOptions, workers?: number): SimulatedSource {
  const source = simulateFrames(options);
  const count = workers ?? threadsFor(source.count);
  if (count === 0) return source;
  const threads = readingThreads({ kind: 'simulation', options }, source, count);
  const labels = new Map<number, FrameLabel>();
  // The facts of the last frames read: whoever goes through the frames in order asks for them next.
  const recent = new Map<number, FrameFacts>();
  const kept = 2 * threads.ahead + 2;
  return {
    ...source,
    ahead: threads.ahead,
    async read(index) {
      const { frame, facts } = await threads.read(index);
      labels.set(index, facts!.label);
      recent.set(index, facts!);
      if (recent.size > kept) recent.delete(recent.keys().next().value!);
      return frame;
    },
    label: (index) => labels.get(index) ?? source.label(index),
    meta: (index) => recent.get(index)?.meta ?? source.meta(index),
    spots: (index) => {
      const facts = recent.get(index);
      return facts === undefined ? source.spots(index) : facts.spots;
    },
    lattices: (index) => recent.get(index)?.lattices ?? source.lattices(index),
    close: () => threads.stop(),
  };
}
