import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadHdf5 } from '../../src/data/hdf5/library.js';
import { openFrames } from '../../src/data/open.js';

const DATA = '../shared/data';
const there = existsSync(`${DATA}/nanobragg_dev.h5`);

describe.skipIf(!there)('labelled HDF5 (needs ../shared/data)', () => {
  it('opens nanobragg_dev.h5 with labels, splits, masks per style, facts and spots', async () => {
    const frames = await openFrames(`${DATA}/nanobragg_dev.h5`);
    expect([frames.count, frames.height, frames.width]).toEqual([1250, 512, 512]);
    expect(frames.classNames).toEqual(['Blank', 'No crystal', 'Weak', 'Good', 'Strong']);
    const classes = [0, 0, 0, 0, 0];
    const groups = new Map<string, Set<string>>();
    let tests = 0;
    for (let i = 0; i < frames.count; i++) {
      const { label, hit, split, group } = frames.label(i);
      classes[label!]!++;
      expect(hit).toBe(label! >= 2);
      if (split === 'test') tests++;
      groups.set(group!, (groups.get(group!) ?? new Set()).add(split!));
    }
    expect(classes).toEqual([250, 250, 250, 250, 250]);
    expect(tests).toBe(250);
    expect([...groups.values()].every((splits) => splits.size === 1)).toBe(true);
    const panels = await frames.read(5);
    expect(frames.meta(5)['style']).toBe('panels');
    const gaps = panels.mask!.reduce((sum, live) => sum + (1 - live), 0);
    expect(gaps / panels.mask!.length).toBeCloseTo(1 - 0.96702576, 6);
    const [first] = frames.spots(0)!;
    expect(first).toEqual({ y: 201, x: 292, intensity: Math.fround(59.785015), snr: Math.fround(7.6437435) });
    await frames.close();
  });

  it('opens real_dev.h5 with hits and sources', async () => {
    const frames = await openFrames(`${DATA}/real_dev.h5`);
    expect(frames.count).toBe(18);
    expect(Array.from({ length: 18 }, (_, i) => frames.label(i).hit).filter((hit) => hit)).toHaveLength(12);
    expect(frames.meta(0)['source']).toContain('jungfrau');
    expect((await frames.read(17)).pixels.some((v) => v > 0)).toBe(true);
    await frames.close();
  });
});

describe('a dataset of any name', () => {
  it('is found at the root, also where known layouts have a group of its name', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'vetoc-')), 'root.h5');
    const { high } = await loadHdf5();
    const file = new high.File(path, 'w');
    file.create_dataset({
      name: 'data',
      data: Uint16Array.from({ length: 512 }, (_, i) => i),
      shape: [2, 16, 16],
    });
    file.close();
    const frames = await openFrames(path);
    expect((await frames.read(1)).pixels[3]).toBe(259);
    await frames.close();
  });
});

describe('files that cannot be read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-'));

  it('names a missing file', async () => {
    await expect(openFrames('no-such.h5')).rejects.toThrow(/^no-such.h5: does not exist — check the path$/);
  });

  it('says when an .h5 file is not HDF5', async () => {
    const path = join(folder, 'text.h5');
    writeFileSync(path, 'not HDF5 at all '.repeat(100));
    await expect(openFrames(path)).rejects.toThrow(/not an HDF5 file/);
  });

  it.skipIf(!there)('says when a file is truncated, and by how much', async () => {
    const path = join(folder, 'cut.h5');
    writeFileSync(path, readFileSync(`${DATA}/real_dev.h5`).subarray(0, 1_000_000));
    await expect(openFrames(path)).rejects.toThrow(
      /truncated: it has 1000000 bytes and its header says 1940425/,
    );
  });

  it.skipIf(!there)('lists the datasets when it cannot know which holds the frames', async () => {
    await expect(openFrames(`${DATA}/formats/filters.h5`)).rejects.toThrow(
      /bslz4_u16 5×512×512 uint16.*FILE#/,
    );
  });

  it.skipIf(!there)('names the dataset that does not exist and those that do', async () => {
    await expect(openFrames(`${DATA}/formats/filters.h5#/nope`)).rejects.toThrow(
      /\/nope: does not exist — use one of/,
    );
  });

  it.skipIf(!there)('names the missing file behind a dangling link', async () => {
    await expect(openFrames(`${DATA}/real/Therm_6_2.nxs`)).rejects.toThrow(
      /Therm_6_2_000001\.h5, which is missing/,
    );
  });
});
