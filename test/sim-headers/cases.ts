/**
 * The cases that our formats, our stand-in headers and the vendor's headers must agree on, in a fixed order, as
 * C++ for `differential.cpp` and, for assignments, as hashes computed by `src/fixed`.
 */
import { castMantissa, castNumber, castReal } from '../../src/fixed/cast.js';
import { OVERFLOWS, QUANTIZATIONS, format, fractionBits, type Format } from '../../src/fixed/format.js';
import { createRandom, type Random } from '../../src/core/random.js';

export interface Case {
  /** The call in C++. */
  readonly code: string;
  /** What `src/fixed` computes for it, where it has the operation. */
  readonly expected?: () => string;
}
/** Cases that share one golden hash. */
export interface Group {
  readonly name: string;
  readonly cases: readonly Case[];
}

const cpp = (f: Format): string =>
  `ap_${f.signed ? '' : 'u'}fixed<${f.width}, ${f.integer}, ${f.quantization}, ${f.overflow}>`;
const plain = (signed: boolean, width: number, integer: number): Format =>
  format(signed, width, integer, 'AP_TRN', 'AP_WRAP');

// --- The program's hash and test values, repeated here ---------------------------------------------------------

function createHash(): { mix: (low: number, high: number) => void; done: () => string } {
  let state = 2166136261;
  return {
    mix: (low, high) => {
      state = Math.imul(state ^ low, 16777619);
      state = Math.imul(state ^ high, 16777619);
    },
    done: () => (state >>> 0).toString(16).padStart(8, '0'),
  };
}

function createDraw(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
}

function testBits(width: number, i: number, draw: () => number): bigint {
  if (width <= 10) return BigInt(i);
  const w = BigInt(width);
  const mask = (1n << w) - 1n;
  const top = 1n << (w - 1n);
  const edges = [0n, 1n, 2n, 3n, ~0n, ~1n, top - 1n, top - 2n, top, top + 1n, top >> 1n, (top >> 1n) - 1n];
  if (i < 12) return edges[i]! & mask;
  const low = BigInt(draw());
  const bits = low | (BigInt(draw()) << 32n);
  const keep = 1 + (draw() % width);
  const small = BigInt.asUintN(keep, bits);
  return ((draw() & 1) === 1 ? ~small : small) & mask;
}
const testCount = (width: number, most: number): number => (width <= 10 ? 2 ** width : most);

function hashAssign(from: Format, to: Format, most: number, seed: number): string {
  const hash = createHash();
  const draw = createDraw(seed);
  const fraction = fractionBits(from);
  const small = from.width <= 16 && fraction - fractionBits(to) > -30;
  for (let i = 0; i < testCount(from.width, most); i++) {
    const bits = testBits(from.width, i, draw);
    const q = from.signed ? BigInt.asIntN(from.width, bits) : bits;
    const kept = small ? BigInt(castNumber(Number(q), fraction, to)) : castMantissa(q, fraction, to);
    const mantissa = BigInt.asUintN(to.width, kept);
    hash.mix(Number(mantissa & 0xffffffffn) | 0, Number(mantissa >> 32n) | 0);
  }
  return hash.done();
}

function hashDouble(to: Format, most: number, seed: number): string {
  const hash = createHash();
  const draw = createDraw(seed);
  for (let i = 0; i < most; i++) {
    const first = draw();
    const m = (first >>> (draw() % 30)) - (draw() >>> 8);
    const e = (draw() % (to.width + 24)) - 16 - (to.width > 20 ? 0 : 8);
    const mantissa = BigInt.asUintN(to.width, BigInt(castReal(m * 2 ** (e - fractionBits(to)), to)));
    hash.mix(Number(mantissa & 0xffffffffn) | 0, Number(mantissa >> 32n) | 0);
  }
  return hash.done();
}

// --- Cases ------------------------------------------------------------------------------------------------------

function assignCase(from: Format, to: Format, most: number, seed: number): Case {
  return {
    code: `assign_case<${cpp(from)}, ${cpp(to)} >(${from.width}, ${to.width}, ${most}, ${seed}u);`,
    // `src/fixed` carries up to 53 bits; wider targets are compared between the headers alone.
    ...(to.width <= 53 ? { expected: () => hashAssign(from, to, most, seed) } : {}),
  };
}

const modes = (signed: boolean): (readonly [Format['quantization'], Format['overflow']])[] =>
  QUANTIZATIONS.flatMap((q) =>
    OVERFLOWS.filter((o) => signed || o !== 'AP_WRAP_SM').map((o) => [q, o] as const),
  );

/**
 * All assignments between formats of up to 6 bits: both signs, every mode, every value, and every distance between
 * the binary points at which anything can change (only the distance matters, so the target has 3 fraction bits).
 */
export function smallAssignments(): readonly Group[] {
  const groups: Group[] = [];
  for (let fromWidth = 1; fromWidth <= 6; fromWidth++)
    for (const fromSigned of [true, false])
      for (let width = 1; width <= 6; width++)
        for (const signed of [true, false])
          for (let down = -7; down <= fromWidth + 2; down++) {
            const from = plain(fromSigned, fromWidth, fromWidth - 3 - down);
            const cases = modes(signed)
              .filter(([q]) => down > 0 || q === 'AP_TRN')
              .map(([q, o]) => assignCase(from, format(signed, width, width - 3, q, o), 0, 1));
            groups.push({ name: `${cpp(from)} -> ${cpp(plain(signed, width, width - 3))}`, cases });
          }
  return groups;
}

function randomFormat(random: Random, most: number): Format {
  const width = random.integer(1, most);
  const signed = random.integer(0, 1) === 1;
  const [quantization, overflow] = random.pick(modes(signed));
  return format(signed, width, random.integer(-4, width + 4), quantization, overflow);
}
const wideFormat = (random: Random, most: number): Format => ({
  ...randomFormat(random, 53),
  width: random.pick([31, 32, 33, 47, 48, 52, 53, 54, 62, 63, 64].filter((w) => w <= most)),
});

/** Random pairs of formats, 5,000 values each where they are wider than 10 bits; then edge widths up to 64. */
export function randomAssignments(): readonly Group[] {
  const random = createRandom(8).fork('assign');
  const groups: Group[] = [];
  for (let i = 0; i < 500; i++) {
    const from = randomFormat(random, 32);
    const to = randomFormat(random, 32);
    groups.push({ name: `${cpp(from)} -> ${cpp(to)}`, cases: [assignCase(from, to, 5000, i)] });
  }
  for (let i = 0; i < 200; i++) {
    const from = wideFormat(random, 64);
    const to = { ...wideFormat(random, 64), integer: from.integer + random.integer(-40, 12) };
    groups.push({ name: `${cpp(from)} -> ${cpp(to)}`, cases: [assignCase(from, to, 2000, i)] });
  }
  return groups;
}

/** Construction from doubles. */
export function doubleConstructions(): readonly Group[] {
  const random = createRandom(8).fork('double');
  return Array.from({ length: 200 }, (_, i) => {
    const to = i % 4 === 0 ? wideFormat(random, 53) : randomFormat(random, 32);
    return {
      name: `double -> ${cpp(to)}`,
      cases: [
        {
          code: `double_case<${cpp(to)} >(${to.width}, ${fractionBits(to)}, 2000, ${i}u);`,
          expected: () => hashDouble(to, 2000, i),
        },
      ],
    };
  });
}

const pairCase = (
  kind: string,
  a: string,
  b: string,
  wa: number,
  wb: number,
  most: number,
  seed: number,
): Group => ({
  name: `${kind} ${a}, ${b}`,
  cases: [{ code: `${kind}<${a}, ${b} >(${wa}, ${wb}, ${most}, ${seed}u);` }],
});

/** Operators between fixed-point formats: all pairs up to `most` bits at every distance, then random pairs. */
export function fixedOperators(): readonly Group[] {
  const groups: Group[] = [];
  for (let wa = 1; wa <= 6; wa++)
    for (const sa of [true, false])
      for (let wb = 1; wb <= 6; wb++)
        for (const sb of [true, false])
          for (let distance = -6; distance <= 6; distance++) {
            const a = plain(sa, wa, wa - 6 - Math.min(distance, 0));
            const b = plain(sb, wb, wb - 6 + Math.max(distance, 0));
            groups.push(pairCase('fixed_case', cpp(a), cpp(b), wa, wb, 0, 1));
          }
  const random = createRandom(8).fork('operators');
  for (let i = 0; i < 150; i++) {
    const most = i < 100 ? 32 : 64;
    const a = most === 32 ? randomFormat(random, 32) : wideFormat(random, 64);
    const b = most === 32 ? randomFormat(random, 32) : wideFormat(random, 64);
    groups.push(pairCase('fixed_case', cpp(a), cpp(b), a.width, b.width, 2000, i));
  }
  return groups;
}

export function unaryOperators(): readonly Group[] {
  const random = createRandom(8).fork('unary');
  return Array.from({ length: 150 }, (_, i) => {
    const width = i < 60 ? 2 + (i % 6) : i < 120 ? random.integer(1, 32) : random.integer(33, 60);
    const f = { ...randomFormat(random, 32), width, integer: random.integer(-3, width + 3) };
    const g = f.overflow === 'AP_WRAP_SM' && !f.signed ? { ...f, overflow: 'AP_WRAP' as const } : f;
    return {
      name: `unary ${cpp(g)}`,
      cases: [
        {
          code: `unary_case<${cpp(g)}, ${g.width}, ${g.integer}, ${String(g.signed)}>(${g.width}, 2000, ${i}u);`,
        },
      ],
    };
  });
}

export function intOperators(): readonly Group[] {
  const groups: Group[] = [];
  const type = (signed: boolean, width: number): string => `ap_${signed ? '' : 'u'}int<${width}>`;
  const random = createRandom(8).fork('int');
  for (let wa = 2; wa <= 6; wa++)
    for (const sa of [true, false])
      for (let wb = 2; wb <= 6; wb++)
        for (const sb of [true, false])
          groups.push(pairCase('int_case', type(sa, wa), type(sb, wb), wa, wb, 0, 1));
  for (let i = 0; i < 80; i++) {
    const most = i < 50 ? 32 : 64;
    const [wa, wb] = [random.integer(2, most), random.integer(2, most)];
    const [sa, sb] = [random.integer(0, 1) === 1, random.integer(0, 1) === 1];
    groups.push(pairCase('int_case', type(sa, wa), type(sb, wb), wa, wb, 2000, i));
  }
  return groups;
}

/** Everything, by the name under which `golden.json` keeps its hashes. */
export const SUITES: Readonly<Record<string, () => readonly Group[]>> = {
  smallAssignments,
  randomAssignments,
  doubleConstructions,
  fixedOperators,
  unaryOperators,
  intOperators,
};

/** One hash for a group, from its cases' hashes. */
export function groupHash(hashes: readonly string[]): string {
  const hash = createHash();
  for (const h of hashes) hash.mix(parseInt(h, 16) | 0, 0);
  return hash.done();
}
