/**
 * Numbers as labels. Of hits only 1 and 0 are answers: programs write 255, −1, 2 or NaN where nobody knows or a frame is
 * ambiguous. A class is a whole number from 0; −1, 255 and NaN are no class.
 */

/** 1 → hit, 0 → miss, anything else → unknown. */
export function hitOfNumber(value: number): boolean | null {
  return value === 1 ? true : value === 0 ? false : null;
}

/** Whether `value` is what programs write where a frame has no class. */
export function isNoClass(value: number): boolean {
  return value === -1 || value === 255 || Number.isNaN(value);
}

/** `3 of 20 values are neither 0 nor 1 (255: 2, -1: 1)…`; null where all are. */
export function describeUnknown(
  values: readonly number[],
  isUnknown: (value: number) => boolean,
  what: string,
): string | null {
  const counts = new Map<number, number>();
  for (const value of values) if (isUnknown(value)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const total = [...counts.values()].reduce((a, b) => a + b, 0);
  if (total === 0) return null;
  const listed = [...counts].slice(0, 5).map(([value, count]) => `${value}: ${count}`);
  const more = counts.size > listed.length ? ', …' : '';
  return `${total} of ${values.length} frames are ${what} (${listed.join(', ')}${more}) and count as unknown`;
}
