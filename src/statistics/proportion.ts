/** Proportions with Wilson's (1927) score interval at 95 %. */

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** A proportion with its 95 % Wilson score interval. `value` is NaN when `total` is 0. */
export interface Proportion extends Interval {
  readonly count: number;
  readonly total: number;
  readonly value: number;
}

const Z95 = 1.959963984540054;

export function proportion(count: number, total: number): Proportion {
  if (total === 0) return { count, total, value: NaN, low: 0, high: 1 };
  const p = count / total;
  const z2 = Z95 * Z95;
  const centre = (p + z2 / (2 * total)) / (1 + z2 / total);
  const half = (Z95 / (1 + z2 / total)) * Math.sqrt((p * (1 - p)) / total + z2 / (4 * total * total));
  // The bounds at 0 and 1 are exact; computed, they miss by a rounding.
  const low = count === 0 ? 0 : centre - half;
  const high = count === total ? 1 : centre + half;
  return { count, total, value: p, low, high };
}
