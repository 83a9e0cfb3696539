import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { UserError } from '../../src/core/errors.js';
import {
  boundOf,
  guaranteedThreshold,
  hitsNeeded,
  smallestBound,
  yieldAt,
} from '../../src/statistics/guarantee.js';
import { evaluationJson } from '../../src/report/evaluation-json.js';
import { thresholdText } from '../../src/text/index.js';
import { evaluate } from '../../src/statistics/metrics.js';

const bound = { lost: 0.02, confidence: 0.95 };

describe('a threshold with a guarantee', () => {
  it('takes 2,995 hits for 99.9 % at 95 %, and 59 for 95 %', () => {
    expect(hitsNeeded({ lost: 0.001, confidence: 0.95 })).toBe(2995);
    expect(hitsNeeded({ lost: 0.05, confidence: 0.95 })).toBe(59);
    // A whole number of powers: 1/2 to the third is 1/8.
    expect(hitsNeeded({ lost: 0.5, confidence: 0.875 })).toBe(3);
  });

  it('is refused where the hits cannot carry it, with what they can carry', () => {
    const scores = Array.from({ length: 104 }, (_, i) => i);
    expect(() => guaranteedThreshold(scores, { lost: 0.001, confidence: 0.95 })).toThrow(UserError);
    expect(() => guaranteedThreshold(scores, { lost: 0.001, confidence: 0.95 })).toThrow(
      /104 hits cannot carry "at most 0.1 % of the hits are lost, with confidence 95 %".*at least 2995 hits, or a bound of 2.84 %/,
    );
    const offered = smallestBound(104, 0.95);
    expect(guaranteedThreshold(scores, { lost: offered, confidence: 0.95 }).rank).toBe(1);
  });

  it('loses more than the bound as rarely as it says, without a choice of distribution, ties included', () => {
    const random = createRandom(11);
    const draws = {
      even: () => random.uniform(),
      // Scores of few bits: most hits share theirs with others.
      tied: () => Math.floor(4 + 3 * random.normal()),
      long: () => Math.exp(4 * random.normal()),
    };
    for (const draw of Object.values(draws)) {
      const population = Array.from({ length: 40_000 }, draw).sort((a, b) => a - b);
      const below = (threshold: number): number => {
        let [a, b] = [0, population.length];
        while (a < b) {
          const middle = (a + b) >> 1;
          if (population[middle]! < threshold) a = middle + 1;
          else b = middle;
        }
        return a / population.length;
      };
      let broken = 0;
      const nights = 2000;
      for (let night = 0; night < nights; night++) {
        const seen = Array.from({ length: 300 }, () => population[Math.floor(40_000 * random.uniform())]!);
        if (below(guaranteedThreshold(seen, bound).threshold) > bound.lost) broken += 1;
      }
      // Three standard deviations of the count above its 5 %.
      expect(broken).toBeLessThan(nights * 0.05 + 3 * Math.sqrt(nights * 0.05 * 0.95));
    }
  });

  it('is the highest that carries the bound: one rank more would not', () => {
    const random = createRandom(12);
    let broken = 0;
    for (let night = 0; night < 2000; night++) {
      const seen = Array.from({ length: 300 }, () => random.uniform()).sort((a, b) => a - b);
      const { rank } = guaranteedThreshold(seen, bound);
      if (seen[rank]! > bound.lost) broken += 1;
    }
    expect(broken).toBeGreaterThan(2000 * 0.05 + 3 * Math.sqrt(2000 * 0.05 * 0.95));
  });

  it('refuses a bound or a confidence that is none, by its field', () => {
    expect(() => guaranteedThreshold([1], { lost: 0, confidence: 0.95 })).toThrow(/lost: 0 is no share/);
    expect(() => guaranteedThreshold([1], { lost: 0.1, confidence: 1 })).toThrow(/confidence: 1 is no/);
  });
});

describe('what follows from a threshold', () => {
  const hits = Array.from({ length: 400 }, (_, i) => i);
  const misses = Array.from({ length: 200 }, (_, i) => i - 190);

  it('is the data that is left and the hits in it, at the prevalence of the user', () => {
    const chosen = guaranteedThreshold(hits, bound);
    expect(chosen).toMatchObject({ rank: 4, threshold: 3, hitsBelow: 3 });
    const { missesRejected, framesKept, precision } = yieldAt(chosen, misses, 0.1);
    expect(missesRejected.value).toBe(193 / 200);
    expect(framesKept.value).toBeCloseTo(0.1 * (397 / 400) + 0.9 * (7 / 200), 12);
    expect(precision.value).toBeCloseTo((0.1 * (397 / 400)) / framesKept.value, 12);
    expect(framesKept.low).toBeLessThan(framesKept.value);
    expect(framesKept.high).toBeGreaterThan(framesKept.value);
    expect(precision.low).toBeLessThan(precision.value);
    expect(precision.high).toBeGreaterThan(precision.value);
  });

  it('refuses a prevalence that is none', () => {
    expect(() => yieldAt(guaranteedThreshold(hits, bound), misses, 1.5)).toThrow(
      /prevalence: 1.5 is no share/,
    );
  });
});

describe('what the report says of a threshold that was chosen before', () => {
  /** `hits` hits of which `below` lie under the threshold 0, and as many misses. */
  const evaluation = (hits: number, below: number) =>
    evaluate({
      logits: Array.from({ length: 2 * hits }, (_, i) => [0, i < below ? -1 : i < hits ? 1 : -2]),
      labels: Array.from({ length: 2 * hits }, (_, i) => Number(i < hits)),
      hitClasses: [false, true],
      threshold: 0,
    });

  it('is the exact bound of the hits below it', () => {
    expect(boundOf(0, 104, 0.95).lost).toBeCloseTo(1 - 0.05 ** (1 / 104), 12);
    expect(boundOf(3, 104, 0.95).lost).toBeCloseTo(0.0729, 3);
    expect(boundOf(0, 0, 0.95).lost).toBe(1);
    const one = evaluation(104, 0);
    expect(thresholdText(one)).toContain(
      'at most 2.84 % of the hits of the same source are lost, with confidence 95 %',
    );
    expect(evaluationJson({ name: 'fixed', evaluation: one, grouped: [] })).toMatchObject({
      guarantee: { hits: 104, hitsBelow: 0, confidence: 0.95 },
    });
  });

  it('refuses what so few hits cannot carry, and says how many it takes', () => {
    const words = thresholdText(evaluation(104, 1));
    expect(words).toContain('104 hits cannot carry');
    expect(words).toContain('99.9 % (takes 2,995 hits)');
    expect(thresholdText(evaluation(3000, 1))).not.toContain('cannot carry');
  });
});
