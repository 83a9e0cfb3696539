import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDisjoint } from '../../src/calibrate/disjoint.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import type { RunFrames } from '../../src/run/stages/frames.js';
import {
  CALIBRATION_SET,
  calibrationFrames,
  withCalibrationFrames,
} from '../../src/run/stages/calibration.js';
import type { FrameSource } from '../../src/data/frames.js';
import { openFrames } from '../../src/data/open.js';
import { silence } from '../../src/run/events.js';

/** `groups[i]` is the crystal of frame `i`. */
function sourceOf(name: string, groups: readonly (string | null)[], side = 512): FrameSource {
  return {
    name,
    count: groups.length,
    height: side,
    width: side,
    classNames: null,
    read: () =>
      Promise.resolve({ height: side, width: side, pixels: new Uint16Array(side * side), mask: null }),
    label: (i) => ({ label: null, hit: null, split: null, group: groups[i]! }),
    meta: () => ({}),
    spots: () => null,
    origin: (index) => ({ file: name, index }),
    close: () => Promise.resolve(),
  };
}

const runFrames = (
  source: FrameSource,
  parts: Partial<RunFrames['partition']>,
  options: RunFrames['options'] = {},
): RunFrames => ({
  source,
  options,
  partition: { train: [], validation: [], calibration: [], test: [], ...parts },
  classNames: ['miss', 'hit'],
  hitClasses: [false, true],
  labelOf: () => 0,
});

describe('calibration frames', () => {
  const source = sourceOf('night.h5', ['crystal 1', 'crystal 2', 'crystal 3', null, null]);
  const part = (name: string, indices: readonly number[], from = source) => ({ name, source: from, indices });

  it('are refused when they share a crystal with train or test, naming both', () => {
    const other = sourceOf('other.h5', ['crystal 9', 'crystal 2']);
    expect(() => {
      checkDisjoint(part('calibration', [0, 1], other), [part('train', [0]), part('test', [1, 2])]);
    }).toThrow(
      /other.h5: calibration: .* share group crystal 2 with the test frames — calibrate on other crystals/,
    );
    checkDisjoint(part('calibration', [0], other), [part('train', [0]), part('test', [1, 2])]);
  });

  it('are refused when they are the very frames, also where nothing is known of crystals', () => {
    expect(() => {
      checkDisjoint(part('calibration', [3]), [part('test', [3, 4])]);
    }).toThrow(/share frame 3 of night.h5 with the test frames/);
    checkDisjoint(part('calibration', [3]), [part('test', [4])]);
  });

  it('of a run are checked before any is read', async () => {
    const frames = runFrames(source, { train: [0, 3], calibration: [0] });
    await expect(
      withCalibrationFrames(calibrationSchema.parse({}), frames, silence, () => Promise.resolve(0)),
    ).rejects.toThrow(/with the train frames/);
  });

  it('of another size are refused, with the remedy', async () => {
    const frames = runFrames(sourceOf('small.h5', ['a', 'b'], 128), { train: [0], test: [1] });
    await expect(
      withCalibrationFrames(calibrationSchema.parse({ from: 'set' }), frames, silence, () =>
        Promise.resolve(0),
      ),
    ).rejects.toThrow(/calibration frames of 512×512, those of small.h5 are 128×128 — /);
  });
});

describe('files of calibration frames', () => {
  const brightest = async (options: RunFrames['options']): Promise<number> => {
    const frames = runFrames(sourceOf('night.h5', ['a', 'b']), { train: [0], test: [1] }, options);
    return withCalibrationFrames(
      calibrationSchema.parse({ from: [CALIBRATION_SET], frames: 2 }),
      frames,
      silence,
      async (part) => {
        let top = 0;
        for await (const { pixels } of calibrationFrames(part))
          for (const value of pixels) top = Math.max(top, value);
        return top;
      },
    );
  };

  it('are opened with the masks of the frames of the run, and without its labels', async () => {
    expect(await brightest({})).toBeGreaterThan(9);
    expect(await brightest({ maskRule: 'above:9', labels: 'no/such.csv' })).toBe(9);
  });
});

describe('the calibration set that comes with vetoc', () => {
  it('is the file that its provenance describes', async () => {
    const text = await readFile(join(dirname(CALIBRATION_SET), 'simulated.json'), 'utf8');
    const provenance = JSON.parse(text) as { sha256: string; seed: number };
    const bytes = await readFile(CALIBRATION_SET);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(provenance.sha256);
    const set = await openFrames([CALIBRATION_SET]);
    const groups = Array.from({ length: set.count }, (_, i) => set.label(i).group);
    expect(new Set(groups).size).toBe(10);
    expect(groups.every((g) => g!.startsWith(`simulate(${provenance.seed})/`))).toBe(true);
    expect(new Set(groups.map((_, i) => set.label(i).label)).size).toBe(5);
    await set.close();
  });

  it('calibrates a network whose frames are of its size, with its true peaks', async () => {
    const frames = runFrames(sourceOf('night.h5', ['a', 'b']), { train: [0], test: [1] });
    const spots = await withCalibrationFrames(
      calibrationSchema.parse({ from: 'set', frames: 4 }),
      frames,
      silence,
      async (part) => {
        const counts: number[] = [];
        for await (const frame of calibrationFrames(part)) counts.push(frame.spots!.length);
        return counts;
      },
    );
    expect(spots).toHaveLength(4);
    expect(Math.max(...spots)).toBeGreaterThan(10);
  });

  it('is refused for a run that simulates with its seed', async () => {
    const same = sourceOf('simulate', ['simulate(424242)/crystal 3', 'b']);
    await expect(
      withCalibrationFrames(
        calibrationSchema.parse({ from: 'set' }),
        runFrames(same, { train: [1], test: [0] }),
        silence,
        () => Promise.resolve(0),
      ),
    ).rejects.toThrow(/share group simulate\(424242\)\/crystal 3 with the test frames/);
  });
});
