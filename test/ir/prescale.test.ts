/** Which misses are kept all the same: the hash that the firmware computes, said once more in `bigint`. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_PRESCALE,
  prescaleChooses,
  prescaled,
  prescaleHash,
  prescaleShare,
} from '../../src/ir/prescale.js';

const WORD = 2n ** 32n;

/** The hash as its page states it. */
function stated(number: bigint, key: number): number {
  let h = 0n;
  for (const word of [BigInt(key), number % WORD, number / WORD]) {
    h = (h + word) % WORD;
    h ^= h >> 16n;
    h = (h * 0x7feb352dn) % WORD;
    h ^= h >> 15n;
    h = (h * 0x2c1b3c6dn) % WORD;
    h ^= h >> 16n;
  }
  return Number(h);
}

describe('the hash of a frame number', () => {
  it('is what the firmware computes', () => {
    const numbers = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const keys = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(numbers, keys, (number, key) => {
        expect(prescaleHash(number, key)).toBe(stated(number, key));
      }),
    );
    for (const number of [0n, 1n, WORD - 1n, WORD, WORD + 1n, 2n ** 64n - 1n])
      for (const key of [0, 1, 2 ** 31, 2 ** 32 - 1])
        expect(prescaleHash(number, key)).toBe(stated(number, key));
  });

  it('is of numbers of 64 bits and keys of 32', () => {
    expect(() => prescaleHash(-1n, 0)).toThrow('-1 is no frame number of 64 bits');
    expect(() => prescaleHash(2n ** 64n, 0)).toThrow('18446744073709551616 is no frame number of 64 bits');
    for (const key of [-1, 2 ** 32, 0.5])
      expect(() => prescaleHash(0n, key)).toThrow(`${key} is no key of 32 bits`);
  });
});

describe('the prescale', () => {
  it('chooses the frames whose hash, times N, stays below 2^32', () => {
    const chosen = new Map([1, 2, 3, 1000, MAX_PRESCALE].map((n) => [n, 0]));
    for (let number = 0n; number < 3000n; number++)
      for (const [n, so] of chosen) {
        const isChosen = BigInt(stated(number, 77)) * BigInt(n) < WORD;
        expect(prescaleChooses(number, n, 77)).toBe(isChosen);
        if (isChosen) chosen.set(n, so + 1);
      }
    expect(chosen.get(1)).toBe(3000);
    expect(chosen.get(2)).toBeGreaterThan(1300);
    expect(chosen.get(1000)).toBeGreaterThan(0);
  });

  it('leaves out the first hash that N does not reach', () => {
    // Every step of the hash can be undone: the frame of key 0 whose hash is 2^31 is no half of 2.
    const inverse = (factor: bigint): bigint => {
      let x = 1n;
      for (let i = 0; i < 6; i++) x = (x * (2n + WORD - ((factor * x) % WORD))) % WORD;
      return x;
    };
    const undone = (hash: bigint): bigint => {
      let h = hash ^ (hash >> 16n);
      h = (h * inverse(0x2c1b3c6dn)) % WORD;
      h = h ^ (h >> 15n) ^ (h >> 30n);
      h = (h * inverse(0x7feb352dn)) % WORD;
      return h ^ (h >> 16n);
    };
    // With key 0 and a number below 2^32 the last round sees the hash of the number alone.
    const numberOf = (hash: bigint): bigint => undone(undone(hash));
    const [at, below] = [numberOf(2n ** 31n), numberOf(2n ** 31n - 1n)];
    expect([prescaleHash(at, 0), prescaleHash(below, 0)]).toEqual([2 ** 31, 2 ** 31 - 1]);
    expect([prescaleChooses(at, 2, 0), prescaleChooses(below, 2, 0)]).toEqual([false, true]);
  });

  it('is off at 0, and at most 2^24', () => {
    expect(MAX_PRESCALE).toBe(2 ** 24);
    for (let number = 0n; number < 20n; number++) expect(prescaleChooses(number, 0, 5)).toBe(false);
    // Of frame 0 under key 0 the hash is 0: every N chooses it.
    expect(prescaleHash(0n, 0)).toBe(0);
    expect([0, 1, 2 ** 24].map((n) => prescaleChooses(0n, n, 0))).toEqual([false, true, true]);
    for (const n of [-1, 1.5, 2 ** 24 + 1])
      expect(() => prescaleChooses(0n, n, 0)).toThrow(`a prescale of ${n}`);
  });

  it('keeps a miss that it chooses, which then stands for N', () => {
    const question = { number: 0n, key: 0, n: 50 };
    expect(prescaled(false, question)).toEqual({ keep: true, byPrescale: true, weight: 50 });
    expect(prescaled(true, question)).toEqual({ keep: true, byPrescale: false, weight: 1 });
    // The hash of frame 1 is far from 0: 2^24 of them would go beyond 2^32.
    expect(prescaled(false, { number: 1n, key: 0, n: MAX_PRESCALE })).toEqual({
      keep: false,
      byPrescale: false,
      weight: 0,
    });
    expect(prescaled(false, { ...question, n: 0 })).toEqual({ keep: false, byPrescale: false, weight: 0 });
  });

  it('says how often it chooses: hashes below 2^32 / N are as many as its next integer', () => {
    expect([0, 1, 2, 4, 2 ** 24].map(prescaleShare)).toEqual([0, 1, 1 / 2, 1 / 4, 2 ** -24]);
    // ⌈4294967296 / 3⌉ is 1431655766.
    expect(prescaleShare(3)).toBe(1431655766 / 4294967296);
  });
});
