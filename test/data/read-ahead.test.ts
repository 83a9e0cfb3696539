/** Frames in their order are read a few within one limit of time; nobody sees a difference but the clock. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Hdf5Failure, loadHdf5 } from '../../src/data/hdf5/library.js';
import { readAhead } from '../../src/data/hdf5/read-ahead.js';
import { openFrames } from '../../src/data/open.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-read-ahead-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A reader of frames whose every pixel is their number, with what was read when, and how often time was limited. */
function counted(count: number, pixels: number, broken: readonly number[] = []) {
  const seen: number[] = [];
  let limits = 0;
  const limited = <T>(call: () => T): T => {
    limits++;
    return call();
  };
  const read = readAhead({ limited }, count, (index) => {
    seen.push(index);
    if (broken.includes(index)) throw new Hdf5Failure(`frame ${index} is damaged`);
    return new Uint16Array(pixels).fill(index);
  });
  return { read, seen, limits: () => limits };
}

describe('reading ahead', () => {
  it('limits the time once for several frames in their order, and reads each once', () => {
    const { read, seen, limits } = counted(100, 64);
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    expect(numbers.map((n) => read(n)[0])).toEqual(numbers);
    expect(seen).toEqual(numbers);
    expect(limits()).toBeLessThan(15);
  });

  it('reads nothing that was not asked for where frames are asked for out of their order', () => {
    const { read, seen } = counted(100, 64);
    const order = [7, 3, 50, 2, 99];
    expect(order.map((n) => read(n)[0])).toEqual(order);
    expect(seen).toEqual(order);
  });

  it('tells what is wrong with a frame when that one is asked for', () => {
    const { read, limits } = counted(20, 64, [4, 9]);
    const told = Array.from({ length: 20 }, (_, n) => {
      try {
        return read(n)[0];
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(told).toEqual(
      Array.from({ length: 20 }, (_, n) => (n === 4 || n === 9 ? `frame ${n} is damaged` : n)),
    );
    expect(limits()).toBeGreaterThan(0);
  });

  it('keeps few bytes: frames of megabytes are read one at a time', () => {
    const { read, seen } = counted(10, 3 * 1024 * 1024);
    read(0);
    expect(seen).toEqual([0]);
  });

  it('gives every frame around a damaged chunk of a file, and names the damaged one', async () => {
    const path = join(folder, 'damaged.h5');
    const { high } = await loadHdf5();
    const [frames, side] = [12, 32];
    const data = Uint16Array.from({ length: frames * side * side }, (_, i) => (i * 7919) % 977);
    const file = new high.File(path, 'w');
    const chunked = { chunks: [1, side, side], compression: 1, compression_opts: [4] };
    file.create_dataset({ name: 'data', data, shape: [frames, side, side], ...chunked });
    file.close();
    const bytes = readFileSync(path);
    // Each chunk is a zlib stream of its own: the header of the sixth is broken.
    const streams = [...bytes.keys()].filter((at) => bytes[at] === 0x78 && bytes[at + 1] === 0x5e);
    expect(streams).toHaveLength(frames);
    bytes.fill(0, streams[5]!, streams[5]! + 8);
    writeFileSync(path, bytes);
    const source = await openFrames(path);
    for (let n = 0; n < frames; n++) {
      const wanted = data.subarray(n * side * side, (n + 1) * side * side);
      if (n === 5)
        await expect(source.read(n)).rejects.toThrow(/damaged\.h5: \/data frame 5: a chunk is corrupt/);
      else expect((await source.read(n)).pixels).toEqual(wanted);
    }
    await source.close();
  });
});
