/**
 * Frames written as HDF5 and read back by vetoc's own reader.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { COMPRESSIONS } from '../../src/data/write/growing-dataset.js';
import { writeFrames } from '../../src/data/write/write-frames.js';
import { equalBytes } from './statistics.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-write-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Fails where `read` differs from `written` in anything a frame source says. */
async function expectSame(read: FrameSource, written: FrameSource): Promise<void> {
  expect(read.count).toBe(written.count);
  expect([read.height, read.width]).toEqual([written.height, written.width]);
  expect(read.classNames).toEqual(written.classNames);
  for (let i = 0; i < written.count; i++) {
    const expected = await written.read(i);
    const frame = await read.read(i);
    expect(equalBytes(frame.pixels, expected.pixels)).toBe(true);
    const live = new Uint8Array(read.height * read.width).fill(1);
    expect(equalBytes(frame.mask ?? live, expected.mask ?? live)).toBe(true);
    expect(read.label(i)).toEqual(written.label(i));
    expect(read.meta(i)).toEqual(written.meta(i));
    expect(read.spots(i)).toEqual(written.spots(i));
  }
}

describe('writeFrames', () => {
  it.each(COMPRESSIONS)('writes what reads back equal, with %s', async (compression) => {
    const path = join(folder, `${compression}.h5`);
    const source = simulateFrames({ seed: 12, count: 15, height: 96, width: 128 });
    const seen: number[] = [];
    await writeFrames(path, source, {
      compression,
      styles: source.settings.detectors,
      attributes: { generator: 'test', seed: 12 },
      onFrame: (done) => seen.push(done),
    });
    const read = await openFrames(path);
    await expectSame(read, source);
    await read.close();
    expect(seen).toEqual(Array.from({ length: 15 }, (_, i) => i + 1));
    expect(readdirSync(folder).filter((name) => name.includes('.partial'))).toEqual([]);
  });

  it('collects the masks that frames carry when it is told of no styles', async () => {
    const path = join(folder, 'masks.h5');
    const source = simulateFrames({ seed: 3, count: 30, height: 64, width: 64 });
    await writeFrames(path, { ...source, meta: () => ({}), classNames: null }, {});
    const read = await openFrames(path);
    for (let i = 0; i < source.count; i++) {
      const live = new Uint8Array(64 * 64).fill(1);
      const expected = (await source.read(i)).mask ?? live;
      expect(equalBytes((await read.read(i)).mask ?? live, expected)).toBe(true);
    }
    await read.close();
  });

  it('leaves the old file as it was when a frame cannot be made', async () => {
    const path = join(folder, 'old.h5');
    writeFileSync(path, 'old');
    const source = simulateFrames({ seed: 3, count: 10, height: 64, width: 64 });
    const broken: FrameSource = {
      ...source,
      read: (index) => (index === 4 ? Promise.reject(new Error('chunk 4 is corrupt')) : source.read(index)),
    };
    await expect(writeFrames(path, broken)).rejects.toThrow('chunk 4 is corrupt');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder).filter((name) => name.includes('.partial'))).toEqual([]);
  });

  it('replaces what a killed writer left', async () => {
    const path = join(folder, 'killed.h5');
    for (const left of ['.partial', '.partial.chunks']) writeFileSync(`${path}${left}`, 'half a file');
    await writeFrames(path, simulateFrames({ seed: 3, count: 2, height: 64, width: 64 }));
    const read = await openFrames(path);
    expect(read.count).toBe(2);
    await read.close();
  });

  it('refuses sets in which only some frames are labelled', async () => {
    const source = simulateFrames({ seed: 3, count: 4, height: 64, width: 64 });
    const half: FrameSource = {
      ...source,
      label: (index) =>
        index === 2 ? { label: null, hit: null, split: null, group: null } : source.label(index),
    };
    await expect(writeFrames(join(folder, 'half.h5'), half)).rejects.toThrow(/frame 2 has no label/);
  });
});
