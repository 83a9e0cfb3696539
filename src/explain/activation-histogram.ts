/** How the activations of a layer are spread, class by class: as in figure 9 of Nawaz et al. (2023). */

export interface ActivationHistogram {
  /** Left edges of the bins; all classes share them. */
  readonly edges: readonly number[];
  /** Share of each class's values in each bin, `[class][bin]`; all zero for a class without values. */
  readonly shares: readonly (readonly number[])[];
}

/** Histograms of `values[class]` in `bins` bins over the range of all of them. */
export function activationHistogram(
  values: readonly (readonly Float32Array[])[],
  bins: number,
): ActivationHistogram {
  let [low, high] = [Infinity, -Infinity];
  for (const one of values.flat())
    for (const value of one) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  if (!(high > low)) [low, high] = Number.isFinite(low) ? [low, low + 1] : [0, 1];
  const width = (high - low) / bins;
  const shares = values.map((frames) => {
    const counts = new Array<number>(bins).fill(0);
    let total = 0;
    for (const frame of frames)
      for (const value of frame) {
        counts[Math.min(bins - 1, Math.floor((value - low) / width))]! += 1;
        total++;
      }
    return counts.map((count) => (total === 0 ? 0 : count / total));
  });
  return { edges: Array.from({ length: bins }, (_, k) => low + k * width), shares };
}
