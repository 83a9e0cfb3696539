import { describe, expect, it } from 'vitest';
import { createRandom, type Random } from '../../src/core/random.js';
import { prescaleChooses, prescaleHash, prescaleShare } from '../../src/ir/prescale.js';
import {
  confidenceOfLook,
  lossVerdict,
  meteredLoss,
  type MeteredStratum,
} from '../../src/statistics/metered-loss.js';

const stratum = (hits: number, keptMisses: number, misses: number, n = 10): MeteredStratum => ({
  share: prescaleShare(n),
  misses,
  keptMisses,
  hits,
});

describe('the hash that keeps misses', () => {
  it('is what its definition says, word by word', () => {
    const M = 1n << 32n;
    const byHand = (number: bigint, key: bigint): bigint =>
      [key, number % M, number / M].reduce((hash, word) => {
        let h = (hash + word) % M;
        h = ((h ^ (h >> 16n)) * 0x7feb352dn) % M;
        h = ((h ^ (h >> 15n)) * 0x2c1b3c6dn) % M;
        return h ^ (h >> 16n);
      }, 0n);
    for (const number of [0n, 1n, 0xffffffffn, 1n << 32n, (1n << 64n) - 1n, 123456789012345n])
      for (const key of [0, 1, 0xffffffff, 0x12345678])
        expect(BigInt(prescaleHash(number, key))).toBe(byHand(number, BigInt(key)));
  });

  it('keeps one in N of numbers that go up by 1, by 8 or by 120, evenly along the run', () => {
    const n = 50;
    for (const step of [1, 8, 120])
      for (const key of [0, 7]) {
        let chi = 0;
        for (let window = 0; window < 60; window++) {
          let kept = 0;
          for (let i = 0; i < 2000; i++)
            if (prescaleChooses(BigInt((window * 2000 + i) * step), n, key)) kept += 1;
          chi += (kept - 2000 / n) ** 2 / ((2000 / n) * (1 - 1 / n));
        }
        // 60 degrees of freedom: 0.1 % lie beyond either end.
        expect(chi).toBeGreaterThan(32);
        expect(chi).toBeLessThan(100);
      }
  });

  it('keeps none at 0 and all at 1', () => {
    for (let i = 0n; i < 100n; i++) {
      expect(prescaleChooses(i, 0, 5)).toBe(false);
      expect(prescaleChooses(i, 1, 5)).toBe(true);
    }
    expect(prescaleShare(3)).toBe(1431655766 / 2 ** 32);
  });
});

describe('the hits lost, by the misses that were kept', () => {
  it('counts every hit seen for the nine that were not kept', () => {
    const { lost, lostShare } = meteredLoss([stratum(4, 1000, 10_000)], 1000);
    expect(lost.value).toBeCloseTo(36, 6);
    expect(lostShare.value).toBeCloseTo(36 / 1040, 6);
    // By the terms of the binomial distribution: P(X ≥ 4 | 11, 0.1) = 0.019, P(X ≥ 4 | 12, 0.1) = 0.026.
    expect(lost.low).toBe(12 - 4);
    expect(lost.high).toBeGreaterThan(36);
  });

  it('knows that what was seen to be a miss is none', () => {
    const { lost } = meteredLoss([stratum(2, 98, 100)], 0);
    expect(lost.high).toBeLessThanOrEqual(2);
  });

  it('loses nothing where every miss is kept', () => {
    expect(meteredLoss([stratum(5, 50, 50, 1)], 100).lost).toEqual({ value: 0, low: 0, high: 0 });
  });

  it('refuses counts that cannot be and a prescale that is off', () => {
    expect(() => meteredLoss([stratum(5, 4, 50)], 0)).toThrow(/5 hits of 4 kept misses of 50 misses/);
    expect(() => meteredLoss([{ ...stratum(0, 0, 50), share: 0 }], 0)).toThrow(/says nothing.*register/);
  });
});

interface Night {
  readonly strata: readonly MeteredStratum[];
  readonly keptHits: number;
  readonly lost: number;
}

/** A night whose hit rate, score and prescale drift; frames are those of hits among misses and those of misses alone. */
function simulatedNight(random: Random, n: readonly number[], drift: boolean): Night {
  const key = Math.floor(2 ** 32 * random.uniform());
  const parts = 4;
  const framesAPart = 500;
  let number = Math.floor(1e9 * random.uniform());
  let keptHits = 0;
  let lost = 0;
  const strata: MeteredStratum[] = [];
  for (let part = 0; part < parts; part++) {
    const N = n[part % n.length]!;
    const hitRate = 0.01 + 0.1 * random.uniform();
    // Where the detector drifts, the network comes to miss up to half of the hits of a part.
    const missRate = drift ? 0.5 * (part / parts) * random.uniform() : 0.05;
    let [keptMisses, hits, misses] = [0, 0, 0];
    for (let i = 0; i < framesAPart; i++, number += 8) {
      // Hits come in the rhythm of the pulses, too.
      const isHit = random.uniform() < hitRate * (i % 4 === 0 ? 2.5 : 0.5);
      if (isHit && random.uniform() >= missRate) {
        keptHits += 1;
        continue;
      }
      misses += 1;
      const kept = prescaleChooses(BigInt(number), N, key);
      if (kept) keptMisses += 1;
      if (isHit && kept) hits += 1;
      if (isHit && !kept) lost += 1;
    }
    strata.push({ share: prescaleShare(N), misses, keptMisses, hits });
  }
  return { strata, keptHits, lost };
}

describe('ten thousand simulated nights', () => {
  it.each([
    ['steady', [10], false],
    ['with drift', [10], true],
    ['with drift and a prescale that is changed', [5, 20], true],
  ] as const)(
    '%s: the estimate is unbiased and its interval covers at least as often as it says',
    (_n, n, drift) => {
      const random = createRandom(77);
      // 10,000 nights in all.
      const nights = 3334;
      let [covered, sum, squares] = [0, 0, 0];
      for (let night = 0; night < nights; night++) {
        const { strata, keptHits, lost } = simulatedNight(random, n, drift);
        const { lost: estimate, lostShare } = meteredLoss(strata, keptHits);
        const truth = lost === 0 ? 0 : lost / (lost + keptHits + strata.reduce((s, x) => s + x.hits, 0));
        const inside = estimate.low <= lost && lost <= estimate.high;
        expect(inside).toBe(lostShare.low <= truth + 1e-12 && truth <= lostShare.high + 1e-12);
        if (inside) covered += 1;
        const error = estimate.value - lost;
        sum += error;
        squares += error * error;
      }
      expect(covered / nights).toBeGreaterThanOrEqual(0.95);
      // Four standard errors of the mean.
      expect(Math.abs(sum / nights)).toBeLessThan(4 * Math.sqrt(squares / nights / nights));
    },
  );

  it('would be found out if the misses that are kept were easier than the others', () => {
    const random = createRandom(78);
    let covered = 0;
    const weeks = 100;
    for (let week = 0; week < weeks; week++) {
      const nights = Array.from({ length: 20 }, () => simulatedNight(random, [10], true));
      // A prescale that looks at the frame: half of the hits among the misses escape it.
      const biased = nights.flatMap((night) =>
        night.strata.map((s) => ({ ...s, hits: Math.floor(s.hits / 2) })),
      );
      const total = (of: (night: Night) => number): number =>
        nights.reduce((sum, night) => sum + of(night), 0);
      const { lost: estimate } = meteredLoss(
        biased,
        total((night) => night.keptHits),
      );
      const lost = total((night) => night.lost);
      if (estimate.low <= lost && lost <= estimate.high) covered += 1;
    }
    expect(covered / weeks).toBeLessThan(0.5);
  });
});

describe('the alarm', () => {
  it('is raised when the whole interval is beyond the bound, and kept down while too little was seen', () => {
    const few = meteredLoss([stratum(1, 100, 1000)], 500);
    const many = meteredLoss([stratum(60, 1000, 10_000)], 500);
    const none = meteredLoss([stratum(0, 1000, 10_000)], 5000);
    expect([few, many, none].map((loss) => lossVerdict(loss, 0.02))).toEqual(['open', 'beyond', 'within']);
  });

  it('looks again and again without crying wolf: the errors of all looks sum to that of one', () => {
    let errors = 0;
    for (let look = 1; look <= 10_000; look++) errors += 1 - confidenceOfLook(0.95, look);
    expect(errors).toBeLessThan(0.05);
    expect(errors).toBeGreaterThan(0.0499);
  });
});
