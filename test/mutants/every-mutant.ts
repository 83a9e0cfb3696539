/**
 * `npm run mutate`: every mutant of src/fixed, src/ir, src/evaluate and the interpreter (or of the files whose path
 * holds the environment's MUTATE) against the tests of test/fixed and test/ir.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isExplained, needlessExplanations } from './explained.js';
import type { Mutant } from './instrument.js';
import { scoreTable } from './score.js';
import { instrumentedSources } from './sources.js';
import { runWithoutMutant, tryMutants, type Fate } from './trials.js';

const part = process.env['MUTATE'] ?? '';
const REPORTS = join(import.meta.dirname, '../../reports');
/** A line for each mutant that lives without an explanation; a file for each part, so that parts can run apart. */
const report = join(REPORTS, `mutants${part.replace(/\W+/g, '-').replace(/^(?=\w)/, '-')}.txt`);

it('is killed or explained', async () => {
  fc.configureGlobal({ seed: 1 });
  const baseline = await runWithoutMutant();
  const mutants = [...instrumentedSources().values()].flatMap((s) => s.mutants);
  const tried = mutants.filter((m) => m.file.includes(part));
  console.log(`${baseline.tests.length} tests, ${tried.length} mutants`);
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(report, '');
  const fates: (readonly [Mutant, Fate])[] = [];
  for await (const [mutant, fate] of tryMutants(tried, baseline)) {
    fates.push([mutant, fate]);
    if (fates.length % 100 === 0) console.log(`${fates.length} tried`);
    if (!fate.startsWith('killed') && !isExplained(mutant))
      appendFileSync(report, `line ${mutant.line}, ${fate}: ${mutant.key}\n`);
  }
  console.log(scoreTable(fates));
  const alive = fates.filter(([, fate]) => !fate.startsWith('killed')).map(([mutant]) => mutant);
  expect(alive.filter((m) => !isExplained(m)).length, `mutants live unexplained; see ${report}`).toBe(0);
  expect(needlessExplanations(part, alive), 'explanations that no mutant needs').toEqual([]);
});
