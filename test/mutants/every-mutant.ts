/**
 * `npm run mutate [-- PART]`: every mutant of src/fixed, src/ir and the interpreter (or of the files whose path holds
 * PART, from the environment's MUTATE) against the tests of test/fixed and test/ir that reach it.
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { collected, type CollectedTest } from './collect.js';
import type { Mutant } from './instrument.js';
import { instrumentedSources } from './sources.js';
import { reachedOnLoading, withMutant } from './switch.js';

const ROOT = join(import.meta.dirname, '../..');
const part = process.env['MUTATE'] ?? '';
/** A line for each mutant that lives without an explanation. */
const REPORT = join(ROOT, 'reports/mutants.jsonl');

type Fate = 'killed' | 'survived' | 'unreached' | 'static';

interface KnownTest extends CollectedTest {
  readonly reached: ReadonlySet<number>;
  readonly questions: number;
}

/** Every test once without a mutant. */
async function knownTests(): Promise<readonly KnownTest[]> {
  const known: KnownTest[] = [];
  for (const test of collected) {
    const run = await withMutant(-1, Infinity, test.run);
    if (!run.passed) throw new Error(`${test.name} fails without a mutant`);
    known.push({ ...test, ...run });
  }
  return known.sort((a, b) => a.questions - b.questions);
}

async function fateOf(
  { id }: Mutant,
  tests: readonly KnownTest[],
  onLoading: ReadonlySet<number>,
): Promise<Fate> {
  const reaching = tests.filter((t) => t.reached.has(id));
  if (reaching.length === 0) return onLoading.has(id) ? 'static' : 'unreached';
  for (const test of reaching)
    if (!(await withMutant(id, 20 * test.questions + 10_000, test.run)).passed) return 'killed';
  return 'survived';
}

/** What `explained.json` says of mutants that no test can tell from the source. */
const explainedSchema = z.array(
  z.strictObject({ file: z.string(), original: z.string(), replacement: z.string(), why: z.string() }),
);
const explained = explainedSchema.parse(
  JSON.parse(readFileSync(join(import.meta.dirname, 'explained.json'), 'utf8')),
);
const isExplained = (m: Mutant): boolean =>
  explained.some((e) => e.file === m.file && e.original === m.original && e.replacement === m.replacement);

function report(fates: readonly (readonly [Mutant, Fate])[]): void {
  const folders = new Map<string, Map<Fate | 'all' | 'explained', number>>();
  for (const [mutant, fate] of fates) {
    const folder = mutant.file.split('/').slice(0, 2).join('/');
    const counts = folders.get(folder) ?? new Map<Fate | 'all' | 'explained', number>();
    folders.set(folder, counts);
    const keys =
      fate !== 'killed' && isExplained(mutant)
        ? (['all', fate, 'explained'] as const)
        : (['all', fate] as const);
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const [folder, counts] of folders) {
    const n = (key: Fate | 'all' | 'explained'): number => counts.get(key) ?? 0;
    console.log(
      `${folder}: ${n('killed')} of ${n('all') - n('static')} mutants killed (${((100 * n('killed')) / (n('all') - n('static'))).toFixed(1)} %), ` +
        `${n('survived')} survived, ${n('unreached')} not reached, of both ${n('explained')} explained; ` +
        `${n('static')} act on loading alone and were not tried`,
    );
  }
}

it('is killed or explained', async () => {
  for (const folder of ['test/fixed', 'test/ir'])
    for (const name of readdirSync(join(ROOT, folder)).filter((f) => f.endsWith('.test.ts')))
      await import(join(ROOT, folder, name));
  const onLoading = reachedOnLoading();
  const tests = await knownTests();
  const mutants = [...instrumentedSources().values()].flatMap((s) => s.mutants);
  const tried = mutants.filter((m) => m.file.includes(part));
  console.log(`${tests.length} tests, ${tried.length} mutants`);
  mkdirSync(join(ROOT, 'reports'), { recursive: true });
  writeFileSync(REPORT, '');
  const fates: (readonly [Mutant, Fate])[] = [];
  let alive = 0;
  for (const mutant of tried) {
    const fate = await fateOf(mutant, tests, onLoading);
    fates.push([mutant, fate]);
    if (fates.length % 100 === 0) console.log(`${fates.length} tried`);
    if (fate === 'killed' || fate === 'static' || isExplained(mutant)) continue;
    alive += 1;
    const { file, line, original, replacement } = mutant;
    appendFileSync(REPORT, `${JSON.stringify({ file, line, original, replacement, fate })}\n`);
  }
  report(fates);
  expect(alive, 'mutants without an explanation; see reports/mutants.jsonl').toBe(0);
});
