/**
 * Values that bring a sum to an exact target, and targets that lie exactly between two values of a format.
 *
 * No witness: whatever is found is only something to ask the witnesses.
 */
import type { Random } from '../../core/random.js';
import type { Range } from '../../ir/prove.js';
import { endsOf, type Term } from './sums.js';

/** Draws of one target at most. */
const DRAWS = 8;
/** Values tried for one term whose value must leave the rest a multiple of what the rest can make. */
const STEPS = 64;

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** Of the terms from each place on: their common divisor and the range of their sum. */
interface Tail extends Range {
  readonly divisor: number;
}

function tailsOf(terms: readonly Term[]): readonly Tail[] {
  const tails: Tail[] = [{ divisor: 0, low: 0, high: 0 }];
  for (const term of [...terms].reverse()) {
    const { divisor, low, high } = tails.at(-1)!;
    const own = endsOf([term], 0);
    tails.push({ divisor: gcd(term.weight, divisor), low: low + own.low, high: high + own.high });
  }
  return tails.reverse();
}

/** A value for `term` that leaves `rest` to the terms of `tail`, or null. */
function valueFor({ weight, range }: Term, rest: number, tail: Tail, random: Random): number | null {
  const ends = [(rest - tail.high) / weight, (rest - tail.low) / weight];
  const low = Math.max(range.low, Math.ceil(Math.min(...ends)));
  const high = Math.min(range.high, Math.floor(Math.max(...ends)));
  if (low > high) return null;
  const start = random.integer(low, high);
  const fits = (value: number): boolean =>
    tail.divisor === 0 ? rest === weight * value : (rest - weight * value) % tail.divisor === 0;
  for (let step = 0; step < STEPS; step++) {
    const values = [start + step, start - step];
    const found = values.find((v) => v >= low && v <= high && fits(v));
    if (found !== undefined) return found;
  }
  return null;
}

/**
 * One integer a term, within its range, with Σ weight · value = `target`; null where none was found. Large weights are
 * drawn first, within what the smaller ones can still make up for.
 */
export function solveSum(terms: readonly Term[], target: number, random: Random): readonly number[] | null {
  const order = [...terms.keys()].sort((a, b) => Math.abs(terms[b]!.weight) - Math.abs(terms[a]!.weight));
  const sorted = order.map((i) => terms[i]!);
  const tails = tailsOf(sorted);
  for (let draw = 0; draw < DRAWS; draw++) {
    const values = new Array<number>(terms.length).fill(0);
    let rest = target;
    const complete = sorted.every((term, k) => {
      const value = valueFor(term, rest, tails[k + 1]!, random);
      if (value === null) return false;
      values[order[k]!] = value;
      rest -= term.weight * value;
      return true;
    });
    if (complete && rest === 0) return values;
  }
  return null;
}

/** Where the ties of one side lie: accumulators `2^(shift-1)` modulo `2^shift`, times `factor` / `2^shift`. */
export interface TieGrid {
  readonly shift: number;
  /** Odd: what a leaky ReLU multiplies by, beyond a power of two; 1 otherwise. */
  readonly factor: number;
}

/** `a^-1` modulo `2^bits`, for an odd `a` (Newton). */
function inverse(a: bigint, bits: bigint): bigint {
  let x = a;
  for (let known = 3n; known < bits; known *= 2n) x *= 2n - a * x;
  return BigInt.asUintN(Number(bits), x);
}

/** All ties that bias + Σ weight · value can be: `first` + k · `step`; null where there are none. */
function tieSeries(
  terms: readonly Term[],
  bias: number,
  shift: number,
): { readonly first: bigint; readonly step: bigint } | null {
  const divisor = BigInt(terms.reduce((d, { weight }) => gcd(weight, d), 0));
  if (divisor === 0n) return null;
  // bias + divisor · m = half modulo 2^shift, with divisor = odd · 2^twos.
  const twos = BigInt((divisor & -divisor).toString(2).length - 1);
  const bits = BigInt(shift);
  const wanted = (1n << (bits - 1n)) - BigInt(bias);
  if (twos >= bits)
    return BigInt.asUintN(shift, wanted) === 0n ? { first: BigInt(bias), step: divisor } : null;
  if (BigInt.asUintN(Number(twos), wanted) !== 0n) return null;
  const left = bits - twos;
  const m = BigInt.asUintN(Number(left), (wanted >> twos) * inverse(divisor >> twos, left));
  return { first: BigInt(bias) + divisor * m, step: divisor << left };
}

export type Tie =
  | { readonly kind: 'found'; readonly values: readonly number[]; readonly sum: number }
  /** No accumulator of this channel lies on such a tie. */
  | { readonly kind: 'none' }
  /** There may be one, and the search did not find it. */
  | { readonly kind: 'missed' };

/** Ties tried, the closest to zero first. */
const CANDIDATES = 12;

export interface TieWish {
  /** Above or below zero. */
  readonly side: 1 | -1;
  /** Whether the value of the format below the tie is odd. */
  readonly odd: boolean;
}

const mod = (a: bigint, m: bigint): bigint => ((a % m) + m) % m;

/** Values that put the accumulator on a tie as wished. */
export function findTie(
  { terms, bias }: { readonly terms: readonly Term[]; readonly bias: number },
  { shift, factor }: TieGrid,
  { side, odd }: TieWish,
  random: Random,
): Tie {
  const series = tieSeries(terms, bias, shift);
  if (series === null) return { kind: 'none' };
  const ends = endsOf(terms, bias);
  const { first, step } = series;
  // The end of the allowed interval that is closest to zero, and its first tie away from zero.
  const near = side > 0 ? BigInt(Math.max(1, ends.low)) : BigInt(Math.min(-1, ends.high));
  const start = side > 0 ? near + mod(first - near, step) : near - mod(near - first, step);
  const isOdd = (sum: bigint): boolean => ((((sum * BigInt(factor)) >> BigInt(shift)) & 1n) === 1n) === odd;
  let exists = false;
  for (let k = 0n; k < BigInt(2 * CANDIDATES); k++) {
    const sum = start + BigInt(side) * k * step;
    if (sum < BigInt(ends.low) || sum > BigInt(ends.high)) break;
    if (!isOdd(sum)) continue;
    exists = true;
    const values = solveSum(terms, Number(sum) - bias, random);
    if (values !== null) return { kind: 'found', values, sum: Number(sum) };
  }
  return { kind: exists ? 'missed' : 'none' };
}
