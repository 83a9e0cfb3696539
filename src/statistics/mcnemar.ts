/**
 * McNemar's exact test (1947) on paired decisions: is one of two networks right more often where they differ?
 * `lost` and `gained` count frames that only the first, or only the second, decides rightly. The two-sided
 * probability of a split at least as uneven under equal chances.
 */
export function mcnemar(lost: number, gained: number): number {
  const n = lost + gained;
  let term = 2 ** -Math.min(n, 1000);
  // Beyond a thousand differences the normal approximation with continuity is exact enough.
  if (n > 1000) {
    const z = Math.max(Math.abs(lost - gained) - 1, 0) / Math.sqrt(n);
    return Math.min(1, 2 * upperNormal(z));
  }
  let tail = 0;
  for (let k = 0; k <= Math.min(lost, gained); k++) {
    tail += term;
    term *= (n - k) / (k + 1);
  }
  return Math.min(1, 2 * tail);
}

/** P(Z > z), Abramowitz and Stegun 26.2.17. */
function upperNormal(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
