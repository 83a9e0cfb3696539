/**
 * Constant weights as shifts and additions: signed digits, with sums that several outputs need made once
 * (`adder-search.ts` looks for them).
 */
import { invariant } from '../../core/errors.js';
import { bitsFor } from '../../fixed/format.js';
import type { Range } from '../../ir/prove.js';

/** `± value << shift`, where value `i` is input `i` or, from `inputs` on, a shared sum. */
export interface Term {
  readonly value: number;
  readonly shift: number;
  readonly negative: boolean;
}

/** Dot products of constants with the same inputs. */
export interface AdderGraph {
  readonly inputs: number;
  /** Shared sums of two terms, in an order in which each reads earlier ones only. */
  readonly sums: readonly (readonly [Term, Term])[];
  /** The terms of each output; none where all its weights are 0. */
  readonly outputs: readonly (readonly Term[])[];
}

/** A digit `±1 << shift`. */
export interface Digit {
  readonly shift: number;
  readonly negative: boolean;
}

/** Canonical signed digits of `n`: no two neighbours are both set, and no form has fewer. */
export function signedDigits(n: number): Digit[] {
  const digits: Digit[] = [];
  let rest = n;
  for (let shift = 0; rest !== 0; shift++) {
    if (rest % 2 !== 0) {
      const digit = ((rest % 4) + 4) % 4 === 1 ? 1 : -1;
      digits.push({ shift, negative: digit < 0 });
      rest -= digit;
    }
    rest /= 2;
  }
  return digits;
}

/** As few digits, with the sign of `n` where that can be: 2 + 1 for 3, and not 4 - 1. */
export function likeSignedDigits(n: number): Digit[] {
  const digits = signedDigits(n);
  for (let i = digits.length - 2; i >= 0; i--) {
    const [low, high] = [digits[i]!, digits[i + 1]!];
    const other = low.negative !== n < 0;
    if (!other || high.negative === low.negative || high.shift !== low.shift + 2) continue;
    digits[i] = { shift: low.shift, negative: n < 0 };
    digits[i + 1] = { shift: low.shift + 1, negative: n < 0 };
  }
  return digits;
}

/** Weights that the graph multiplies each input with, row by row: every value as a linear form of the inputs. */
function coefficients(graph: AdderGraph): number[][] {
  const forms: number[][] = [];
  const zero = (): number[] => new Array<number>(graph.inputs).fill(0);
  const sumOf = (terms: readonly Term[]): number[] => {
    const form = zero();
    for (const { value, shift, negative } of terms)
      forms[value]!.forEach((c, i) => (form[i]! += (negative ? -c : c) * 2 ** shift));
    return form;
  };
  for (let i = 0; i < graph.inputs; i++) forms.push(zero().fill(1, i, i + 1));
  for (const terms of graph.sums) forms.push(sumOf(terms));
  return graph.outputs.map(sumOf);
}

/** Throws `InvariantError` unless the graph, as a linear form of its inputs, is the product with `rows`. */
export function checkEquivalence(
  graph: AdderGraph,
  rows: readonly (readonly number[])[],
  name: string,
): void {
  invariant(graph.outputs.length === rows.length, `${name}: an output for each row`);
  coefficients(graph).forEach((form, p) => {
    const at = form.findIndex((c, i) => c !== rows[p]![i]);
    invariant(
      at < 0,
      `${name}: output ${p} multiplies input ${at} with ${form[at]} instead of ${rows[p]![at]}`,
    );
  });
}

/** Additions in all. */
export const additions = (graph: AdderGraph): number =>
  graph.sums.length + graph.outputs.reduce((n, terms) => n + Math.max(0, terms.length - 1), 0);

/** Signed bits of each shared sum, for inputs in `range`. */
export function sumWidths(graph: AdderGraph, range: Range): number[] {
  const ranges: Range[] = new Array<Range>(graph.inputs).fill(range);
  const scaled = ({ value, shift, negative }: Term): Range => {
    const { low, high } = ranges[value]!;
    const factor = (negative ? -1 : 1) * 2 ** shift;
    return { low: Math.min(low * factor, high * factor), high: Math.max(low * factor, high * factor) };
  };
  return graph.sums.map(([a, b]) => {
    const [x, y] = [scaled(a), scaled(b)];
    const sum = { low: x.low + y.low, high: x.high + y.high };
    ranges.push(sum);
    return bitsFor(Math.min(sum.low, 0), Math.max(sum.high, 0), true);
  });
}

/** Look-up tables: one a bit of each addition. */
export const adderLuts = (graph: AdderGraph, range: Range, accumulatorBits: number): number =>
  sumWidths(graph, range).reduce((a, b) => a + b, 0) +
  (additions(graph) - graph.sums.length) * accumulatorBits;
