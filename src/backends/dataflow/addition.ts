/**
 * Additions of two shifted values that are never negative. A difference is made with the complement of what is taken away,
 * x + (most - y), so that no sum has a sign that would have to be extended: it is too large by a constant, which is taken from
 * the constants that are added anyway.
 */
import { bitsFor } from '../../fixed/format.js';

/** A value of the adders: a whole number from 0 to `most`, `time` levels of additions behind the inputs. */
export interface Value {
  readonly most: number;
  readonly time: number;
  /** Whether it is the same for all inputs. */
  readonly constant: boolean;
}

/** `± value << shift`. */
export interface Summand<V extends Value = Value> {
  readonly value: V;
  readonly shift: number;
  readonly negative: boolean;
}

/** `first + second`, shifted against each other, or with the complement of the second where `minus`. */
export interface Addition<V extends Value = Value> extends Value {
  readonly first: Summand<V>;
  readonly second: Summand<V>;
  readonly minus: boolean;
}

export const widthOf = ({ most }: Value): number =>
  most < 2 ** 31 ? Math.max(1, 32 - Math.clz32(most)) : bitsFor(0, most, false);

/** First bit of a summand and the one behind its last. */
const span = ({ value, shift }: Summand): readonly [number, number] => [shift, shift + widthOf(value)];

/**
 * The sum of `x` and `y` up to {@link sumOf}. In a difference the one that has fewer bits beside the other is inverted, unless
 * the sum is to be `positive`.
 */
export function addition<V extends Value>(x: Summand<V>, y: Summand<V>, positive = false): Addition<V> {
  const minus = x.negative !== y.negative;
  const [a, b] = [span(x), span(y)];
  const beside = (s: readonly [number, number], t: readonly [number, number]): number =>
    Math.max(0, t[0] - s[0]) + Math.max(0, s[1] - t[1]);
  const turned = minus && (positive ? x.negative : beside(a, b) < beside(b, a));
  const [first, second] = turned ? [y, x] : [x, y];
  const shift = Math.min(x.shift, y.shift);
  // A complement may have all bits set.
  const largest = minus ? 2 ** widthOf(second.value) - 1 : second.value.most;
  const most = first.value.most * 2 ** (first.shift - shift) + largest * 2 ** (second.shift - shift);
  const time = 1 + Math.max(x.value.time, y.value.time);
  return { first, second, minus, most, time, constant: false };
}

/** `value`, made of `first` and `second`, as the sum of the two summands but for a constant. */
export const sumOf = <V extends Value>({ first, second }: Addition<V>, value: V): Summand<V> => ({
  value,
  shift: Math.min(first.shift, second.shift),
  negative: first.negative,
});

/** Look-up tables of an addition: one for each bit that both operands have. Elsewhere the carry meets a bit, or its complement. */
export function adderTables({ first, second }: Addition): number {
  if (first.value.constant || second.value.constant) return 0;
  const [a, b] = [span(first), span(second)];
  return Math.max(0, Math.min(a[1], b[1]) - Math.max(a[0], b[0]));
}

/** A shift register of three cycles and more takes look-up tables, a shorter one registers. */
export const SHIFT_REGISTER = 3;

/** What an addition costs, to choose by: its tables, a part of its registers and of those in which an operand waits. */
function price(a: Addition): number {
  const [x, y] = [a.first.value, a.second.value];
  const waits = x.constant || y.constant ? 0 : Math.abs(x.time - y.time);
  const waiting = (waits >= SHIFT_REGISTER ? 1 : 0.2 * waits) * widthOf(x.time < y.time ? x : y);
  return adderTables(a) + 0.25 * widthOf(a) + waiting;
}

/** What a value counts in the account of levels: summands fit into `n` levels where they count 2^n at most (Kraft). */
export const levelShare = ({ time }: Value): number => 2 ** time;

/** Levels that a sum of `values` takes. */
export const levelsOf = (values: readonly Value[]): number =>
  Math.ceil(Math.log2(values.reduce((n, v) => n + levelShare(v), 0)));

/**
 * One sum of `summands`, at most `levels` behind the inputs, of the cheapest additions that leave it possible; positive where
 * any of them is.
 */
export function addAll<V extends Value>(
  summands: readonly Summand<V>[],
  levels: number,
  make: (a: Addition<V>) => V,
): Summand<V> {
  const rest = new Set<Summand<V>>();
  let pairs: { x: Summand<V>; y: Summand<V>; price: number; spent: number }[] = [];
  let room = 2 ** levels;
  const put = (y: Summand<V>): void => {
    for (const x of rest) {
      const a = addition(x, y);
      const spent = levelShare(a) - levelShare(x.value) - levelShare(y.value);
      pairs.push({ x, y, price: price(a), spent });
    }
    rest.add(y);
    room -= levelShare(y.value);
  };
  summands.forEach(put);
  while (rest.size > 1) {
    let best: (typeof pairs)[number] | undefined;
    for (const pair of pairs)
      if (pair.spent <= room && (best === undefined || pair.price < best.price)) best = pair;
    const { x, y } = best!;
    const positives = [...rest].filter((s) => !s.negative);
    const a = addition(x, y, positives.length === 1 && (!x.negative || !y.negative));
    for (const s of [x, y]) {
      rest.delete(s);
      room += levelShare(s.value);
    }
    pairs = pairs.filter((p) => p.x !== x && p.x !== y && p.y !== x && p.y !== y);
    put(sumOf(a, make(a)));
  }
  return [...rest][0]!;
}
