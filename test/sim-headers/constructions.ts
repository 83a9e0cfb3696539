/** Construction from C++ numbers. */
import { createRandom } from '../../src/core/random.js';
import { castMantissa, castReal } from '../../src/fixed/cast.js';
import { format, fractionBits, type Format } from '../../src/fixed/format.js';
import { cpp, modes, randomFormat, small, wideFormat, type Case, type Group } from './cases.js';
import { createDraw, createHash } from './hash.js';

function hashDouble(to: Format, most: number, seed: number): string {
  const hash = createHash();
  const draw = createDraw(seed);
  for (let i = 0; i < most; i++) {
    const first = draw();
    const m = (first >>> (draw() % 30)) - (draw() >>> 8);
    const e = (draw() % (to.width + 24)) - 16 - (to.width > 20 ? 0 : 8);
    hash.mantissa(BigInt(castReal(m * 2 ** (e - fractionBits(to)), to)), to.width);
  }
  return hash.done();
}

/** Random doubles about the range of random formats. */
export function doubleConstructions(): readonly Group[] {
  const random = createRandom(8).fork('double');
  return Array.from({ length: 200 }, (_, i) => {
    const to = i % 4 === 0 ? wideFormat(random, 53) : randomFormat(random, 32);
    return {
      name: `double -> ${cpp(to)}`,
      cases: [
        {
          code: `double_case<${cpp(to)} >(${to.width}, ${fractionBits(to)}, 2000, ${i}u);`,
          values: 2000,
          expected: () => hashDouble(to, 2000, i),
        },
      ],
    };
  });
}

/** Every eighth of a least significant bit up to four times the range, on both sides of zero. */
function gridCase(to: Format): Case {
  const most = 8 * 2 ** (to.width + 2);
  return {
    code: `double_grid_case<${cpp(to)} >(${to.width}, ${fractionBits(to)}, ${most});`,
    values: 2 * most + 1,
    expected: () => {
      const hash = createHash();
      for (let k = -most; k <= most; k++)
        hash.mantissa(BigInt(castReal(k * 2 ** (-3 - fractionBits(to)), to)), to.width);
      return hash.done();
    },
  };
}

/** Largest integer that is tried; as `integer_case` has it. */
const INTEGERS = 130;

function integerCase(to: Format): Case {
  return {
    code: `integer_case<${cpp(to)} >(${to.width}, ${INTEGERS});`,
    values: 6 * (2 * INTEGERS + 1),
    expected: () => {
      const hash = createHash();
      for (let i = -INTEGERS; i <= INTEGERS; i++)
        for (const value of [i, i >>> 0, i, (i << 24) >> 24, (i << 23) >> 23, i & 0x1ff])
          hash.mantissa(castMantissa(BigInt(value), 0, to), to.width);
      return hash.done();
    },
  };
}

/**
 * All formats of up to 6 bits, every mode: from doubles, and from `int`, `unsigned`, `long long`, `signed char`,
 * `ap_int<9>` and `ap_uint<9>` at 3 bits of fraction to 3 bits dropped.
 */
export function smallConstructions(): readonly Group[] {
  return small(6).flatMap(([width, signed]) =>
    modes(signed).map(([q, o]) => {
      const at = (fraction: number): Format => format(signed, width, width - fraction, q, o);
      const fractions = [-3, -2, -1, 0, 1, 2, 3].filter((f) => f < 0 || q === 'AP_TRN');
      return {
        name: `numbers -> ${cpp(at(0))} and its shifts`,
        cases: [gridCase(at(2)), ...fractions.map((f) => integerCase(at(f)))],
      };
    }),
  );
}
