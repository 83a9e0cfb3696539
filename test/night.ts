/** Which planted faults are tried: all with VETOC_ALL_FAULTS=1, as every night does, else one in so many, others each day. */
const all = process.env['VETOC_ALL_FAULTS'] === '1';
const today = Math.floor(Date.now() / 86_400_000);

/** Whether fault number `i` is tried, where one in `every` is. */
export const isTried = (i: number, every: number): boolean => all || i % every === today % every;
