/** Trying a mutant: on the tests that reach it once the files are loaded, or from the loading of the files on. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { CollectedTest } from './collect.js';
import type { Mutant } from './instrument.js';
import { withMutant, type Run } from './switch.js';

const ROOT = join(import.meta.dirname, '../..');
const TEST_FILES = ['test/fixed', 'test/ir'].flatMap((folder) =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(ROOT, folder, name)),
);

/** What finds a mutant: a test, or a test (or a failure to load) after the files were loaded with the mutant on. */
export type Fate = 'killed' | 'killed on loading' | 'survived' | 'not reached';

interface KnownTest extends CollectedTest, Run {
  readonly milliseconds: number;
}

/** Everything that the trials need to know of the tests without a mutant. */
interface Baseline {
  readonly tests: readonly KnownTest[];
  readonly loading: Run;
}

/** How many questions may be asked with a mutant where `questions` were asked without: more are taken for endless. */
const limit = (questions: number): number => 20 * questions + 10_000;

/** Loads every source and test file anew, and gives the tests. */
async function loadTests(): Promise<readonly CollectedTest[]> {
  vi.resetModules();
  const { collected } = await import('./collect.js');
  for (const file of TEST_FILES) await import(file);
  return collected;
}

/** Loads the files and runs every test once, without a mutant. */
export async function runWithoutMutant(): Promise<Baseline> {
  const tests: KnownTest[] = [];
  const loading = await withMutant(-1, Infinity, loadTests);
  for (const test of await loadTests()) {
    const start = performance.now();
    const run = await withMutant(-1, Infinity, test.run);
    tests.push({ ...test, ...run, milliseconds: performance.now() - start });
  }
  const failing = tests.filter((test) => !test.passed);
  if (failing.length > 0)
    throw new Error(`without a mutant fail: ${failing.map(({ name }) => name).join(', ')}`);
  return { tests: tests.sort((a, b) => a.milliseconds - b.milliseconds), loading };
}

/**
 * The tests that reach the mutant until one fails: first the one that found the mutant before it, which most often
 * stands beside it, then the quickest.
 */
async function tryLoaded(
  { id }: Mutant,
  tests: readonly KnownTest[],
  before: KnownTest | null,
): Promise<KnownTest | 'survived' | 'not reached'> {
  const reaching = tests.filter((t) => t.reached.has(id));
  const found = before?.reached.has(id) === true ? [before] : [];
  for (const test of [...found, ...reaching.filter((t) => t !== before)])
    if (!(await withMutant(id, limit(test.questions), test.run)).passed) return test;
  return reaching.length === 0 ? 'not reached' : 'survived';
}

/** All tests, the quickest first, after the files were loaded with the mutant on. */
async function tryLoading({ id }: Mutant, { tests, loading }: Baseline): Promise<Fate> {
  const loaded = new Map<string, CollectedTest>();
  const load = async (): Promise<void> => {
    for (const test of await loadTests()) loaded.set(test.name, test);
  };
  if (!(await withMutant(id, limit(loading.questions), load)).passed) return 'killed on loading';
  for (const { name, questions } of tests) {
    const test = loaded.get(name);
    if (test !== undefined && !(await withMutant(id, limit(questions), test.run)).passed)
      return 'killed on loading';
  }
  return 'survived';
}

/** The fates of `mutants`, as they become known. Those that act while files load come last: they replace the modules. */
export async function* tryMutants(
  mutants: readonly Mutant[],
  baseline: Baseline,
): AsyncGenerator<readonly [Mutant, Fate]> {
  const left: Mutant[] = [];
  let before: KnownTest | null = null;
  for (const mutant of mutants) {
    const found: KnownTest | 'survived' | 'not reached' = await tryLoaded(mutant, baseline.tests, before);
    if (typeof found !== 'string') {
      before = found;
      yield [mutant, 'killed'];
    } else if (baseline.loading.reached.has(mutant.id)) left.push(mutant);
    else yield [mutant, found];
  }
  for (const mutant of left) yield [mutant, await tryLoading(mutant, baseline)];
}
