/** Quantiles and means: the one place that says what "the value below which a share of values lie" is. */

/** A sorted copy. */
export const ascending = (values: ArrayLike<number>): Float64Array => Float64Array.from(values).sort();

/** The first of `values` that at least `fraction` of them do not pass; 0 for none. Always one of the values. */
export function quantile(values: ArrayLike<number>, fraction: number): number {
  const sorted = ascending(values);
  return sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? 0;
}

/** The same between the values, linear in their rank (type 7 of Hyndman & Fan, 1996), of sorted values; NaN for none. */
export function quantileOfSorted(sorted: ArrayLike<number>, fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted[low]! + (sorted[high]! - sorted[low]!) * (place - low);
}

export const median = (values: ArrayLike<number>): number => quantileOfSorted(ascending(values), 0.5);

/** Mean of the values that are known; NaN for none. */
export function meanOfKnown(values: readonly number[]): number {
  const known = values.filter((v) => !Number.isNaN(v));
  return known.length === 0 ? NaN : known.reduce((a, b) => a + b, 0) / known.length;
}
