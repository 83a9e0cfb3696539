/** The hashes that the vendor's headers gave, as `golden.ts` has recorded them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const GOLDEN_FILE = join(import.meta.dirname, 'golden.json');

/** One hash a group, in the suite's order; fewer than its groups while not all are recorded. */
export function readGolden(suite: string): readonly string[] {
  if (!existsSync(GOLDEN_FILE)) return [];
  const all = z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')));
  return all[suite]?.split(' ') ?? [];
}
