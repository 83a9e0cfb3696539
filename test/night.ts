/** What every push tries and what only the night does: `VETOC_NIGHT=1` tries all. */
export const AT_NIGHT = process.env['VETOC_NIGHT'] === '1';

const today = Math.floor(Date.now() / 86_400_000);

/** Whether number `i` of a list is tried: by day one in so many, others each day. */
export const isTried = (i: number, every: number): boolean => AT_NIGHT || i % every === today % every;

/** Those of a list that are tried: by day one in so many, others each day. */
export const triedOf = <T>(list: readonly T[], every: number): readonly T[] =>
  list.filter((_, i) => isTried(i, every));
