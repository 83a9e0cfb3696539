/**
 * One target of the fuzz test in a thread of its own, so that a hang can be ended from outside: mutates a file, reads
 * it as a user would, and reports every outcome that is neither frames nor a `UserError`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../src/core/errors.js';
import { createRandom, type Random } from '../../src/core/random.js';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';

export interface FuzzTarget {
  /** The whole file. */
  readonly file: string;
  /** Where the mutated copy goes; the extension says the format. */
  readonly scratch: string;
  readonly dataset: string | null;
  /** Frames that the file says something of: their labels, or their geometry. Absent: it holds the frames itself. */
  readonly beside?: { readonly frames: string; readonly as: 'labels' | 'geometry' };
}

export interface FuzzData {
  readonly targets: readonly FuzzTarget[];
  readonly mutations: number;
  readonly firstSeed: number;
}

export type FuzzMessage =
  | { readonly kind: 'trying'; readonly target: string; readonly seed: number }
  | { readonly kind: 'defect'; readonly target: string; readonly seed: number; readonly what: string }
  | {
      readonly kind: 'done';
      readonly read: number;
      readonly refused: number;
      readonly peakBytes: number;
      readonly slowestMs: number;
      readonly slowest: string;
    };

/** Numbers that lie: too large for memory, for 32 bits, for exactness, or negative. */
const LIES = [0xffffffffn, 0x7fffffffn, 0x80000000n, 0xffffffffffffffffn, 1n << 40n, 1n << 33n, 0x10000n, 0n];

function flipBits(bytes: Buffer, at: () => number, random: Random): Buffer {
  for (let k = random.integer(1, 8); k > 0; k--) bytes[at()]! ^= 1 << random.integer(0, 7);
  return bytes;
}

function lie(bytes: Buffer, at: () => number, random: Random): Buffer {
  const value = random.pick(LIES);
  const place = at() & ~1;
  if (random.integer(0, 1) === 0) {
    if (place + 4 <= bytes.length) bytes.writeUInt32LE(Number(value & 0xffffffffn), place);
  } else if (place + 8 <= bytes.length) bytes.writeBigUInt64LE(value, place);
  return bytes;
}

function lieInText(bytes: Buffer, random: Random): Buffer {
  const text = bytes.toString('latin1');
  const numbers = [...text.slice(0, 4096).matchAll(/\d+/g)];
  if (numbers.length === 0) return bytes;
  const one = random.pick(numbers);
  const other = random.pick(['99999999999', '0', '-1', '4294967295', '1e300', '', '9007199254740993', 'NaN']);
  return Buffer.from(text.slice(0, one.index) + other + text.slice(one.index + one[0].length), 'latin1');
}

/** A changed copy of `original`, the same for the same seed. Half of the places are in the first 2 kB. */
export function mutate(original: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(original);
  const at = (): number =>
    random.integer(0, Math.min(bytes.length, random.integer(0, 1) === 0 ? 2048 : Infinity) - 1);
  switch (random.integer(0, 6)) {
    case 0:
      return bytes.subarray(0, random.integer(1, bytes.length));
    case 1:
      return lieInText(bytes, random);
    case 2:
    case 3:
      return lie(bytes, at, random);
    case 4: {
      const from = at();
      bytes.fill(random.pick([0, 0xff, 0x41]), from, Math.min(bytes.length, from + random.integer(1, 64)));
      return bytes;
    }
    case 5: {
      const from = at();
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(at()), bytes.subarray(from)]);
    }
    default:
      return flipBits(bytes, at, random);
  }
}

async function openTarget({ scratch, dataset, beside }: FuzzTarget): Promise<FrameSource> {
  if (beside === undefined) return openFrames(dataset === null ? scratch : `${scratch}#${dataset}`);
  if (beside.as === 'labels') return openFrames(beside.frames, { labels: scratch });
  return openFrames(beside.frames, { geometry: scratch, assemble: true });
}

async function readAsUser(target: FuzzTarget): Promise<void> {
  const source = await openTarget(target);
  try {
    const labels = Math.min(source.count, 5);
    for (let index = 0; index < labels; index++) {
      source.label(index);
      source.meta(index);
      source.spots(index);
    }
    for (const index of new Set([0, source.count - 1])) {
      const { pixels, height, width } = await source.read(index);
      if (pixels.length !== height * width) throw new Error(`${pixels.length} pixels for ${height}×${width}`);
    }
  } finally {
    await source.close();
  }
}

async function run(data: FuzzData, post: (message: FuzzMessage) => void): Promise<void> {
  let [read, refused, peakBytes, slowestMs, slowest] = [0, 0, 0, 0, ''];
  for (const target of data.targets) {
    const original = readFileSync(target.file);
    for (let k = 0; k < data.mutations; k++) {
      const seed = data.firstSeed + k;
      post({ kind: 'trying', target: target.file, seed });
      writeFileSync(target.scratch, mutate(original, createRandom(seed)));
      const started = performance.now();
      try {
        await readAsUser(target);
        read++;
      } catch (error) {
        refused++;
        if (!(error instanceof UserError)) {
          const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
          post({ kind: 'defect', target: target.file, seed, what: what.slice(0, 1500) });
        }
      }
      const took = performance.now() - started;
      if (took > slowestMs) [slowestMs, slowest] = [took, `${target.file} seed ${seed}`];
      const { rss } = process.memoryUsage();
      if (rss > peakBytes) peakBytes = rss;
    }
  }
  post({ kind: 'done', read, refused, peakBytes, slowestMs, slowest });
}

if (parentPort !== null) {
  const port = parentPort;
  void run(workerData as FuzzData, (message) => port.postMessage(message));
}
