/**
 * The physics of the simulator before a judge that knows nothing of it: DIALS, given the cell and the geometry that the file states,
 * must find the lattice that the file calls true.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASS_NAMES, FIRST_HIT_CLASS } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { quantile } from '../../src/statistics/quantile.js';
import { simulateToFile } from '../../src/run/simulate.js';
import { hasDials, indexFrames, type IndexedFrame } from './dials.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-referee-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const FRAMES = 60;
const simulate = async (name: string, classWeights: readonly number[]): Promise<string> => {
  const file = join(folder, name);
  const frames = {
    seed: 71,
    count: FRAMES,
    variety: 'standard',
    classWeights,
    settings: { randomCellShare: 0 },
  } as const;
  await simulateToFile(
    file,
    { frames, compression: 'gzip', workers: undefined, replace: true },
    () => undefined,
  );
  return file;
};

describe.skipIf(!hasDials())('simulated frames of known cells (needs DIALS)', () => {
  let judged: readonly IndexedFrame[] = [];
  let classOf: readonly number[] = [];
  beforeAll(async () => {
    const file = await simulate('hits.h5', [0, 0, 1, 1, 1]);
    judged = indexFrames(file, join(folder, 'hits.csv'));
    const source = await openFrames(file);
    classOf = judged.map(({ frame }) => source.label(frame).label!);
    await source.close();
    for (const [k, name] of CLASS_NAMES.entries()) {
      if (k < FIRST_HIT_CLASS) continue;
      const of = judged.filter((_, i) => classOf[i] === k);
      const angles = of.flatMap(({ degrees }) => (degrees === null ? [] : [degrees]));
      console.log(
        `${name}: ${of.filter((f) => f.indexable).length} of ${of.length}, median ${quantile(angles, 0.5)}°`,
      );
    }
  }, 600_000);

  it.each(['Good', 'Strong'] as const)('indexes 95 %% or more of the %s ones', (name) => {
    const of = judged.filter((_, i) => CLASS_NAMES[classOf[i]!] === name);
    expect(of.length).toBeGreaterThanOrEqual(15);
    expect(of.filter(({ indexable }) => indexable).length / of.length).toBeGreaterThanOrEqual(0.95);
  });

  it('finds their orientations to less than a tenth of a degree in the middle', () => {
    const angles = judged.flatMap(({ degrees }) => (degrees === null ? [] : [degrees]));
    expect(angles.length).toBeGreaterThan(40);
    expect(quantile(angles, 0.5)).toBeLessThan(0.1);
  });

  it('indexes no frame without a crystal', async () => {
    const file = await simulate('misses.h5', [1, 4, 0, 0, 0]);
    const options = ['--frames', '0:20', '--cell', '79.1,79.1,38,90,90,90', '--group', 'P43212'];
    const found = indexFrames(file, join(folder, 'misses.csv'), options);
    expect(found).toHaveLength(20);
    expect(found.filter(({ indexable }) => indexable)).toEqual([]);
  }, 600_000);
});
