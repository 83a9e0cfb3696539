/** Operators: sums, products, comparisons, shifts, bits. Compared between the headers alone. */
import { createRandom } from '../../src/core/random.js';
import { format } from '../../src/fixed/format.js';
import { cpp, modes, plain, randomFormat, small, wideFormat, type Group } from './cases.js';
import { testCount } from './hash.js';

/** The integer's type in C++. */
const integer = (signed: boolean, width: number): string => `ap_${signed ? '' : 'u'}int<${width}>`;

/** A pair of types; every pair of values up to 6 bits, else `most` random ones. */
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
  cases: [
    {
      code: `${kind}<${a}, ${b} >(${wa}, ${wb}, ${most}, ${seed}u);`,
      values: wa <= 6 && wb <= 6 ? 2 ** (wa + wb) : most,
    },
  ],
});

/** Operators between fixed-point formats: all pairs up to 6 bits at every distance, then random pairs. */
export function fixedOperators(): readonly Group[] {
  const groups: Group[] = [];
  for (const [wa, sa] of small(6))
    for (const [wb, sb] of small(6))
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

/** `+=`, `-=`, `*=` into all formats of up to 6 bits in every mode, from two random small formats each; all values. */
export function smallAccumulations(): readonly Group[] {
  const random = createRandom(8).fork('accumulate');
  return small(6).flatMap(([wa, sa]) =>
    modes(sa).flatMap(([q, o]) =>
      [0, 1].map(() => {
        const a = format(sa, wa, random.integer(0, wa), q, o);
        const wb = random.integer(1, 6);
        const b = plain(random.integer(0, 1) === 1, wb, random.integer(-2, wb));
        return pairCase('accumulate_case', cpp(a), cpp(b), wa, wb, 0, 1);
      }),
    ),
  );
}

/** Every operator on every pair of edge values, for every width up to 64 and a random partner. */
export function edgeOperators(): readonly Group[] {
  const random = createRandom(8).fork('edge operators');
  return small(64).map(([width, signed]) => {
    const a = { ...plain(signed, 1, 1), width, integer: random.integer(-4, width + 4) };
    const other = random.integer(1, 64);
    const b = {
      ...plain(random.integer(0, 1) === 1, 1, 1),
      width: other,
      integer: random.integer(-4, other + 4),
    };
    return {
      name: `edge_case ${cpp(a)}, ${cpp(b)}`,
      cases: [{ code: `edge_case<${cpp(a)}, ${cpp(b)} >(${width}, ${other});`, values: 12 * 12 }],
    };
  });
}

/** Widths about those of C's types, where the vendor's comparisons begin to read signed operands as unsigned. */
const COMPARED = [1, 2, 8, 30, 31, 32, 33, 34, 47, 62, 63, 64];

/** Comparisons of edge values: integers, and formats whose fractions differ by up to 2 bits either way. */
export function edgeComparisons(): readonly Group[] {
  const signs = [true, false];
  // Wider than the formats of `src/fixed` may be.
  const wide = (signed: boolean, width: number, integer: number): string =>
    cpp({ ...plain(signed, 1, 1), width, integer });
  return COMPARED.flatMap((wa) =>
    COMPARED.map((wb) => {
      const types = signs.flatMap((sa) =>
        signs.flatMap((sb) => [
          [integer(sa, wa), integer(sb, wb)] as const,
          ...[-2, -1, 0, 1, 2].map((apart) => [wide(sa, wa, wa), wide(sb, wb, wb + apart)] as const),
        ]),
      );
      return {
        name: `comparisons of ${wa} and ${wb} bits`,
        cases: types.map(([a, b]) => ({
          code: `comparison_case<${a}, ${b} >(${wa}, ${wb});`,
          values: 14 * 14,
        })),
      };
    }),
  );
}

/** Shifts both ways by up to 8 bits, of all formats of up to 6 bits in every mode; all values. */
export function smallShifts(): readonly Group[] {
  return small(6).map(([width, signed]) => ({
    name: `shifts of ${signed ? '' : 'un'}signed, ${width} bits`,
    cases: modes(signed).map(([q, o]) => ({
      code: `shift_case<${cpp(format(signed, width, 2, q, o))} >(${width});`,
      values: 2 ** width * 17,
    })),
  }));
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
          values: testCount(width, 2000),
        },
      ],
    };
  });
}

export function intOperators(): readonly Group[] {
  const groups: Group[] = [];
  const random = createRandom(8).fork('int');
  for (const [wa, sa] of small(6))
    for (const [wb, sb] of small(6))
      groups.push(pairCase('int_case', integer(sa, wa), integer(sb, wb), wa, wb, 0, 1));
  for (let i = 0; i < 80; i++) {
    const most = i < 50 ? 32 : 64;
    const [wa, wb] = [random.integer(1, most), random.integer(1, most)];
    const [sa, sb] = [random.integer(0, 1) === 1, random.integer(0, 1) === 1];
    groups.push(pairCase('int_case', integer(sa, wa), integer(sb, wb), wa, wb, 2000, i));
  }
  return groups;
}
