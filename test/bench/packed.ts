/**
 * npx tsx test/bench/packed.ts [FRAMES]
 *
 * What users would miss without chunks that are compressed outside of the HDF5 library (src/data/write/packed-dataset.ts):
 * frames a second and bytes a frame of simulated 512 × 512 frames, packed and by h5wasm's own filters.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { COMPRESSIONS, type Compression } from '../../src/data/write/growing-dataset.js';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';

const count = Number(process.argv[2] ?? 200);
const SIZE = [512, 512] as const;
const source = simulateFrames({ seed: 7, count: 24, height: SIZE[0], width: SIZE[1], variety: 'broad' });
const frames: Uint16Array[] = [];
for (let i = 0; i < source.count; i++) frames.push((await source.read(i)).pixels);
const folder = mkdtempSync(join(tmpdir(), 'vetoc-packed-'));

/** Frames a second of processor time, and bytes a frame. */
async function written(how: 'packed' | Compression): Promise<readonly [rate: number, bytes: number]> {
  const path = join(folder, `${how}.h5`);
  const before = process.cpuUsage();
  const writer = await createHdf5(path, { packs: how === 'packed' });
  const data = how === 'packed' ? writer.packed('/data', SIZE) : writer.growing('/data', 'u2', SIZE, 1, how);
  for (let i = 0; i < count; i++) data.append(frames[i % frames.length]!);
  await writer.commit();
  const { user, system } = process.cpuUsage(before);
  return [(count * 1e6) / (user + system), statSync(path).size / count];
}

for (const how of ['packed', ...COMPRESSIONS] as const) {
  await written(how);
  const [rate, bytes] = await written(how);
  console.log(
    `${how.padEnd(10)} ${rate.toFixed(0).padStart(6)} frames/s of processor time ${(bytes / 1024).toFixed(0).padStart(6)} KiB a frame`,
  );
}
rmSync(folder, { recursive: true });
