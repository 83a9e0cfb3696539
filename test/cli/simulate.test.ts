import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openHdf5 } from '../../src/data/hdf5/file.js';
import { openFrames } from '../../src/data/open.js';
import { runCli } from './run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-simulate-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Cosine of the angle between two reciprocal axes (1 to 3) of a lattice's row: its weight, then a matrix row by row. */
function cosine(row: readonly number[], i: number, j: number): number {
  const axis = (k: number): number[] => [row[k]!, row[3 + k]!, row[6 + k]!];
  const [a, b] = [axis(i), axis(j)];
  const dot = a.reduce((sum, v, k) => sum + v * b[k]!, 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}

/** How far from (y, x), in pixels, the nearest node of the lattice `m` would throw its ray. */
function missedBy(
  m: readonly number[],
  meta: Readonly<Record<string, number>>,
  y: number,
  x: number,
): number {
  const { wavelength, distance_mm: distance, pixel_mm: pixel, beam_x: beamX, beam_y: beamY } = meta;
  const [k, scale] = [1 / wavelength!, distance! / pixel!];
  const ray = [x - beamX!, y - beamY!, scale];
  const length = Math.hypot(...ray);
  const q = ray.map((v, axis) => (k * v) / length - (axis === 2 ? k : 0));
  const [a, b, c, d, e, f, g, h, i] = m as number[] & { length: 9 };
  const determinant = a! * (e! * i! - f! * h!) - b! * (d! * i! - f! * g!) + c! * (d! * h! - e! * g!);
  const inverse = [
    [e! * i! - f! * h!, c! * h! - b! * i!, b! * f! - c! * e!],
    [f! * g! - d! * i!, a! * i! - c! * g!, c! * d! - a! * f!],
    [d! * h! - e! * g!, b! * g! - a! * h!, a! * e! - b! * d!],
  ];
  const hkl = inverse.map((row) =>
    Math.round(row.reduce((sum, v, axis) => sum + (v * q[axis]!) / determinant, 0)),
  );
  const [nx, ny, nz] = [0, 3, 6].map((at) => hkl.reduce((sum, n, axis) => sum + m[at + axis]! * n, 0));
  return Math.hypot(beamX! + (nx! / (nz! + k)) * scale - x, beamY! + (ny! / (nz! + k)) * scale - y);
}

describe('vetoc simulate', () => {
  it('writes the same frames and facts with threads and without', async () => {
    const read = async (workers: string): Promise<unknown[]> => {
      const path = join(folder, `${workers}.h5`);
      const size = ['--size', '64x48', '--count', '12', '--seed', '5'];
      const { code, stdout } = await runCli('simulate', path, ...size, '--workers', workers, '--json');
      expect(code).toBe(0);
      const seen: unknown[] = [{ ...(JSON.parse(stdout) as object), file: '' }];
      const source = await openFrames(path);
      for (let i = 0; i < source.count; i++)
        seen.push([await source.read(i), source.label(i), source.meta(i), source.spots(i)]);
      await source.close();
      return seen;
    };
    const alone = await read('0');
    expect(alone).toHaveLength(13);
    expect(await read('2')).toEqual(alone);
  });

  it('writes the truth of every lattice, with which its spots are where the file says', async () => {
    const path = join(folder, 'truth.h5');
    const ask = ['--size', '256', '--count', '12', '--classes', '0,1,1,1,1', '--multi-lattice', '0.7'];
    expect((await runCli('simulate', path, ...ask, '--seed', '3', '--workers', '2')).code).toBe(0);
    const source = await openFrames(path);
    const file = await openHdf5(path, path);
    const numbers = file.readAll('/entry/lattices') as Float64Array;
    expect(file.info('/entry/lattices').shape).toEqual([12, 4, 10]);
    file.close();
    let [spots, several] = [0, 0];
    for (let i = 0; i < source.count; i++) {
      const meta = source.meta(i) as Record<string, number>;
      const rows = [0, 1, 2, 3].map((k) => [...numbers.subarray((4 * i + k) * 10, (4 * i + k + 1) * 10)]);
      const there = rows.filter(([weight]) => weight! > 0);
      expect(there).toHaveLength(meta['lattices']!);
      if (there.length > 1) several++;
      for (const { y, x } of source.spots(i)!) {
        spots++;
        expect(Math.min(...there.map(([, ...m]) => missedBy(m, meta, y, x)))).toBeLessThan(2);
      }
      if (there.length > 0) expect(there[0]![0]).toBe(1);
      // Of a* and b*: 60° apart where gamma is 120°, right angles in orthogonal systems.
      if (meta['cell_gamma'] === 120) expect(cosine(there[0]!, 1, 2)).toBeCloseTo(0.5, 6);
      else if (meta['space_group']! >= 16) expect(cosine(there[0]!, 1, 2)).toBeCloseTo(0, 6);
    }
    await source.close();
    expect([spots > 100, several > 1]).toEqual([true, true]);
  });

  it('draws small frames to the end: a crystal that shows too little on one detector is drawn on another', async () => {
    const path = join(folder, 'small.h5');
    const args = ['--size', '32x32', '--count', '200', '--seed', '2', '--workers', '0', '--json'];
    const { code, stdout } = await runCli('simulate', path, ...args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ frames: 200 });
  });

  it('writes one type for each fact, however many values it has', async () => {
    const types = async (perCrystal: string): Promise<readonly unknown[]> => {
      const path = join(folder, `group-${perCrystal}.h5`);
      const args = ['--size', '32', '--count', '300', '--frames-per-crystal', perCrystal, '--workers', '0'];
      expect((await runCli('simulate', path, ...args)).code).toBe(0);
      const file = await openHdf5(path, path);
      const found = ['/entry/data/group', '/entry/meta/cell'].map((at) => file.info(at).isString);
      file.close();
      return found;
    };
    expect([await types('1'), await types('100')]).toEqual([
      [true, true],
      [true, true],
    ]);
  });

  it('does not replace a file unless it is told to', async () => {
    const path = join(folder, 'taken.h5');
    writeFileSync(path, 'taken');
    const result = await runCli('simulate', path, '--count', '2', '--size', '32', '--workers', '0');
    expect([result.code, result.stderr]).toEqual([2, expect.stringContaining('taken.h5: exists already')]);
    const forced = await runCli(
      'simulate',
      path,
      '--count',
      '2',
      '--size',
      '32',
      '--workers',
      '0',
      '--force',
    );
    expect(forced.code).toBe(0);
  });
});
