/** Assignment between formats. */
import { createRandom } from '../../src/core/random.js';
import { castMantissa, castNumber } from '../../src/fixed/cast.js';
import { format, fractionBits, type Format } from '../../src/fixed/format.js';
import { cpp, modes, plain, randomFormat, small, wideFormat, type Case, type Group } from './cases.js';
import { createDraw, createHash, testBits, testCount } from './hash.js';

function hashAssign(from: Format, to: Format, most: number, seed: number): string {
  const hash = createHash();
  const draw = createDraw(seed);
  const fraction = fractionBits(from);
  const fast = from.width <= 16 && fraction - fractionBits(to) > -30;
  for (let i = 0; i < testCount(from.width, most); i++) {
    const bits = testBits(from.width, i, draw);
    const q = from.signed ? BigInt.asIntN(from.width, bits) : bits;
    hash.mantissa(
      fast ? BigInt(castNumber(Number(q), fraction, to)) : castMantissa(q, fraction, to),
      to.width,
    );
  }
  return hash.done();
}

function assignCase(from: Format, to: Format, most: number, seed: number): Case {
  return {
    code: `assign_case<${cpp(from)}, ${cpp(to)} >(${from.width}, ${to.width}, ${most}, ${seed}u);`,
    values: testCount(from.width, most),
    // `src/fixed` carries up to 53 bits; wider targets are compared between the headers alone.
    ...(to.width <= 53 ? { expected: () => hashAssign(from, to, most, seed) } : {}),
  };
}

/**
 * All assignments between formats of up to 6 bits: both signs, every mode, every value, and every distance between
 * the binary points at which anything can change (only the distance matters, so the target has 3 fraction bits).
 */
export function smallAssignments(): readonly Group[] {
  const groups: Group[] = [];
  for (const [fromWidth, fromSigned] of small(6))
    for (const [width, signed] of small(6))
      for (let down = -7; down <= fromWidth + 2; down++) {
        const from = plain(fromSigned, fromWidth, fromWidth - 3 - down);
        const cases = modes(signed)
          .filter(([q]) => down > 0 || q === 'AP_TRN')
          .map(([q, o]) => assignCase(from, format(signed, width, width - 3, q, o), 0, 1));
        groups.push({ name: `${cpp(from)} -> ${cpp(plain(signed, width, width - 3))}`, cases });
      }
  return groups;
}

const pair = (from: Format, to: Format, only: Case): Group => ({
  name: `${cpp(from)} -> ${cpp(to)}`,
  cases: [only],
});

/** Random pairs of formats, 5,000 values each where they are wider than 10 bits; then widths about 32, 48 and 64. */
export function randomAssignments(): readonly Group[] {
  const random = createRandom(8).fork('assign');
  const groups: Group[] = [];
  for (let i = 0; i < 500; i++) {
    const from = randomFormat(random, 32);
    const to = randomFormat(random, 32);
    groups.push(pair(from, to, assignCase(from, to, 5000, i)));
  }
  for (let i = 0; i < 200; i++) {
    const from = wideFormat(random, 64);
    const to = { ...wideFormat(random, 64), integer: from.integer + random.integer(-40, 12) };
    groups.push(pair(from, to, assignCase(from, to, 2000, i)));
  }
  return groups;
}

/** Mantissas of `from` that lie at, or one beside, a tie, an end of `to` or an end of `from` itself. */
function edgesBetween(from: Format, to: Format): readonly bigint[] {
  const ends = ({ signed, width }: Format): readonly [bigint, bigint] => {
    const span = 1n << BigInt(signed ? width - 1 : width);
    return [signed ? -span : 0n, span - 1n];
  };
  const [low, high] = ends(to);
  const down = fractionBits(from) - fractionBits(to);
  const step = 1n << BigInt(Math.abs(down));
  const targets = [low, 0n, high, 2n * (low - 1n), 2n * (high + 1n)].flatMap((t) => [t - 1n, t, t + 1n]);
  const sources = targets.flatMap((t) => (down > 0 ? [t * step, t * step + step / 2n] : [t / step]));
  const [least, most] = ends(from);
  return [...new Set([...sources, least, 0n, most].flatMap((q) => [q - 1n, q, q + 1n]))].filter(
    (q) => q >= least && q <= most,
  );
}

function edgeCase(from: Format, to: Format): Case {
  const edges = edgesBetween(from, to);
  const literals = edges.map((q) => `0x${BigInt.asUintN(from.width, q).toString(16)}ull`);
  return {
    code: `listed_case<${cpp(from)}, ${cpp(to)} >(${from.width}, ${to.width}, {${literals.join(', ')}});`,
    values: edges.length,
    expected: () => {
      const hash = createHash();
      for (const q of edges) hash.mantissa(castMantissa(q, fractionBits(from), to), to.width);
      return hash.done();
    },
  };
}

/** The values at which anything changes, between formats of every width up to 64, every mode in turn. */
export function edgeAssignments(): readonly Group[] {
  const random = createRandom(8).fork('edges');
  let turn = 0;
  return small(64).map(([width, signed]) => {
    const cases = Array.from({ length: 6 }, () => {
      const all = modes(signed);
      const [quantization, overflow] = all[turn++ % all.length]!;
      const to: Format = { signed, width, integer: random.integer(-4, width + 4), quantization, overflow };
      const fromWidth = random.integer(Math.max(1, width - 20), 64);
      const down = random.integer(-8, Math.max(1, fromWidth - width + 4));
      const fromSigned = random.integer(0, 1) === 1;
      return edgeCase(
        {
          ...to,
          signed: fromSigned,
          width: fromWidth,
          integer: fromWidth - fractionBits(to) - down,
          ...PLAIN,
        },
        to,
      );
    });
    return { name: `edges -> ${signed ? '' : 'un'}signed, ${width} bits`, cases };
  });
}
const PLAIN = { quantization: 'AP_TRN', overflow: 'AP_WRAP' } as const;
