/**
 * How fast frames are simulated and disturbed on one core, and what writing them costs.
 *
 *     npx tsx test/bench/simulate.ts [FRAMES]
 *
 * First table: `simulate` draws and renders 512×512 frames and throws them away; the other columns are `vetoc simulate`
 * whole, with labels, truth and metadata, to a file of that compression. Then a frame as the recipe `veto` disturbs it for training.
 * Second table: writing alone, with the ways that were weighed. All in processor time of this process, so that others on the machine do not count.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadHdf5 } from '../../src/data/hdf5/library.js';
import type { Variety } from '../../src/data/simulate/settings.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { COMPRESSIONS } from '../../src/data/write/growing-dataset.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { writeFrames } from '../../src/data/write/write-frames.js';
import { loadRecipe } from '../../src/run/recipe.js';
import type { LabelledFrames } from '../../src/train/sample-cache.js';
import { withNuisances } from '../../src/train/simulated-frames.js';

const FRAMES = Number(process.argv[2] ?? 200);
/** Frames before the clock starts: tables, compiled code, the detectors' maps; the HDF5 library is loaded then, too. */
const WARM = 40;
const SIDE = 512;
const VARIETIES: readonly Variety[] = ['standard', 'broad'];

const folder = mkdtempSync(join(tmpdir(), 'vetoc-bench-'));
const path = join(folder, 'frames.h5');

/** Milliseconds of this process's processor time that `work` takes for each of `frames`. */
async function milliseconds(frames: number, work: () => Promise<void>): Promise<number> {
  const started = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000 / frames;
}

const kilobytes = (frames: number): string => `${(statSync(path).size / frames / 1000).toFixed(0)} kB`;

async function render(seed: number, count: number, variety: Variety): Promise<Uint16Array[]> {
  const source = simulateFrames({ seed, count, variety });
  const frames: Uint16Array[] = [];
  for (let i = 0; i < count; i++) frames.push((await source.read(i)).pixels);
  return frames;
}

async function whole(variety: Variety): Promise<string> {
  await render(1, WARM, variety);
  await writeFrames(path, simulateFrames({ seed: 1, count: 2, variety }));
  const perSecond = (ms: number): string => (1000 / ms).toFixed(1).padStart(12);
  const alone = await milliseconds(FRAMES, async () => {
    await render(2, FRAMES, variety);
  });
  let row = `${variety.padEnd(10)}${perSecond(alone)}`;
  for (const compression of COMPRESSIONS) {
    const source = simulateFrames({ seed: 2, count: FRAMES, variety });
    const ms = await milliseconds(FRAMES, () =>
      writeFrames(path, source, { compression, styles: source.settings.detectors }),
    );
    row += `${perSecond(ms)}${`(${kilobytes(FRAMES)})`.padStart(10)}`;
  }
  return row;
}

/** What the recipe `veto` does to a training frame. */
async function disturbing(): Promise<string> {
  const { training } = await loadRecipe('veto');
  const frames = await render(2, WARM, 'broad');
  const plain: LabelledFrames = { count: WARM, read: (i) => Promise.resolve(frames[i]!), label: () => 0 };
  const disturbed = withNuisances(plain, training.nuisances, 0, [SIDE, SIDE], 1);
  const ms = await milliseconds(WARM, async () => {
    for (let i = 0; i < WARM; i++) await disturbed.read(i);
  });
  return `disturbed as the recipe veto says: ${ms.toFixed(1)} ms a frame`;
}

type Way = readonly [name: string, write: (frames: readonly Uint16Array[]) => Promise<void>];

/** Writing through h5wasm with one of its filters. */
const filtered = (name: string, compression: number, options: readonly number[]): Way => [
  name,
  async (frames) => {
    const file = new (await loadHdf5()).high.File(path, 'w');
    const dataset = file.create_dataset({
      name: 'data',
      data: new Uint16Array(0),
      shape: [0, SIDE, SIDE],
      maxshape: [null, SIDE, SIDE],
      chunks: [1, SIDE, SIDE],
      compression,
      compression_opts: [...options],
    });
    for (const [n, frame] of frames.entries()) {
      dataset.resize([n + 1, SIDE, SIDE]);
      dataset.write_slice([[n, n + 1], [0, SIDE], [0, SIDE]], frame); // prettier-ignore
    }
    file.close();
  },
];

const WAYS: readonly Way[] = [
  [
    'zlib 1, runs, shuffle',
    async (frames) => {
      const writer = await createHdf5(path, { packs: true });
      const dataset = writer.packed('/data', [SIDE, SIDE]);
      for (const frame of frames) dataset.append(frame);
      await writer.commit();
    },
  ],
  filtered('h5wasm gzip 1', 1, [1]),
  filtered('h5wasm gzip 3', 1, [3]),
  filtered('h5wasm LZF', 32000, []),
  filtered('h5wasm bitshuffle-LZ4', 32008, [0, 2]),
];

async function writing(variety: Variety): Promise<void> {
  const frames = await render(2, WARM, variety);
  for (const [name, write] of WAYS) {
    await write(frames.slice(0, 5));
    const ms = await milliseconds(WARM, () => write(frames));
    console.log(
      `${variety.padEnd(10)}${name.padEnd(24)}${ms.toFixed(2).padStart(8)} ms${kilobytes(WARM).padStart(10)}`,
    );
  }
}

try {
  console.log(
    `${FRAMES} frames of ${SIDE}×${SIDE}, one thread; frames a second of processor time (and size a frame)`,
  );
  console.log(
    `${''.padEnd(10)}${'simulate'.padStart(12)}${COMPRESSIONS.map((name) => name.padStart(22)).join('')}`,
  );
  for (const variety of VARIETIES) console.log(await whole(variety));
  console.log(await disturbing());
  console.log('\nwriting alone, a frame:');
  for (const variety of VARIETIES) await writing(variety);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
