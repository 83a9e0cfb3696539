/** Judges at equal reduction, a line each: expert, network and spot finder, and what each of them loses. */
import { table } from '../core/table.js';
import type { Judged } from '../report/side-by-side.js';
import type { Proportion } from '../statistics/proportion.js';

/** Lost of all, with the 95 % Wilson interval in percent. */
const lost = (p: Proportion | null): string =>
  p === null || p.total === 0
    ? '–'
    : `${p.total - p.count}/${p.total} [${(100 * (1 - p.high)).toFixed(1)}, ${(100 * (1 - p.low)).toFixed(1)}]`;

export function sideBySideTable(rows: readonly Judged[]): string {
  const judges = table(
    ['judge', 'keeps', 'frames kept', 'hits lost', 'misses kept', 'indexable lost'],
    rows.map(({ judge, keeps, framesKept, hitsKept, missesRejected, indexableKept }) => [
      judge,
      keeps,
      `${framesKept.count}/${framesKept.total}`,
      lost(hitsKept),
      lost(missesRejected),
      lost(indexableKept),
    ]),
  );
  return `At equal reduction (brackets: 95 % interval, percent):\n${judges}`;
}
