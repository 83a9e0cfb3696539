/** Searching in rising numbers. */

/** The last place among `count` whose number, `at(place)`, is not above `value`; 0 where all are above. */
export function lastAtMost(count: number, at: (place: number) => number, value: number): number {
  let [low, high] = [0, count - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (at(middle) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
