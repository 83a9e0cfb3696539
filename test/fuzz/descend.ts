/**
 * Greedy descent: from `start` to the first of its variants that `keep` accepts, and on from there, until none is
 * accepted or `budget` variants were tried.
 */
export async function descend<State, Variant>(
  start: State,
  budget: number,
  variantsOf: (state: State) => Iterable<Variant>,
  keep: (state: State, variant: Variant) => Promise<State | null>,
): Promise<State> {
  let best = start;
  let left = budget;
  for (let improved = true; improved && left > 0;) {
    improved = false;
    for (const variant of variantsOf(best)) {
      if (left-- <= 0) break;
      const next = await keep(best, variant);
      if (next === null) continue;
      best = next;
      improved = true;
      break;
    }
  }
  return best;
}
