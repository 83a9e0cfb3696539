/** Masks, labels and geometry of the command line reach the frames of a run, and its recipe names them from any folder. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statedFrameOptions } from '../../src/run/frame-options.js';
import { openRunFrames } from '../../src/run/stages/frames.js';
import { parseRecipe } from '../../src/run/recipe.js';
import { silence } from '../../src/run/events.js';

const PAGES = 'test/data/fixtures/pages.tif';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-options-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const recipeOf = (options: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    version: 1,
    name: 'own',
    frames: { kind: 'files', paths: [PAGES], options },
    preprocess: {},
    training: {},
    calibration: {},
    quantization: {},
  });

describe('the frame options of a run', () => {
  it('are those that were given, with absolute paths and words as they are', () => {
    const given = { out: 'x', labels: 'a.csv', mask: 'bad:b.npy', gain: '40,-1.4,-0.1', scale: '2' };
    expect(statedFrameOptions(given)).toEqual({
      labels: resolve('a.csv'),
      mask: `bad:${resolve('b.npy')}`,
      gain: '40,-1.4,-0.1',
      scale: '2',
    });
    const words = { labels: 'peaks:3', mask: 'none', skipBad: true };
    expect(statedFrameOptions(words)).toEqual(words);
    expect(statedFrameOptions({ labels: 'folders', pedestal: 'g0.bin,g1.bin,g2.bin' })).toEqual({
      labels: 'folders',
      pedestal: ['g0.bin', 'g1.bin', 'g2.bin'].map((name) => resolve(name)).join(','),
    });
  });

  it('label and mask the frames that it trains on', async () => {
    const labels = join(folder, 'labels.csv');
    writeFileSync(labels, 'frame,hit,group\n0,1,a\n1,0,b\n2,1,c\n');
    const recipe = parseRecipe(recipeOf({ labels, maskRule: 'above:100' }), 'own.json');
    const { source, classNames, labelOf } = await openRunFrames(recipe, silence);
    expect(classNames).toEqual(['miss', 'hit']);
    expect([0, 1, 2].map(labelOf)).toEqual([1, 0, 1]);
    const { pixels } = await source.read(0);
    expect(pixels.reduce((a, b) => Math.max(a, b))).toBe(100);
    await source.close();
  });

  it('are refused by name where a recipe misspells one', () => {
    expect(() => parseRecipe(recipeOf({ lables: 'a.csv' }), 'own.json')).toThrow(/unknown key "lables"/);
  });
});

describe('the classes of a run', () => {
  it('are those of the labels, or hits and misses alone where the recipe says so', async () => {
    const opened = async (more: object) => {
      const recipe = {
        ...(JSON.parse(recipeOf({})) as object),
        frames: { kind: 'simulate', count: 40 },
        ...more,
      };
      return openRunFrames(parseRecipe(JSON.stringify(recipe), 'own.json'), silence);
    };
    const [five, two] = [await opened({}), await opened({ classes: 'hits' })];
    expect(five.classNames).toHaveLength(5);
    expect(two.classNames).toEqual(['miss', 'hit']);
    const all = Array.from({ length: 40 }, (_, i) => i);
    expect(all.map(two.labelOf)).toEqual(all.map((i) => Number(five.hitClasses[five.labelOf(i)])));
    await Promise.all([five, two].map(({ source }) => source.close()));
  });
});
