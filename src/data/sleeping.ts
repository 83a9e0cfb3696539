/**
 * Files in a row that are opened when a frame of them is read, of which few are open at once: what a reading thread has
 * of thousands of files, and what anybody has of thousands that hold a frame each.
 */
import { UserError } from '../core/errors.js';
import { lastAtMost } from '../core/search.js';
import { checkFrameIndex, UNKNOWN_LABEL } from './formats/format.js';
import type { FrameSource } from './frames.js';

/** Files that belong together (the modules of a detector), and how many frames they hold. */
export interface FileGroup {
  readonly files: readonly string[];
  readonly count: number;
}

export interface SleepingOptions {
  readonly height: number;
  readonly width: number;
  /** Whether the counts were assumed, not read: then a file that holds more frames is an error, too. */
  readonly assumed: boolean;
  readonly open: (files: readonly string[]) => Promise<FrameSource>;
}

/** Groups that are held open; frames are mostly read in order. */
const MOST_OPEN = 8;

interface Awake {
  readonly source: Promise<FrameSource>;
  readers: number;
}

function checkGroup(source: FrameSource, group: FileGroup, first: FileGroup, options: SleepingOptions): void {
  const [file] = group.files;
  const { height, width, assumed } = options;
  if (source.height !== height || source.width !== width) {
    throw new UserError(
      `has ${source.height}×${source.width} pixels, but ${first.files[0]} has ${height}×${width}`,
      { file: file!, remedy: 'give files of one detector together' },
    );
  }
  if (assumed && source.count !== group.count) {
    throw new UserError(`holds ${source.count} frames, but ${first.files[0]} has one`, {
      file: file!,
      remedy: 'name it alone: many files at once are read a frame each',
    });
  }
  if (source.count < group.count) {
    throw new UserError(`holds ${source.count} frames now, and held ${group.count} when it was opened`, {
      file: file!,
      remedy: 'let it be written first',
    });
  }
}

/** The frames of `groups`, without labels and facts. The caller closes the source. */
export function sleepingFrames(groups: readonly FileGroup[], options: SleepingOptions): FrameSource {
  const first = groups[0]!;
  const starts: number[] = [];
  let count = 0;
  for (const group of groups) {
    starts.push(count);
    count += group.count;
  }
  const name = groups.length === 1 ? first.files[0]! : `${first.files[0]} and ${groups.length - 1} more`;
  const awake = new Map<number, Awake>();

  const closeOne = async ({ source }: Awake): Promise<void> => {
    await source.then(
      (one) => one.close(),
      () => undefined,
    );
  };
  async function tidy(): Promise<void> {
    const idle = [...awake].filter(([, { readers }]) => readers === 0);
    for (const [number, one] of idle.slice(0, Math.max(0, awake.size - MOST_OPEN))) {
      awake.delete(number);
      await closeOne(one);
    }
  }
  async function openChecked(group: FileGroup): Promise<FrameSource> {
    const source = await options.open(group.files);
    try {
      checkGroup(source, group, first, options);
      return source;
    } catch (error) {
      await source.close();
      throw error;
    }
  }
  async function withGroup<T>(number: number, use: (source: FrameSource) => Promise<T>): Promise<T> {
    const one = awake.get(number) ?? { source: openChecked(groups[number]!), readers: 0 };
    one.readers++;
    // The last in order is the last that is closed.
    awake.delete(number);
    awake.set(number, one);
    try {
      const source = await one.source.catch((error: unknown) => {
        awake.delete(number);
        throw error;
      });
      return await use(source);
    } finally {
      one.readers--;
      await tidy();
    }
  }
  const locate = (index: number): { readonly number: number; readonly local: number } => {
    checkFrameIndex(name, index, count);
    const number = lastAtMost(starts.length, (i) => starts[i]!, index);
    return { number, local: index - starts[number]! };
  };
  return {
    name,
    count,
    height: options.height,
    width: options.width,
    classNames: null,
    read(index) {
      const { number, local } = locate(index);
      return withGroup(number, (source) => source.read(local));
    },
    label: () => UNKNOWN_LABEL,
    meta: () => ({}),
    spots: () => null,
    origin(index) {
      const { number, local } = locate(index);
      return { file: groups[number]!.files[0]!, index: local };
    },
    async close() {
      await Promise.all([...awake.values()].map(closeOne));
      awake.clear();
    },
  };
}
