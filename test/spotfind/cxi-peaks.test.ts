import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCxiPeakFile, MAX_PEAKS } from '../../src/spotfind/cxi-peaks.js';
import type { FoundSpot } from '../../src/spotfind/spot.js';
import { dataset, openH5, values } from './reference.js';

const spot = (x: number, y: number, intensity = 10): FoundSpot => ({
  y,
  x,
  intensity,
  snr: 7,
  panel: 0,
  pixelCount: 4,
  maximum: 5,
  sigma: 1,
});

describe('CXI peak lists', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vetoc-cxi-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('hold nPeaks and rows of positions, X fast, pixel-index origin', async () => {
    const path = join(folder, 'peaks.cxi');
    const writer = await createCxiPeakFile(path, [4, 6]);
    const frame = { height: 4, width: 6, pixels: new Uint16Array(24).fill(9), mask: null };
    writer.append({ identifier: 'a.h5//0', spots: [spot(3.25, 1.5), spot(5, 2)], frame });
    writer.append({ identifier: 'a.h5//1', spots: [], frame });
    expect(existsSync(path)).toBe(false);
    await writer.close();
    const file = await openH5(path);
    const result = '/entry_1/result_1';
    expect([...values<Int32Array>(file, `${result}/nPeaks`)]).toEqual([2, 0]);
    expect(dataset(file, `${result}/nPeaks`).dtype).toBe('<i');
    const x = dataset(file, `${result}/peakXPosRaw`);
    expect(x.shape![0]).toBe(2);
    expect(x.dtype).toBe('<f');
    expect([...(x.value as Float32Array).subarray(0, 3)]).toEqual([3.25, 5, 0]);
    expect(values<Float32Array>(file, `${result}/peakYPosRaw`)[0]).toBe(1.5);
    expect(values<Float32Array>(file, `${result}/peakTotalIntensity`)[0]).toBe(10);
    expect(dataset(file, '/entry_1/data_1/data').shape).toEqual([2, 4, 6]);
    expect(values<Uint16Array>(file, '/entry_1/data_1/data')[30]).toBe(9);
    expect(values<string[]>(file, '/entry_1/experiment_identifier')).toEqual(['a.h5//0', 'a.h5//1']);
    file.close();
  });

  it('widen for long lists, and keep the strongest when a list is too long', async () => {
    const path = join(folder, 'long.cxi');
    const writer = await createCxiPeakFile(path, null);
    for (let n = 0; n < 40; n++) writer.append({ identifier: `f//${n}`, spots: [spot(n, n)], frame: null });
    const many = Array.from({ length: MAX_PEAKS + 100 }, (_, k) => spot(1, 1, k));
    writer.append({ identifier: 'f//40', spots: many, frame: null });
    await writer.close();
    const file = await openH5(path);
    const counts = values<Int32Array>(file, '/entry_1/result_1/nPeaks');
    expect([counts.length, counts[39], counts[40]]).toEqual([41, 1, MAX_PEAKS]);
    const total = dataset(file, '/entry_1/result_1/peakTotalIntensity');
    expect(total.shape).toEqual([41, MAX_PEAKS]);
    const last = (total.slice([[40, 41], []]) as Float32Array).slice();
    expect([...last].sort((a, b) => a - b)[0]).toBe(100);
    expect(values<Float32Array>(file, '/entry_1/result_1/peakXPosRaw')[39 * MAX_PEAKS]).toBe(39);
    file.close();
  });

  it('leave nothing behind when discarded', async () => {
    const writer = await createCxiPeakFile(join(folder, 'gone.cxi'), null);
    writer.append({ identifier: 'f//0', spots: [spot(1, 1)], frame: null });
    await writer.discard();
    expect(readdirSync(folder).filter((name) => name.includes('gone'))).toEqual([]);
  });
});
