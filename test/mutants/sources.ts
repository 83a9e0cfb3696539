/** The files under mutation, instrumented; the plug-in of the configuration and the run number the mutants alike. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { instrument, type Instrumented } from './instrument.js';

const ROOT = join(import.meta.dirname, '../..');
const FILES: readonly string[] = [
  'src/fixed',
  'src/ir',
  'src/evaluate',
  'src/simulate/interpret.ts',
  'src/simulate/interpret-sums.ts',
];

function filesOf(path: string): readonly string[] {
  if (path.endsWith('.ts')) return [path];
  return readdirSync(join(ROOT, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => `${path}/${name}`);
}

/** By absolute path. */
export function instrumentedSources(): ReadonlyMap<string, Instrumented> {
  const all = new Map<string, Instrumented>();
  let first = 0;
  for (const file of FILES.flatMap(filesOf)) {
    const path = join(ROOT, file);
    const instrumented = instrument(file, readFileSync(path, 'utf8'), first);
    all.set(path, instrumented);
    first += instrumented.mutants.length;
  }
  return all;
}
