import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { scoreWindows, windowLength } from '../../src/audit/drift.js';
import { estimateLostHits, estimateReviewed } from '../../src/statistics/estimate.js';
import { createReference, featureDistance, NO_REFERENCE } from '../../src/audit/reference.js';
import { bitsOf, type FrameRow } from '../../src/audit/rows.js';
import { describeDecision, describeEvidence } from '../../src/audit/words.js';
import { sampleRow } from './sample-rows.js';

describe('the estimate of hits lost', () => {
  const accuracy = { truePositives: 190, falseNegatives: 10, trueNegatives: 294, falsePositives: 6 };

  it('corrects for both errors of the finder', () => {
    // 40 positives of 1000 at sensitivity 0.95 and specificity 0.98: (0.04 − 0.02) / 0.93.
    const { lost } = estimateLostHits(
      { total: 1000, positives: 40 },
      { total: 100, positives: 90 },
      accuracy,
    );
    expect(lost.value).toBeCloseTo((1000 * 0.02) / 0.93, 6);
    expect(lost.low).toBeLessThan(lost.value);
    expect(lost.high).toBeGreaterThan(lost.value);
  });

  it('covers the truth about as often as it says', () => {
    const random = createRandom(5);
    const draw = (n: number, p: number): number => {
      let count = 0;
      for (let i = 0; i < n; i++) if (random.uniform() < p) count++;
      return count;
    };
    let covered = 0;
    const rounds = 60;
    for (let round = 0; round < rounds; round++) {
      const truePositives = draw(200, 0.95);
      const trueNegatives = draw(300, 0.97);
      const [lostHits, keptHits] = [60, 700];
      const vetoed = { total: 1500, positives: draw(lostHits, 0.95) + draw(1500 - lostHits, 0.03) };
      const kept = { total: 900, positives: draw(keptHits, 0.95) + draw(200, 0.03) };
      const { lost } = estimateLostHits(vetoed, kept, {
        truePositives,
        falseNegatives: 200 - truePositives,
        trueNegatives,
        falsePositives: 300 - trueNegatives,
      });
      if (lost.low <= lostHits && lostHits <= lost.high) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.9);
  });

  it('says that it cannot when the finder is no better than a coin', () => {
    const coin = { truePositives: 50, falseNegatives: 50, trueNegatives: 50, falsePositives: 50 };
    const { lost } = estimateLostHits({ total: 10, positives: 5 }, { total: 10, positives: 5 }, coin);
    expect(lost.value).toBeNaN();
  });

  it('loses nothing where nothing is vetoed', () => {
    const { lost } = estimateLostHits({ total: 0, positives: 0 }, { total: 10, positives: 5 }, accuracy);
    expect(lost).toEqual({ value: 0, low: 0, high: 0 });
  });

  it('from verdicts waits for every stratum and then weighs them', () => {
    const few = { total: 10, judged: 10, wrong: 8 };
    expect(estimateReviewed([few, { total: 990, judged: 0, wrong: 0 }])).toBeNull();
    const estimate = estimateReviewed([few, { total: 990, judged: 100, wrong: 1 }])!;
    expect(estimate.value).toBeCloseTo(8 + 9.9, 6);
    expect(estimate.low).toBeGreaterThan(8);
    expect(estimate.high).toBeLessThan(80);
  });
});

describe('drift', () => {
  const run = (shift: (i: number) => number, count = 4000) => {
    const random = createRandom(3);
    return Array.from({ length: count }, (_, i) => ({
      frame: i,
      score: Math.round(-200 + 60 * random.normal() + (random.uniform() < 0.25 ? 900 : 0) + shift(i)),
      keep: false,
    }));
  };
  const drifted = (frames: ReturnType<typeof run>): readonly number[] =>
    scoreWindows(frames, 50)
      .filter((window) => window.drifted)
      .map((window) => window.first);

  it('is not seen in noise and hits', () => {
    expect(drifted(run(() => 0))).toEqual([]);
  });

  it('is seen in a jump, and nowhere before it', () => {
    const found = drifted(run((i) => (i >= 3000 ? 250 : 0)));
    expect(Math.min(...found)).toBe(3000);
    // A window in which nearly every second frame is a hit has no sure median: one of these is passed over.
    expect(found.length).toBeGreaterThanOrEqual(18);
  });

  it('is seen at both ends of a slow slope', () => {
    const found = drifted(run((i) => i / 8));
    expect(found).toContain(0);
    expect(found).toContain(3950);
    expect(found).not.toContain(2000);
  });

  it('is not spoken of for a handful of windows', () => {
    expect(drifted(run((i) => i, 300))).toEqual([]);
    expect(windowLength(300)).toBe(50);
  });
});

describe('the reference', () => {
  const random = createRandom(9);
  const scored = Array.from({ length: 60 }, (_, i) => ({
    row: sampleRow(i, {
      hit: i % 2 === 0,
      spots: i % 2 === 0 ? 20 : 1,
      score: 100,
      floatScore: 100 + (i % 10),
    }),
    features: Float32Array.from({ length: 4 }, () => random.normal()),
  }));

  it('fits the spot threshold and measures the finder', () => {
    const { limits, accuracy } = createReference(scored);
    expect(limits).toMatchObject({ spotThreshold: 2, nearLevels: 9 });
    expect(accuracy).toEqual({ truePositives: 30, falseNegatives: 0, trueNegatives: 30, falsePositives: 0 });
  });

  it('finds features near the training set ordinary and others far', () => {
    const { bank, limits } = createReference(scored);
    expect(featureDistance(bank!, new Float32Array(4))).toBeLessThan(1.5);
    expect(featureDistance(bank!, new Float32Array(4).fill(20))).toBeGreaterThan(limits.distanceLimit!);
  });

  it('does without labels and without frames', () => {
    const bare = scored.map(({ row, features }) => ({ row: { ...row, hit: null }, features }));
    expect(createReference(bare).accuracy).toBeNull();
    expect(createReference([])).toBe(NO_REFERENCE);
  });
});

describe('words', () => {
  const vetoed: Partial<FrameRow> = {
    keep: false,
    score: -37,
    margin: -25,
    marginBits: bitsOf(-25),
    spots: 0,
    strongestSnr: null,
  };

  it('say the decision, the margin and the peaks', () => {
    expect(describeDecision(sampleRow(0, { ...vetoed, floatKeep: false }), -12)).toBe(
      'vetoed: score −37 under threshold −12, 25 levels (5 bits) away; no Bragg peak found',
    );
    expect(describeDecision(sampleRow(0, { ...vetoed, floatKeep: true }), -12)).toContain(
      'the float network would have kept it',
    );
  });

  it('say why a malformed frame is kept', () => {
    const row = sampleRow(0, {
      score: null,
      margin: null,
      spots: null,
      floatKeep: null,
      problem: 'truncated',
    });
    expect(describeDecision(row, 0)).toBe('kept because it is malformed: truncated');
  });

  it('count bits of a margin', () => {
    expect([0, 1, -1, 15, 16, -31].map(bitsOf)).toEqual([0, 1, 1, 4, 5, 5]);
  });

  it('tell a ring from a place and from everywhere', () => {
    const map = (at: (r: number, y: number, x: number) => number): Float32Array =>
      Float32Array.from({ length: 120 * 120 }, (_, i) => {
        const [y, x] = [Math.floor(i / 120), i % 120];
        return at(Math.hypot(x - 60, y - 60), y, x);
      });
    const scale = { wavelengthA: 1.3, distanceMm: 100, pixelMm: 1 };
    const centre = { x: 60, y: 60 };
    const say = (values: Float32Array): string => describeEvidence(values, 120, 120, centre, scale);
    // d = 3.2 Å stands at r = 42.7 px here.
    expect(say(map((r) => Math.exp(-(((r - 42.7) / 2.5) ** 2))))).toMatch(
      /ring at 3\.\d Å, where water scatters/,
    );
    expect(say(map((_, y, x) => Math.exp(-((x - 20) ** 2 + (y - 90) ** 2) / 4)))).toContain(
      'row 90, column 20',
    );
    expect(say(map(() => 1))).toBe('evidence spread over the frame');
    expect(say(map(() => 0))).toBe('the map shows no evidence at all');
  });
});
