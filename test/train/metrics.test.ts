import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseThreshold, corners, pointAt, vetoCurve } from '../../src/statistics/veto-curve.js';
import {
  confusion,
  evaluate,
  evaluateByGroup,
  expectedCalibrationError,
  expertAgreement,
  hitOrMissOnly,
  softmax,
} from '../../src/statistics/metrics.js';
import { proportion } from '../../src/statistics/proportion.js';

describe('a Wilson interval', () => {
  it('is that of the textbook', () => {
    // 8 of 10: Brown, Cai and DasGupta 2001, formula (4), by hand.
    const { value, low, high } = proportion(8, 10);
    expect(value).toBe(0.8);
    expect(low).toBeCloseTo(0.49016, 4);
    expect(high).toBeCloseTo(0.94331, 4);
  });

  it('stays within [0, 1] and holds the proportion', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(), (total, k) => {
        const { value, low, high } = proportion(k % (total + 1), total);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low === 0).toBe(value === 0);
        expect(high === 1).toBe(value === 1);
        expect(low).toBeLessThanOrEqual(value + 1e-12);
        expect(high).toBeGreaterThanOrEqual(value - 1e-12);
      }),
    );
  });
});

describe('a confusion table', () => {
  it('has recall along rows and precision along columns', () => {
    const table = confusion([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 1], 3);
    expect(table.counts).toEqual([
      [2, 1, 0],
      [0, 2, 0],
      [0, 1, 0],
    ]);
    expect(table.recall.map((p) => p.value)).toEqual([2 / 3, 1, 0]);
    expect(table.precision.map((p) => p.value)).toEqual([1, 2 / 4, NaN]);
    expect(table.accuracy.value).toBe(4 / 6);
  });
});

const frames = fc.array(fc.record({ score: fc.integer({ min: -5, max: 5 }), hit: fc.boolean() }), {
  minLength: 2,
  maxLength: 40,
});

describe('patterns that can be indexed', () => {
  const input = {
    logits: [
      [0, 5],
      [0, 4],
      [0, -1],
      [0, 3],
      [0, -2],
      [0, -3],
    ],
    labels: [1, 1, 1, 0, 0, 0],
    hitClasses: [false, true],
    threshold: 4,
  };

  it('are counted by label, whether the network keeps them', () => {
    const indexable = [true, null, true, true, false, true];
    const { indexable: found } = evaluate({ ...input, indexable });
    const counts = [found!.kept, found!.amongHits, found!.amongMisses].map((p) => [p.count, p.total]);
    expect(counts).toEqual([
      [1, 4],
      [1, 2],
      [0, 2],
    ]);
    expect(found!.kept.low).toBe(proportion(1, 4).low);
    const groups = evaluateByGroup({ ...input, indexable }, ['a', 'a', 'a', 'b', 'b', 'b']);
    expect([...groups.values()].map((e) => e.indexable!.kept.total)).toEqual([2, 2]);
  });

  it('are not spoken of where nobody tried', () => {
    expect(evaluate(input).indexable).toBeNull();
    expect(evaluate({ ...input, indexable: input.labels.map(() => null) }).indexable).toBeNull();
  });
});

describe('the veto curve', () => {
  it('has as area the chance that a hit scores above a miss, ties counting half', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const hits = list.filter((f) => f.hit);
        const misses = list.filter((f) => !f.hit);
        fc.pre(hits.length > 0 && misses.length > 0);
        let wins = 0;
        for (const h of hits)
          for (const m of misses) wins += h.score > m.score ? 1 : h.score === m.score ? 0.5 : 0;
        const { auc } = vetoCurve(
          list.map((f) => f.score),
          list.map((f) => f.hit),
        );
        expect(auc).toBeCloseTo(wins / (hits.length * misses.length), 10);
      }),
    );
  });

  it('counts at each point what its threshold keeps and rejects', () => {
    fc.assert(
      fc.property(frames, (list) => {
        const { points } = vetoCurve(
          list.map((f) => f.score),
          list.map((f) => f.hit),
        );
        for (const { threshold, hitsKept, missesRejected } of points) {
          expect(hitsKept.count).toBe(list.filter((f) => f.hit && f.score >= threshold).length);
          expect(missesRejected.count).toBe(list.filter((f) => !f.hit && f.score < threshold).length);
        }
      }),
    );
  });
});

describe('the corners of a veto curve', () => {
  it('are where it turns, and all of it where hits and misses leave together', () => {
    const of = (scores: readonly number[], hits: readonly boolean[]) =>
      corners(vetoCurve(scores, hits)).map(({ threshold }) => threshold);
    // Misses leave at 0, 1, 2; then hits at 3, 4, 5.
    expect(of([0, 1, 2, 3, 4, 5], [false, false, false, true, true, true])).toEqual([0, 3, Infinity]);
    expect(of([0, 0, 1, 1], [false, true, false, true])).toEqual([0, 1, Infinity]);
  });
});

describe('the chosen threshold', () => {
  it('keeps the wanted fraction of hits, and no lower score than needed', () => {
    fc.assert(
      fc.property(frames, fc.constantFrom(0.5, 0.9, 0.995, 1), (list, keep) => {
        const hits = list.filter((f) => f.hit);
        fc.pre(hits.length > 0);
        const scores = list.map((f) => f.score);
        const threshold = chooseThreshold(
          scores,
          list.map((f) => f.hit),
          keep,
        );
        const kept = (t: number): number => hits.filter((f) => f.score >= t).length;
        const needed = Math.ceil(keep * hits.length - 1e-9);
        expect(kept(threshold)).toBeGreaterThanOrEqual(needed);
        const next = Math.min(...scores.filter((s) => s >= threshold), Infinity) + 1e-9;
        expect(kept(next)).toBeLessThan(needed);
      }),
    );
  });

  it('stands in the middle of the gap below the lowest kept score', () => {
    expect(chooseThreshold([0, 1, 5, 6], [false, false, true, true], 1)).toBe(3);
  });
});

describe('an evaluation', () => {
  const logits = [
    [2, 0, -1],
    [0, 1, 0],
    [-1, 0, 3],
    [1, 0, 0.5],
  ];
  const input = { logits, labels: [0, 1, 2, 2], hitClasses: [false, false, true], threshold: -1 };

  it('decides by max hit − max miss against the threshold', () => {
    const { veto, hitMissAccuracy, confusion: table } = evaluate(input);
    // Scores: −3, −1, 3, −0.5.
    expect(veto.recall.count).toBe(2);
    expect(veto.missesRejected.count).toBe(1);
    expect(veto.precision.value).toBe(2 / 3);
    expect(hitMissAccuracy.value).toBe(0.75);
    expect(table.accuracy.value).toBe(0.75);
  });

  it('splits by group', () => {
    const groups = evaluateByGroup(input, ['a', 'b', 'a', 'b']);
    expect([...groups].map(([name, e]) => [name, e.frames, e.confusion.accuracy.value])).toEqual([
      ['a', 2, 1],
      ['b', 2, 0.5],
    ]);
  });

  it('rejects at each quoted fraction what the curve has there', () => {
    const { rejectionAt, curve } = evaluate(input);
    for (const { keepFraction, point } of rejectionAt) expect(point).toEqual(pointAt(curve, keepFraction));
  });
});

describe('hits and misses alone', () => {
  it('are decided as before, and measured as two classes', () => {
    const input = {
      logits: [
        [1, 2, 0, -1],
        [0, 0, 3, 4],
        [5, 0, 1, 1],
      ],
      labels: [1, 2, 3],
      hitClasses: [false, false, true, true],
      threshold: 0.5,
    };
    const two = hitOrMissOnly(input);
    expect(two.logits).toEqual([
      [2, 0],
      [0, 4],
      [5, 1],
    ]);
    expect(two.labels).toEqual([0, 1, 1]);
    const [a, b] = [evaluate(input), evaluate(two)];
    expect(b.veto).toEqual(a.veto);
    expect(b.curve).toEqual(a.curve);
    expect(b.hitMissAccuracy).toEqual(a.hitMissAccuracy);
    expect(b.confusion.counts).toEqual([
      [1, 0],
      [1, 1],
    ]);
  });
});

describe('the calibration error', () => {
  it('is 0 for certain and right, 1 for certain and wrong', () => {
    expect(expectedCalibrationError([[50, 0]], [0])).toBeCloseTo(0, 6);
    expect(expectedCalibrationError([[50, 0]], [1])).toBeCloseTo(1, 6);
  });

  it('is the gap between confidence and accuracy', () => {
    const row = [Math.log(3), 0];
    expect(softmax(row)[0]).toBeCloseTo(0.75, 12);
    expect(expectedCalibrationError([row, row, row, row], [0, 0, 1, 1])).toBeCloseTo(0.25, 12);
  });
});

describe('expert against network', () => {
  const pairs = (n: number, expert: boolean, network: boolean) =>
    Array.from({ length: n }, () => ({ expert, network }));
  const frames = [
    ...pairs(20, true, true),
    ...pairs(5, true, false),
    ...pairs(10, false, true),
    ...pairs(15, false, false),
  ];

  it('counts the four cases and the agreement beyond chance', () => {
    const a = expertAgreement(
      frames.map((f) => f.expert),
      frames.map((f) => f.network),
    );
    expect(a).toMatchObject({ bothHit: 20, onlyExpert: 5, onlyNetwork: 10, bothMiss: 15 });
    // By hand: 0.7 of the frames agree, 0.5 would by chance.
    expect(a.agreement.value).toBe(0.7);
    expect(a.kappa).toBeCloseTo(0.4, 12);
  });

  it('stands in an evaluation, at its threshold', () => {
    const logits = [-1, 0.5, 2, 3].map((score) => [0, score]);
    const e = evaluate({ logits, labels: [0, 0, 1, 1], hitClasses: [false, true], threshold: 2.5 });
    expect(e.againstExpert).toMatchObject({ bothHit: 1, onlyExpert: 1, onlyNetwork: 0, bothMiss: 2 });
  });
});
