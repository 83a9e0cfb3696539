import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { comparisonText } from '../../src/text/comparison.js';
import { compareStage, histogram, pairDecisions } from '../../src/run/stages/compare.js';
import type { FrameSource, Spot } from '../../src/data/frames.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { mcnemar } from '../../src/statistics/mcnemar.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { comparisonPage } from '../../src/report/comparison.js';
import { randomFrames, randomNetwork, SIZE } from './random-networks.js';
import { beginStage, silence } from '../../src/run/events.js';

describe("McNemar's exact test", () => {
  it('is the two-sided binomial probability', () => {
    expect(mcnemar(0, 0)).toBe(1);
    expect(mcnemar(3, 3)).toBe(1);
    expect(mcnemar(0, 5)).toBeCloseTo(2 / 32, 12);
    expect(mcnemar(1, 9)).toBeCloseTo((2 * 11) / 1024, 12);
    expect(mcnemar(9, 1)).toBe(mcnemar(1, 9));
  });
  it('goes over into the normal approximation without a jump', () => {
    expect(mcnemar(470, 530)).toBeCloseTo(mcnemar(470, 531), 1);
    expect(mcnemar(2000, 1000)).toBeLessThan(1e-20);
  });
});

describe('the histogram of differences', () => {
  it('counts every value once, in a bin that holds it, also when all are the same', () => {
    fc.assert(
      fc.property(fc.array(fc.float({ min: -9, max: 9, noNaN: true }), { minLength: 1 }), (values) => {
        const bins = histogram(values);
        expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(values.length);
        expect(bins[0]!.count).toBeGreaterThan(0);
        expect(bins[0]!.from).toBe(Math.min(...values) + 0);
      }),
    );
    expect(histogram([])).toEqual([]);
  });
});

describe('paired decisions', () => {
  it('tell hits lost from hits gained and misses newly kept from misses dropped', () => {
    const frame = (
      hit: boolean,
      floatKeep: boolean,
      fixedKeep: boolean,
      indexable: boolean | null = null,
    ) => ({
      ...{ hit, floatKeep, fixedKeep, indexable },
    });
    const paired = pairDecisions([
      frame(true, true, false),
      frame(true, true, false, true),
      frame(true, false, true),
      frame(false, false, true),
      frame(false, true, true, true),
      frame(true, true, true),
    ]);
    expect(paired).toMatchObject({ hitsLost: 2, hitsGained: 1, missesKept: 1, missesDropped: 0 });
    expect(paired).toMatchObject({ indexableLost: 1, indexableGained: 0 });
    expect(paired.mcnemarP).toBe(mcnemar(3, 1));
  });
});

/** Frames as a source, every other one a hit. */
function memorySource(
  frames: readonly Uint16Array[],
  spots: readonly Spot[] | null,
  known: boolean,
): FrameSource {
  return {
    name: 'memory <b>',
    count: frames.length,
    height: SIZE,
    width: SIZE,
    classNames: null,
    read: (i) => Promise.resolve({ height: SIZE, width: SIZE, pixels: frames[i]!, mask: null }),
    label: (i) => ({ label: null, hit: known ? i % 2 === 0 : null, split: null, group: null }),
    meta: () => ({}),
    spots: () => spots,
    origin: (index) => ({ file: 'memory', index }),
    close: () => Promise.resolve(),
  };
}

describe('the comparison of a coarse network with its float network', () => {
  const frames = randomFrames(12, 2);
  const quiet = beginStage(silence, 'test');

  async function compared(spots: readonly Spot[] | null, known = true) {
    const graph = randomNetwork(12);
    const reference = createFloatReference(graph);
    const scores = frames.map((f) => reference.decide(f).score).sort((a, b) => a - b);
    const threshold = (scores[5]! + scores[6]!) / 2;
    const calibration = frames.map((pixels) => ({ pixels, spots: null }));
    const quantization = quantizationSchema.parse({ weightBits: 3, activationBits: 3, edgeBits: null });
    const { prepared, fixed } = await quantizeNetwork({ ...graph, threshold }, calibration, {
      quantization,
      calibration: calibrationSchema.parse({}),
    });
    const shown: number[] = [];
    const { comparison } = await compareStage(
      {
        prepared,
        fixed,
        source: memorySource(frames, spots, known),
        indices: frames.map((_, i) => i),
        onDifference: (d) => {
          shown.push(d.index);
          return Promise.resolve();
        },
      },
      quiet,
    );
    return { comparison, shown };
  }

  it('lists and shows every frame decided differently, with both scores and where they part', async () => {
    const { comparison, shown } = await compared([]);
    const { differences, thresholds, paired } = comparison;
    expect(differences.length).toBeGreaterThan(0);
    expect(shown).toEqual(differences.map((d) => d.index));
    for (const d of differences) {
      expect(d.floatScore >= thresholds.float).toBe(d.keptBy === 'float');
      expect(d.fixedScore >= thresholds.fixed).toBe(d.keptBy === 'fixed');
    }
    const { hitsLost, hitsGained, missesKept, missesDropped } = paired!;
    expect(hitsLost + hitsGained + missesKept + missesDropped).toBe(differences.length);
    expect(comparison.curves!.fixed.at(-1)).toEqual([1, 0]);
  });

  it('says whose peaks it counted under, and searches where none are known', async () => {
    expect((await compared([{ y: 9, x: 9, intensity: 1, snr: 1 }])).comparison.peaks).toBe('true');
    expect((await compared(null)).comparison.peaks).toBe('found');
  });

  it('becomes text and a page that name the frames, the layers and both curves', async () => {
    const { comparison, shown } = await compared([]);
    const text = comparisonText(comparison);
    const page = comparisonPage(
      'memory <b>',
      comparison,
      new Map(shown.map((index) => [index, Uint8Array.of(1, 2, 3)])),
    );
    for (const { id } of comparison.stages) {
      expect(text).toContain(id);
      expect(page).toContain(id);
    }
    expect(page).toContain('Veto curves of float and fixed');
    expect(page.match(/data:image\/png/g)).toHaveLength(comparison.differences.length);
    expect(page).not.toContain('memory <b>');
    const unlabelled = (await compared([], false)).comparison;
    expect([unlabelled.paired, unlabelled.curves]).toEqual([null, null]);
    expect(comparisonText(unlabelled)).not.toContain('McNemar');
  });
});
