/**
 * How fast frames are read: uncompressed, gzip and bitshuffle-LZ4, beside the rate of the codec alone.
 *
 *     npx tsx test/bench/read.ts [FRAMES]
 *
 * `vetoc` is `FrameSource.read` (decode, checks, conversion); `library` is the HDF5 library's read of the same frame
 * without anything of vetoc's; `codec` is the decoder on bytes in memory, where Node has one (memcpy, zlib). Rates
 * are per second of this process's processor time, so that others on the machine do not count. MB are 10^6 bytes of
 * decoded pixels.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';
import { createRandom } from '../../src/core/random.js';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { loadHdf5 } from '../../src/data/hdf5/library.js';
import { openFrames } from '../../src/data/open.js';

const FRAMES = Number(process.argv[2] ?? 100);
const [HEIGHT, WIDTH] = [512, 512];
const MEGABYTES = (HEIGHT * WIDTH * 2) / 1e6;

interface Layout {
  readonly name: string;
  readonly storage: { chunks?: number[]; compression?: number; compression_opts?: number[] };
  /** One decode of `frame`, in memory; null where Node has no such codec. */
  readonly codec: ((frame: Uint16Array) => () => unknown) | null;
}

const bytesOf = (frame: Uint16Array): Uint8Array =>
  new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);

const LAYOUTS: readonly Layout[] = [
  { name: 'uncompressed', storage: {}, codec: (frame) => () => frame.slice() },
  {
    name: 'gzip 4',
    storage: { chunks: [1, HEIGHT, WIDTH], compression: 1, compression_opts: [4] },
    codec: (frame) => {
      const packed = deflateSync(bytesOf(frame), { level: 4 });
      return () => inflateSync(packed);
    },
  },
  {
    name: 'bitshuffle-LZ4',
    storage: { chunks: [1, HEIGHT, WIDTH], compression: 32008, compression_opts: [0, 2] },
    codec: null,
  },
];

function makeFrames(): Uint16Array {
  const random = createRandom(1);
  const one = Uint16Array.from({ length: HEIGHT * WIDTH }, () => random.poisson(3));
  const all = new Uint16Array(FRAMES * one.length);
  for (let n = 0; n < FRAMES; n++) all.set(one, n * one.length);
  return all;
}

async function rate(count: number, use: (index: number) => unknown): Promise<number> {
  for (let index = 0; index < Math.min(5, count); index++) await use(index);
  const started = process.cpuUsage();
  for (let index = 0; index < count; index++) await use(index);
  const { user, system } = process.cpuUsage(started);
  return (1e6 * count) / (user + system);
}

const show = (frames: number | null): string =>
  frames === null
    ? '—'.padStart(20)
    : `${frames.toFixed(0).padStart(8)} ${(frames * MEGABYTES).toFixed(0).padStart(11)}`;

const folder = mkdtempSync(join(tmpdir(), 'vetoc-bench-'));
try {
  const data = makeFrames();
  const library = await loadHdf5();
  console.log(`${FRAMES} frames of ${HEIGHT}×${WIDTH} uint16, one thread; each column: frames/s, MB/s`);
  console.log(
    `${''.padEnd(16)}${'vetoc'.padStart(20)}${'library'.padStart(20)}${'codec'.padStart(20)}   vetoc/library`,
  );
  for (const { name, storage, codec } of LAYOUTS) {
    const path = join(folder, 'frames.h5');
    const file = new library.high.File(path, 'w');
    file.create_dataset({ name: 'data', data, shape: [FRAMES, HEIGHT, WIDTH], ...storage });
    file.close();
    const raw = await openHdf5(path, path);
    const info = raw.info('/data');
    const alone = await rate(FRAMES, (n) => raw.read(info, [n, 0, 0], [1, HEIGHT, WIDTH]));
    raw.close();
    const source = await openFrames(path);
    const ours = await rate(FRAMES, (n) => source.read(n));
    await source.close();
    const decode = codec === null ? null : await rate(FRAMES, codec(data.slice(0, HEIGHT * WIDTH)));
    console.log(
      `${name.padEnd(16)}${show(ours)}${show(alone)}${show(decode)}   ${(ours / alone).toFixed(2)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
