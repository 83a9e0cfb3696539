import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  castMantissa,
  castNumber,
  castReal,
  roundHalfEven,
  roundReal,
  roundShift,
  roundShiftNumber,
} from '../../src/fixed/cast.js';
import {
  OVERFLOWS,
  QUANTIZATIONS,
  format,
  fractionBits,
  lsb,
  maxMantissa,
  minMantissa,
  type Format,
  type Overflow,
  type Quantization,
} from '../../src/fixed/format.js';

const modes = fc.record({
  quantization: fc.constantFrom(...QUANTIZATIONS),
  overflow: fc.constantFrom(...OVERFLOWS),
});
const formats = (most: number): fc.Arbitrary<Format> =>
  fc
    .record({
      signed: fc.boolean(),
      width: fc.integer({ min: 1, max: most }),
      up: fc.integer({ min: -6, max: 20 }),
      modes,
    })
    .map(({ signed, width, up, modes: m }) => format(signed, width, width - up, m.quantization, m.overflow));

/** Rounding, said once more and slowly: the nearest integers of q / 2^shift and who wins. */
function roundSlowly(q: bigint, shift: number, mode: Quantization): bigint {
  const step = 1n << BigInt(shift);
  let floor = q / step;
  if (floor * step > q) floor -= 1n;
  if (floor * step === q) return floor;
  const below = q - floor * step;
  const above = step - below;
  const nearest = below === above ? undefined : below < above ? floor : floor + 1n;
  switch (mode) {
    case 'AP_TRN':
      return floor;
    case 'AP_TRN_ZERO':
      return q < 0n ? floor + 1n : floor;
    case 'AP_RND':
      return nearest ?? floor + 1n;
    case 'AP_RND_MIN_INF':
      return nearest ?? floor;
    case 'AP_RND_ZERO':
      return nearest ?? (q < 0n ? floor + 1n : floor);
    case 'AP_RND_INF':
      return nearest ?? (q < 0n ? floor : floor + 1n);
    case 'AP_RND_CONV':
      return nearest ?? (floor % 2n === 0n ? floor : floor + 1n);
  }
}

describe('rounding', () => {
  it('agrees with a slow statement of every mode on all small values', () => {
    const values = Array.from({ length: 601 }, (_, i) => i - 300);
    for (const mode of QUANTIZATIONS)
      for (let shift = 0; shift <= 6; shift++) {
        const expected = values.map((q) => roundSlowly(BigInt(q), shift, mode));
        const numbers = expected.map(Number);
        expect(values.map((q) => roundShift(BigInt(q), shift, mode))).toEqual(expected);
        expect(values.map((q) => roundShiftNumber(q, shift, mode))).toEqual(numbers);
        expect(values.map((q) => roundReal(q / 2 ** shift, mode))).toEqual(numbers);
      }
  });

  it.each<[Quantization, number[]]>([
    ['AP_RND', [-2, -1, -1, 0, 0, 1, 1, 2, 2]],
    ['AP_RND_ZERO', [-2, -1, -1, 0, 0, 0, 1, 1, 2]],
    ['AP_RND_MIN_INF', [-2, -2, -1, -1, 0, 0, 1, 1, 2]],
    ['AP_RND_INF', [-2, -2, -1, -1, 0, 1, 1, 2, 2]],
    ['AP_RND_CONV', [-2, -2, -1, 0, 0, 0, 1, 2, 2]],
    ['AP_TRN', [-2, -2, -1, -1, 0, 0, 1, 1, 2]],
    ['AP_TRN_ZERO', [-2, -1, -1, 0, 0, 0, 1, 1, 2]],
  ])('rounds -2, -1.5, …, 2 under %s to %j', (mode, expected) => {
    const got = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((q) => roundShiftNumber(q, 1, mode));
    expect(got).toEqual(expected);
  });

  it('never returns a negative zero', () => {
    for (const mode of QUANTIZATIONS)
      for (const q of [-1, -0, 0, 1])
        expect(Object.is(castNumber(q, 5, format(true, 8, 8, mode)), -0)).toBe(false);
    expect(Object.is(roundShiftNumber(-0, 0, 'AP_TRN'), 0)).toBe(true);
    for (const mode of QUANTIZATIONS) expect(Object.is(roundReal(-0, mode), 0)).toBe(true);
    expect(Object.is(roundHalfEven(-0), 0)).toBe(true);
  });

  it('tells the middle of a step from its neighbours where the difference to the floor is no double', () => {
    const most = Number.MAX_SAFE_INTEGER;
    for (const mode of QUANTIZATIONS)
      for (const shift of [51, 52, 53, 54, 55, 60, 80])
        for (const q of [most, most - 1, 2 ** 52 + 1, 2 ** 52, 2 ** 51 + 1, 2 ** 51, 1, 0])
          for (const signed of [q, 0 - q])
            expect([mode, shift, signed, roundShiftNumber(signed, shift, mode)]).toEqual([
              mode,
              shift,
              signed,
              Number(roundSlowly(BigInt(signed), shift, mode)),
            ]);
  });

  it('rounds doubles beside a tie to the nearer integer', () => {
    const below = 0.49999999999999994;
    for (const mode of ['AP_RND', 'AP_RND_ZERO', 'AP_RND_MIN_INF', 'AP_RND_INF', 'AP_RND_CONV'] as const) {
      expect([below, -below, Number.MIN_VALUE, -Number.MIN_VALUE].map((x) => roundReal(x, mode))).toEqual([
        0, 0, 0, 0,
      ]);
      const half = [-below, below, 0.5, 1.5, -0.5, -1.5].map(roundHalfEven);
      expect(half.map((q) => Object.is(q, -0))).not.toContain(true);
      expect(half).toEqual([0, 0, 0, 2, 0, -2]);
      expect([1.4999999999999998, -1.4999999999999998].map((x) => roundReal(x, mode))).toEqual([1, -1]);
    }
  });

  it('carries a number to 53 bits and refuses more', () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(roundShiftNumber(most, 0, 'AP_RND')).toBe(most);
    expect(roundShiftNumber(-most, 0, 'AP_RND')).toBe(-most);
    expect(() => roundShiftNumber(2 ** 50, -3, 'AP_RND')).toThrow('1125899906842624 << 3 leaves 53 bits');
  });
});

describe('rounding of real numbers', () => {
  it('is that of AP_RND_CONV', () => {
    const wide = format(true, 40, 40);
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000, max: 1_000_000 }), (n) => {
        for (const x of [n / 2, n / 8, n / 3]) expect(roundHalfEven(x)).toBe(castReal(x, wide) + 0);
      }),
    );
    expect(Object.is(roundHalfEven(-0.25), 0)).toBe(true);
  });
});

describe('overflow', () => {
  it.each<[Overflow, number[]]>([
    ['AP_SAT', [-8, -8, -8, 7, 7, 7]],
    ['AP_SAT_ZERO', [0, 0, -8, 7, 0, 0]],
    ['AP_SAT_SYM', [-7, -7, -7, 7, 7, 7]],
    ['AP_WRAP', [0, 7, -8, 7, -8, 0]],
    ['AP_WRAP_SM', [-1, -8, -8, 7, 7, -1]],
  ])('keeps of -16, -9, -8, 7, 8, 16 under %s in 4 signed bits %j', (mode, expected) => {
    const got = [-16, -9, -8, 7, 8, 16].map((q) => castNumber(q, 0, format(true, 4, 4, 'AP_TRN', mode)));
    expect(got).toEqual(expected);
  });

  it('wraps by sign and magnitude without inversion where sign and lowest dropped bit agree', () => {
    const to = format(true, 4, 4, 'AP_TRN', 'AP_WRAP_SM');
    expect([24, 27, -25, -26].map((q) => castNumber(q, 0, to))).toEqual([-8, -5, 7, 6]);
  });

  it('is found in formats far finer than the value', () => {
    for (const overflow of OVERFLOWS)
      for (const [q, fraction, to] of [
        [2 ** 40, 5, format(true, 53, 13, 'AP_TRN', overflow)],
        [-(2 ** 40), 5, format(true, 53, 13, 'AP_TRN', overflow)],
        [12345, 3, format(true, 20, -40, 'AP_TRN', overflow)],
        [2 ** 40, -5, format(true, 53, 40, 'AP_TRN', overflow)],
      ] as const)
        expect(castNumber(q, fraction, to)).toBe(Number(castMantissa(BigInt(q), fraction, to)));
  });

  it('saturates an unsigned format at 0 and 2^W - 1', () => {
    const to = format(false, 4, 4);
    expect([-1, 0, 15, 16].map((q) => castNumber(q, 0, to))).toEqual([0, 0, 15, 15]);
  });

  it('rounds before it looks for overflow', () => {
    expect(castNumber(127 * 2 + 1, 1, format(true, 8, 8, 'AP_RND', 'AP_WRAP'))).toBe(-128);
    expect(castNumber(127 * 2 + 1, 1, format(true, 8, 8, 'AP_RND', 'AP_SAT'))).toBe(127);
  });
});

describe('the three casts', () => {
  it('agree on integers below 2^53', () => {
    const cases = fc.tuple(fc.maxSafeInteger(), fc.integer({ min: -8, max: 60 }), formats(53));
    fc.assert(
      fc.property(cases, ([most, fraction, to]) => {
        // What the target's resolution leaves below 2^53.
        const q = Math.trunc(most / 2 ** Math.max(0, fractionBits(to) - fraction)) + 0;
        const expected = Number(castMantissa(BigInt(q), fraction, to));
        // Without `expect`, which costs more than the casts; a counterexample is printed all the same.
        return (
          Object.is(castNumber(q, fraction, to), expected) &&
          Object.is(castReal(q * 2 ** -fraction, to), expected)
        );
      }),
      { numRuns: 20_000 },
    );
  });

  it('keep what the target holds already', () => {
    fc.assert(
      fc.property(formats(40), fc.double({ min: 0, max: 1, noNaN: true }), (f, position) => {
        const low = f.overflow === 'AP_SAT_SYM' && f.width > 1 ? -maxMantissa(f) : minMantissa(f);
        const rounded = f.signed
          ? Math.round(low + position * (maxMantissa(f) - low))
          : Math.round(position * maxMantissa(f));
        const q = rounded + 0;
        return Object.is(castNumber(q, fractionBits(f), f), q) && Object.is(castReal(q * lsb(f), f), q);
      }),
      { numRuns: 5000 },
    );
  });

  it('keep order under saturation', () => {
    const saturating = formats(30).map((f): Format => ({ ...f, overflow: 'AP_SAT' }));
    const value = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });
    fc.assert(
      fc.property(saturating, value, value, (f, a, b) => {
        const [x, y] = [castNumber(Math.min(a, b), 20, f), castNumber(Math.max(a, b), 20, f)];
        return x <= y;
      }),
      { numRuns: 5000 },
    );
  });
});

it('keeps -1 in one signed bit under AP_SAT_SYM, as the vendor does', () => {
  expect(castNumber(-1, 0, format(true, 1, 1, 'AP_TRN', 'AP_SAT_SYM'))).toBe(-1);
});

describe('castReal', () => {
  const byte = format(true, 8, 8);
  it('rounds doubles next to a tie by their exact value', () => {
    const conv = format(true, 8, 8, 'AP_RND_CONV');
    expect(castReal(0.49999999999999994, conv)).toBe(0);
    expect(castReal(0.5, conv)).toBe(0);
    expect(castReal(0.5000000000000001, conv)).toBe(1);
    expect(castReal(1.5, conv)).toBe(2);
    expect(castReal(-0.5, format(true, 8, 8, 'AP_RND_INF'))).toBe(-1);
    expect(castReal(-0.49999999999999994, format(true, 8, 8, 'AP_RND_INF'))).toBe(0);
  });
  it('takes the smallest and the largest doubles', () => {
    expect(castReal(Number.MIN_VALUE, byte)).toBe(0);
    expect(castReal(-Number.MIN_VALUE, format(true, 8, 8, 'AP_TRN'))).toBe(-1);
    expect(castReal(Number.MAX_VALUE, byte)).toBe(127);
    expect(castReal(-Number.MAX_VALUE, byte)).toBe(-128);
    expect(castReal(Number.MAX_VALUE, format(true, 8, -20))).toBe(127);
    expect(castReal(Number.MIN_VALUE, format(true, 8, 60, 'AP_TRN'))).toBe(0);
    // A format whose least bit is that of the least double: such doubles have no hidden bit.
    expect(castReal(3 * Number.MIN_VALUE, format(true, 8, 8 - 1074))).toBe(3);
    expect(castReal(1e300, format(true, 8, 8, 'AP_TRN', 'AP_WRAP'))).toBe(0);
  });
  it('gives a plain zero for a negative zero', () => {
    expect(Object.is(castReal(-0, byte), 0)).toBe(true);
  });
  it('refuses infinity and NaN', () => {
    for (const x of [Infinity, -Infinity, NaN]) expect(() => castReal(x, byte)).toThrow('fixed-point');
  });
  it('equals the exact rational rounding on random doubles', () => {
    const exact = (x: number, to: Format): number => {
      let exponent = 0;
      let mantissa = x;
      while (!Number.isInteger(mantissa)) {
        mantissa *= 2;
        exponent += 1;
      }
      return Number(castMantissa(BigInt(mantissa), exponent, to));
    };
    fc.assert(
      fc.property(fc.double({ min: -1e12, max: 1e12, noNaN: true }), formats(53), (x, to) =>
        Object.is(castReal(x, to), exact(x, to)),
      ),
      { numRuns: 5000 },
    );
  });
});
