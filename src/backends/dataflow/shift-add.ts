/**
 * Constant weights as shifts and additions: canonical signed digits, with sums that several outputs need made once.
 *
 * Sources: R. Hartley, "Subexpression sharing in filters using canonic signed digit multipliers", IEEE TCAS-II 43
 * (1996): the pair of digits that occurs most often becomes a value of its own, until no pair occurs twice.
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

/** Canonical signed digits of `n`: no two neighbours are both set, and no form has fewer. */
export function signedDigits(n: number): { readonly shift: number; readonly negative: boolean }[] {
  const digits: { shift: number; negative: boolean }[] = [];
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

/** A pair of terms up to a common shift and sign: what can be shared. */
interface Pattern {
  readonly first: Term;
  readonly second: Term;
  readonly shift: number;
  readonly negative: boolean;
  readonly key: number;
}

const MAX_VALUES = 1 << 16;
const SHIFTS = 64;

/** Whether `a` comes first in a pattern of the two. */
const inOrder = (a: Term, b: Term): boolean =>
  a.value < b.value || (a.value === b.value && a.shift < b.shift);

/** The pattern of a pair as one number. */
function keyOf(a: Term, b: Term): number {
  const [x, y] = inOrder(a, b) ? [a, b] : [b, a];
  const shift = y.shift - x.shift + SHIFTS / 2;
  return ((x.value * MAX_VALUES + y.value) * SHIFTS + shift) * 2 + (x.negative === y.negative ? 0 : 1);
}

function patternOf(a: Term, b: Term): Pattern {
  const [x, y] = inOrder(a, b) ? [a, b] : [b, a];
  const shift = Math.min(x.shift, y.shift);
  return {
    first: { value: x.value, shift: x.shift - shift, negative: false },
    second: { value: y.value, shift: y.shift - shift, negative: x.negative !== y.negative },
    shift,
    negative: x.negative,
    key: keyOf(a, b),
  };
}

interface PatternCounter {
  /** Counts the pair once more, or once less. */
  add(a: Term, b: Term, change: 1 | -1): void;
  commonest(): Pattern | undefined;
}

/** How often each pattern occurs, in all rows; patterns by count, to find the commonest. */
function patternCounter(): PatternCounter {
  const counts = new Map<number, { readonly pattern: Pattern; count: number }>();
  /** Patterns that occur twice and more. */
  const byCount: Set<number>[] = [];
  return {
    add(a, b, change) {
      const key = keyOf(a, b);
      let entry = counts.get(key);
      if (entry === undefined) counts.set(key, (entry = { pattern: patternOf(a, b), count: 0 }));
      if (entry.count > 1) byCount[entry.count]!.delete(key);
      entry.count += change;
      if (entry.count > 1) (byCount[entry.count] ??= new Set()).add(key);
    },
    commonest() {
      for (let n = byCount.length - 1; n >= 2; n--)
        for (const key of byCount[n] ?? []) return counts.get(key)!.pattern;
      return undefined;
    },
  };
}

/** Replaces occurrences of `wanted` in `row` by the sum `value`; keeps `counter` in step. */
function replaceIn(row: Term[], wanted: Pattern, value: number, counter: PatternCounter): void {
  const pairsWith = (term: Term, change: 1 | -1): void => {
    for (const other of row) if (other !== term) counter.add(term, other, change);
  };
  const remove = (term: Term): void => {
    pairsWith(term, -1);
    row.splice(row.indexOf(term), 1);
  };
  for (let i = 0; i < row.length; i++) {
    const first = row[i]!;
    if (first.value !== wanted.first.value) continue;
    const second = row.find((t) => t !== first && keyOf(first, t) === wanted.key);
    if (second === undefined) continue;
    const { shift, negative } = patternOf(first, second);
    remove(first);
    remove(second);
    const sum: Term = { value, shift, negative };
    row.push(sum);
    pairsWith(sum, 1);
    i = -1;
  }
}

/** The adder graph of `rows`: for each output the weight of each input. */
export function adderGraph(rows: readonly (readonly number[])[]): AdderGraph {
  const inputs = rows[0]?.length ?? 0;
  const outputs = rows.map((weights) =>
    weights.flatMap((w, value) => signedDigits(w).map((digit): Term => ({ value, ...digit }))),
  );
  const counter = patternCounter();
  for (const row of outputs)
    row.forEach((a, i) => {
      for (let j = i + 1; j < row.length; j++) counter.add(a, row[j]!, 1);
    });
  const sums: (readonly [Term, Term])[] = [];
  // Pairs that overlap were counted as two and may turn out to be one: a sum used once costs nothing more.
  for (let p = counter.commonest(); p !== undefined; p = counter.commonest()) {
    const value = inputs + sums.length;
    invariant(value < MAX_VALUES, 'too many shared sums');
    sums.push([p.first, p.second]);
    for (const row of outputs) replaceIn(row, p, value, counter);
  }
  return { inputs, sums, outputs };
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
