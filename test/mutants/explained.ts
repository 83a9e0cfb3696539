/** `explained.json`: the mutants that no test can tell from the source, each under the reason why. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Mutant } from './instrument.js';

const schema = z.array(
  z.strictObject({ why: z.string().min(1), mutants: z.array(z.string().min(1)).min(1) }),
);

/** The keys of mutants that are explained. */
export const explainedKeys: ReadonlySet<string> = new Set(
  schema
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, 'explained.json'), 'utf8')))
    .flatMap(({ mutants }) => mutants),
);

export const isExplained = (mutant: Mutant): boolean => explainedKeys.has(mutant.key);

/** Explanations of files whose path holds `part` that none of `alive` needs: the mutant is gone, or a test finds it. */
export function needlessExplanations(part: string, alive: readonly Mutant[]): readonly string[] {
  const needed = new Set(alive.map((m) => m.key));
  return [...explainedKeys].filter((key) => key.split(' ')[0]!.includes(part) && !needed.has(key));
}
