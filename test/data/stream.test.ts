/** Bad frames are reported and passed over, and threads give the same frames as one. */
import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { UserError } from '../../src/core/errors.js';
import { framesFromArrays } from '../../src/data/memory-source.js';
import { openFrames } from '../../src/data/open.js';
import { openFramesParallel, simulateFramesParallel } from '../../src/data/parallel.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { streamFrames, withoutBadFrames, type BadFrame } from '../../src/data/stream.js';

const F = 'test/data/fixtures';
const folder = mkdtempSync(join(tmpdir(), 'vetoc-stream-'));

/** `filters.h5` with one byte of the checksummed dataset changed: chunk 1 of `fletcher32` no longer matches. */
function corruptOneChunk(): string {
  const bytes = readFileSync(`${F}/filters.h5`);
  const row = Buffer.alloc(80);
  for (let x = 0; x < 40; x++) row.writeUInt16LE((7 + x * 29) % 251, 2 * x);
  // Other datasets of the file store the same bytes; only this one has a checksum.
  let changed = 0;
  for (let at = bytes.indexOf(row); at >= 0; at = bytes.indexOf(row, at + 1), changed++)
    bytes[at + 4]! ^= 0x55;
  expect(changed).toBeGreaterThan(0);
  const path = join(folder, 'corrupt.h5');
  writeFileSync(path, bytes);
  return path;
}

describe('a file that is corrupt in one chunk', () => {
  it('is an error that names file, dataset and frame', async () => {
    const source = await openFrames(`${corruptOneChunk()}#/fletcher32`);
    await source.read(0);
    await expect(source.read(1)).rejects.toThrow(
      /corrupt\.h5: \/fletcher32 frame 1: a chunk is corrupt.*--skip-bad/,
    );
    await source.read(2);
    await source.close();
  });

  it('loses that frame alone, by name, when bad frames are passed over', async () => {
    const source = await openFrames(`${corruptOneChunk()}#/fletcher32`);
    const bad: BadFrame[] = [];
    const good = await withoutBadFrames(source, (one) => bad.push(one));
    expect(good.count).toBe(2);
    expect(good.origin(1).index).toBe(2);
    expect(bad.map((one) => one.index)).toEqual([1]);
    await source.close();
  });
});

describe('files that cannot be opened', () => {
  it('are reported and left out among others, and an error without that wish', async () => {
    for (const name of ['a', 'b', 'c']) copyFileSync(`${F}/three.edf`, join(folder, `${name}.edf`));
    writeFileSync(join(folder, 'b.edf'), readFileSync(`${F}/three.edf`).subarray(0, 700));
    const bad: UserError[] = [];
    const source = await openFrames(join(folder, '*.edf'), { onBadFile: (error) => bad.push(error) });
    expect([source.count, bad.length]).toEqual([6, 1]);
    expect(bad[0]!.message).toMatch(/b\.edf: is truncated: 2432 bytes are needed and it has 700/);
    await expect(openFrames(join(folder, '*.edf'))).rejects.toThrow(/b\.edf: is truncated/);
  });
});

describe('streaming', () => {
  const frames = Array.from({ length: 6 }, (_, i) => Uint16Array.of(i));
  const source = framesFromArrays({ height: 1, width: 1, frames });

  it('keeps the order and reads no further ahead than it is told', async () => {
    let open = 0;
    let most = 0;
    const counted = {
      ...source,
      read: async (index: number) => {
        open++;
        most = Math.max(most, open);
        return source.read(index);
      },
    };
    const seen: number[] = [];
    for await (const { frame } of streamFrames(counted, { ahead: 2, indices: [5, 0, 3, 1] })) {
      open--;
      seen.push(frame.pixels[0]!);
    }
    expect(seen).toEqual([5, 0, 3, 1]);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('throws what is no fault of the file even when bad frames are passed over', async () => {
    const broken = { ...source, read: () => Promise.reject(new TypeError('ours')) };
    await expect(withoutBadFrames(broken, () => undefined)).rejects.toThrow(TypeError);
    const stream = streamFrames(broken, { onBad: () => undefined });
    await expect(stream.next()).rejects.toThrow(TypeError);
  });
});

describe('reading in threads', () => {
  it('gives the same frames, masks and errors as one thread', async () => {
    const files = [`${F}/unfinished.h5`, `${F}/types.h5#/one`, `${F}/eiger4d_master.h5`];
    const [single, parallel] = [
      await openFrames(files, { channel: 0 }),
      await openFramesParallel(files, { channel: 0, workers: 2 }),
    ];
    const take = async (source: typeof single) => {
      const bad: BadFrame[] = [];
      const seen: unknown[] = [];
      for await (const { index, frame } of streamFrames(source, {
        ahead: 4,
        onBad: (one) => bad.push(one),
      })) {
        seen.push([index, Array.from(frame.pixels), frame.mask === null ? null : Array.from(frame.mask)]);
      }
      return { seen, bad };
    };
    expect(await take(parallel)).toEqual(await take(single));
    await Promise.all([single.close(), parallel.close()]);
  });

  it('gives a bad frame its turn and reports it once, in order', async () => {
    const source = await openFramesParallel(`${corruptOneChunk()}#/fletcher32`, { workers: 1 });
    const bad: BadFrame[] = [];
    const good = await withoutBadFrames(source, (one) => bad.push(one));
    expect([good.count, good.origin(1).index, good.ahead]).toEqual([2, 2, 2]);
    expect(bad.map((one) => one.index)).toEqual([1]);
    await source.close();
  });

  it('starts no thread for a short series unless it is asked to', async () => {
    const source = await openFramesParallel(`${F}/types.h5#/one`);
    expect(source.ahead).toBeUndefined();
    await source.close();
  });

  it('simulates the same frames and facts as one thread', async () => {
    const options = { seed: 6, count: 24, height: 64, width: 48, variety: 'broad' } as const;
    const [single, parallel] = [simulateFrames(options), simulateFramesParallel(options, 2)];
    const take = async (source: typeof single) => {
      const seen: unknown[] = [];
      for await (const { index, frame } of streamFrames(source))
        seen.push([frame, source.label(index), source.meta(index), source.spots(index)]);
      return seen;
    };
    expect(parallel.ahead).toBeGreaterThan(0);
    expect(await take(parallel)).toEqual(await take(single));
    await parallel.close();
  });
});
