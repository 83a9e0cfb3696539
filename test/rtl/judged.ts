/** Proofs asked of Yosys, in projects as they are written and with a module spoilt. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runProcess } from '../../src/simulate/process.js';
import { writeProject } from '../hls/project.js';
import { triedOf } from '../night.js';

type Files = Readonly<Record<string, string>>;

const temporary: string[] = [];
afterAll(() => {
  temporary.forEach((folder) => rmSync(folder, { recursive: true }));
});

/** A folder with `files`, for as long as the tests of this file run. */
export function project(files: Files): string {
  const folder = writeProject(files);
  temporary.push(folder);
  return folder;
}

/** An empty one. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-proof-'));
  temporary.push(folder);
  return folder;
}

/** What Yosys says of a script in `folder`: the empty text where it proves all. */
export async function judged(folder: string, script: string): Promise<string> {
  const result = await runProcess('yosys', ['-qq', '-s', script], { cwd: folder });
  if (result.kind !== 'finished') return result.kind;
  return result.code === 0 ? '' : `${result.stdout}${result.stderr}`.trim();
}

export const REFUTED = 'ERROR: Called with -verify and proof did fail!';

/** Proof, module, what stands there, and what is put in its place. */
export type Mutant = readonly [proof: string, module: string, from: string, to: string];

/** One in so many mutants is asked of Yosys by day. */
const EVERY = 8;

/** Every mutant of modules in `files` is refuted by the proof that is about it. */
export function refutesMutants(files: Files, mutants: readonly Mutant[]): void {
  const pathOf = (module: string): string => `rtl/vetoc/vetoc_${module}.sv`;
  it('mutants are of what stands there', () => {
    expect(mutants.filter(([, module, from]) => !files[pathOf(module)]!.includes(from))).toEqual([]);
  });
  it.each(triedOf(mutants, EVERY))(
    'is refuted by %s: %s, "%s" as "%s"',
    async (proof, module, from, to) => {
      const path = pathOf(module);
      const folder = project({ ...files, [path]: files[path]!.replace(from, to) });
      expect(await judged(folder, `formal/${proof}.ys`)).toBe(REFUTED);
    },
    600_000,
  );
}
