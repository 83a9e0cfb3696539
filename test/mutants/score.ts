/** What became of the mutants, as a table of folders. */
import { dirname } from 'node:path';
import { isExplained } from './explained.js';
import type { Mutant } from './instrument.js';
import type { Fate } from './trials.js';

/** The table of the README: a row for each folder, and one for all. */
export function scoreTable(fates: readonly (readonly [Mutant, Fate])[]): string {
  const row = (name: string, own: typeof fates): string => {
    const count = (test: (mutant: Mutant, fate: Fate) => boolean): number =>
      own.filter(([mutant, fate]) => test(mutant, fate)).length;
    const killed = count((_, fate) => fate.startsWith('killed'));
    const explained = count((mutant, fate) => !fate.startsWith('killed') && isExplained(mutant));
    const cells = [
      name,
      own.length,
      `${killed} (${((100 * killed) / own.length).toFixed(1)} %)`,
      count((_, fate) => fate === 'killed on loading'),
      explained,
      own.length - killed - explained,
    ];
    return `| ${cells.join(' | ')} |`;
  };
  const folders = [...new Set(fates.map(([{ file }]) => dirname(file)))];
  return [
    '| | mutants | killed | of those on loading | explained | neither |',
    '|---|---|---|---|---|---|',
    ...folders.map((folder) =>
      row(
        folder,
        fates.filter(([{ file }]) => dirname(file) === folder),
      ),
    ),
    row('all', fates),
  ].join('\n');
}
