/** Whether the numbers of a series' frames are whole: gaps are how a stream shows what was lost. */

export interface Numbering {
  /** Takes the next number; true where it came before. */
  take(number: number): boolean;
  /** Numbers that were passed over and have not come since. */
  readonly missing: () => number;
  readonly repeated: () => number;
}

/** Missing numbers that are remembered one by one; more are counted, and cannot be told from repeats when they come. */
const REMEMBERED = 100_000;

/** Counts from the first number that comes: a process may join a series in its middle. */
export function createNumbering(): Numbering {
  let next: number | null = null;
  const open = new Set<number>();
  let [uncounted, repeated] = [0, 0];
  return {
    take(number) {
      if (next === null || number >= next) {
        for (let n = next ?? number; n < number; n++) {
          if (open.size >= REMEMBERED) {
            uncounted += number - n;
            break;
          }
          open.add(n);
        }
        next = number + 1;
        return false;
      }
      if (open.delete(number)) return false;
      repeated += 1;
      return true;
    },
    missing: () => open.size + uncounted,
    repeated: () => repeated,
  };
}
