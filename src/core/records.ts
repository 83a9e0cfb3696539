/** Records whose keys are known. */

/** A record with a value for each of `keys`, which `value` says. */
export const recordOf = <K extends string, V>(
  keys: readonly K[],
  value: (key: K, index: number) => V,
): Record<K, V> => Object.fromEntries(keys.map((key, i) => [key, value(key, i)])) as Record<K, V>;
