/**
 * Sums that several outputs need, made once: the pair of terms that saves most becomes a value of its own, until none saves
 * anything.
 *
 * Sources: R. Hartley, "Subexpression sharing in filters using canonic signed digit multipliers", IEEE TCAS-II 43 (1996):
 * pairs of digits by how often they occur. Here they may be weighed by what an addition of them costs, and none is taken that
 * would make an output come too late.
 */
import { invariant } from '../../core/errors.js';
import { addition, adderTables, levelShare, sumOf, type Summand } from './addition.js';
import type { Term } from './shift-add.js';

/** Terms of one output, and what they may count in the account of levels. */
export interface SharedRow {
  readonly terms: readonly Term[];
  readonly share: number;
}

/** What a sum of so many tables, at the level `time`, is worth that is needed `times`. Never more for fewer times. */
export type Worth = (tables: number, times: number, time: number) => number;

export interface Shared {
  /** Reading values, and from those on earlier sums. */
  readonly sums: readonly (readonly [Term, Term])[];
  readonly outputs: readonly (readonly Term[])[];
}

/** Shifts are less than this. */
const SHIFTS = 64;
const MAX_VALUES = 1 << 16;

/** Terms of one output; no value stands there twice with the same shift. */
class Row {
  readonly terms = new Map<number, Term>();
  private readonly shifts = new Map<number, number[]>();
  room: number;
  constructor({ terms, share }: SharedRow, values: readonly Summand[]) {
    this.room = terms.reduce((n, t) => n - levelShare(values[t.value]!.value), share);
    for (const term of terms) this.add(term);
  }
  add(term: Term): void {
    this.terms.set(term.value * SHIFTS + term.shift, term);
    const shifts = this.shifts.get(term.value);
    if (shifts === undefined) this.shifts.set(term.value, [term.shift]);
    else shifts.push(term.shift);
  }
  remove({ value, shift }: Term): void {
    this.terms.delete(value * SHIFTS + shift);
    const shifts = this.shifts.get(value)!;
    shifts.splice(shifts.indexOf(shift), 1);
  }
  at(value: number, shift: number): Term | undefined {
    return this.terms.get(value * SHIFTS + shift);
  }
  shiftsOf(value: number): readonly number[] {
    return this.shifts.get(value) ?? [];
  }
}

/** Two terms up to a common shift and sign. */
interface Pattern {
  readonly first: number;
  readonly second: number;
  /** Of the second above the first. */
  readonly shift: number;
  readonly minus: boolean;
  /** Rows in which it was seen; it can but vanish from them. */
  readonly rows: readonly Row[];
  readonly tables: number;
  readonly time: number;
  /** By how much more the sum counts in the account of levels than its terms. */
  readonly spent: number;
}

/** A pattern of two terms as one number. */
function keyOf(a: Term, b: Term): number {
  const [x, y] = a.value < b.value || (a.value === b.value && a.shift < b.shift) ? [a, b] : [b, a];
  const pair = x.value * MAX_VALUES + y.value;
  return (pair * 2 * SHIFTS + (y.shift - x.shift + SHIFTS)) * 2 + (x.negative === y.negative ? 0 : 1);
}

function partsOf(key: number): Pick<Pattern, 'first' | 'second' | 'shift' | 'minus'> {
  const rest = Math.floor(key / 2);
  const pair = Math.floor(rest / (2 * SHIFTS));
  return {
    first: Math.floor(pair / MAX_VALUES),
    second: pair % MAX_VALUES,
    shift: (rest % (2 * SHIFTS)) - SHIFTS,
    minus: key % 2 === 1,
  };
}

/** Patterns by worth in whole numbers, the best first, of equals the oldest. */
class Queue {
  private readonly buckets: Pattern[][] = [];
  private readonly heads: number[] = [];
  push(pattern: Pattern, worth: number): void {
    (this.buckets[Math.floor(worth)] ??= []).push(pattern);
  }
  pop(): readonly [Pattern, number] | undefined {
    for (; this.buckets.length > 0; this.buckets.pop()) {
      const at = this.buckets.length - 1;
      const head = this.heads[at] ?? 0;
      const found = this.buckets[at]?.[head];
      this.heads[at] = found === undefined ? 0 : head + 1;
      if (found !== undefined) return [found, at];
    }
    return undefined;
  }
}

/** Shifts of the first term at which `pattern` can be replaced in `row`, none overlapping another. */
function occurrences({ first, second, shift, minus, spent }: Pattern, row: Row): readonly number[] {
  const found: number[] = [];
  const used = new Set<number>();
  let { room } = row;
  for (const at of row.shiftsOf(first)) {
    if (room < spent) break;
    const y = row.at(second, at + shift);
    if (y === undefined || (row.at(first, at)!.negative !== y.negative) !== minus) continue;
    if (used.has(at) || (first === second && used.has(at + shift))) continue;
    if (first === second) used.add(at).add(at + shift);
    found.push(at);
    room -= spent;
  }
  return found;
}

class Sharing {
  readonly sums: (readonly [Term, Term])[] = [];
  readonly rows: readonly Row[];
  private readonly values: Summand[];
  private readonly queue = new Queue();
  private seen = new Map<number, Row[]>();

  constructor(
    asked: readonly SharedRow[],
    values: readonly Summand[],
    private readonly worth: Worth,
  ) {
    this.values = [...values];
    this.rows = asked.map((row) => new Row(row, values));
    this.rows.forEach((row, p) => {
      const { terms } = asked[p]!;
      for (let i = 0; i < terms.length; i++)
        for (let j = i + 1; j < terms.length; j++) this.see(terms[i]!, terms[j]!, row);
    });
    this.note();
  }

  private see(a: Term, b: Term, row: Row): void {
    const key = keyOf(a, b);
    const where = this.seen.get(key);
    if (where === undefined) this.seen.set(key, [row]);
    else where.push(row);
  }

  /** Queues what was seen twice. What is seen once stays so: later terms are of later values. */
  private note(): void {
    for (const [key, where] of this.seen) {
      if (where.length < 2) continue;
      const parts = partsOf(key);
      const [x, y] = [this.values[parts.first]!, this.values[parts.second]!];
      const a = addition(x, { ...y, shift: y.shift + parts.shift, negative: y.negative !== parts.minus });
      const tables = adderTables(a);
      const spent = levelShare(a) - levelShare(x.value) - levelShare(y.value);
      const pattern = { ...parts, rows: [...new Set(where)], tables, time: a.time, spent };
      this.queue.push(pattern, this.worth(tables, where.length, a.time));
    }
    this.seen = new Map();
  }

  /** Makes `pattern` a value, and puts that in its place at `where`. */
  private replace(pattern: Pattern, where: readonly (readonly [Row, readonly number[]])[]): void {
    const value = this.values.length;
    invariant(value < MAX_VALUES, 'too many shared sums');
    const { first, second, shift, minus } = pattern;
    const low = Math.max(0, -shift);
    const [x, y] = [this.values[first]!, this.values[second]!];
    this.sums.push([
      { value: first, shift: low, negative: false },
      { value: second, shift: shift + low, negative: minus },
    ]);
    const a = addition(
      { ...x, shift: x.shift + low },
      { ...y, shift: y.shift + shift + low, negative: y.negative !== minus },
    );
    this.values.push(sumOf(a, a));
    for (const [row, found] of where) {
      const own = found.map((at): Term => {
        const { negative } = row.at(first, at)!;
        row.remove(row.at(second, at + shift)!);
        row.remove(row.at(first, at)!);
        row.room -= pattern.spent;
        return { value, shift: at - low, negative };
      });
      for (const term of own) {
        for (const other of row.terms.values()) this.see(other, term, row);
        row.add(term);
      }
    }
    this.note();
  }

  run(): void {
    for (let best = this.queue.pop(); best !== undefined; best = this.queue.pop()) {
      const [pattern, was] = best;
      const where = pattern.rows.map((row) => [row, occurrences(pattern, row)] as const);
      const count = where.reduce((n, [, at]) => n + at.length, 0);
      if (count < 2) continue;
      const now = this.worth(pattern.tables, count, pattern.time);
      if (Math.floor(now) < was) this.queue.push(pattern, now);
      else this.replace(pattern, where);
    }
  }
}

/** Shares sums of `values` among `rows`. */
export function shareSums(rows: readonly SharedRow[], values: readonly Summand[], worth: Worth): Shared {
  const sharing = new Sharing(rows, values, worth);
  sharing.run();
  return { sums: sharing.sums, outputs: sharing.rows.map((row) => [...row.terms.values()]) };
}
