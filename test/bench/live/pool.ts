/** Simulated frames as a detector would send them, and as a network sees them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encode } from 'cborg';
import { simulateFramesParallel } from '../../../src/data/parallel.js';
import { createHdf5 } from '../../../src/data/write/hdf5-writer.js';
import type { Pool } from '../../live/emulator-process.js';
import { packed } from '../../live/packing.js';

/** As startMessage of the emulator states it. */
const SATURATION = 60_000;
const BLOCK_BYTES = 8192;

export interface BenchPool {
  /** What emulator-process.ts takes. */
  readonly file: string;
  readonly seen: readonly Uint16Array[];
  /** `seen` as HDF5, for `vetoc score`. */
  readonly framesFile: string;
}

/** Makes `frames` frames of `side` × `side`; some rows across the middle are a gap, marked by the type's largest value. */
export async function makePool(
  folder: string,
  { side, type, frames }: { readonly side: number; readonly type: Pool['type']; readonly frames: number },
): Promise<BenchPool> {
  const source = simulateFramesParallel({
    seed: 5,
    count: frames,
    height: side,
    width: side,
    hitFraction: 0.25,
  });
  const images: Uint8Array[] = [];
  const seen: Uint16Array[] = [];
  const isGap = (i: number): boolean => Math.abs(Math.floor(i / side) - side / 2) < 8;
  for (let n = 0; n < frames; n++) {
    const { pixels } = await source.read(n);
    const values = type === 'uint16' ? new Uint16Array(pixels) : new Uint32Array(pixels);
    const gap = type === 'uint16' ? 65535 : 2 ** 32 - 1;
    for (let i = 0; i < values.length; i++) if (isGap(i)) values[i] = gap;
    // A count that 16 bits do not hold.
    if (type === 'uint32') values[n] = 70_000 + n;
    images.push(
      packed(new Uint8Array(values.buffer), values.BYTES_PER_ELEMENT, {
        packing: 'bslz4',
        blockBytes: BLOCK_BYTES,
      }).bytes,
    );
    seen.push(Uint16Array.from(values, (value, i) => (isGap(i) ? 0 : Math.min(value, SATURATION))));
  }
  await source.close();
  const file = join(folder, 'pool.cbor');
  const pool: Pool = { height: side, width: side, type, images };
  await writeFile(file, encode(pool));
  const framesFile = join(folder, 'pool.h5');
  const writer = await createHdf5(framesFile);
  const data = writer.growing('/entry/data/data', 'u2', [side, side], 1, 'bitshuffle');
  for (const one of seen) data.append(one);
  await writer.commit();
  return { file, seen, framesFile };
}
