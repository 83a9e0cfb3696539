/** The finished runs under some folders, with what stands in their files: no network is opened. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.js';
import { parseJsonAs } from '../../core/json.js';
import { RUN_FILES } from '../folder.js';
import { loadRecipe } from '../recipe.js';

/** What is counted of all. */
const counted = z.object({ count: z.number(), total: z.number() });
const evaluationSchema = z.object({
  fixed: z
    .object({ frames: z.number(), veto: z.object({ recall: counted, missesRejected: counted }) })
    .optional(),
});
const verificationSchema = z.object({ verdict: z.string() });

export interface ListedRun {
  readonly dir: string;
  readonly recipe: string;
  readonly seed: number;
  readonly target: string;
  /** As ISO 8601; null for a run of before that was written. */
  readonly began: string | null;
  /** Of the test frames, in fixed point; null where it was not measured. */
  readonly hitsLost: { readonly count: number; readonly total: number } | null;
  readonly missesKept: { readonly count: number; readonly total: number } | null;
  /** What the verification said; null where none is there. */
  readonly verdict: string | null;
  /** Why it cannot be read; null where it can. */
  readonly problem: string | null;
}

/** How deep under a folder runs are looked for. */
const DEPTH = 3;

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

async function runsUnder(dir: string, depth: number): Promise<string[]> {
  if ((await isThere(join(dir, RUN_FILES.recipe))) && (await isThere(join(dir, RUN_FILES.fixedGraph))))
    return [dir];
  if (depth === 0) return [];
  const entries = await readdir(dir, { withFileTypes: true });
  const folders = entries.filter((e) => e.isDirectory() && !/^\.|^node_modules$|\.partial$/.test(e.name));
  const found: string[] = [];
  // A folder that nobody may read hides no other, and is listed for that.
  for (const { name } of folders)
    found.push(...(await runsUnder(join(dir, name), depth - 1).catch(() => [join(dir, name)])));
  return found.sort();
}

/** The file parsed; null where it is not there. */
async function optional<T>(schema: z.ZodType<T>, file: string): Promise<T | null> {
  return (await isThere(file)) ? parseJsonAs(schema, await readFile(file, 'utf8'), file) : null;
}

const missed = ({ count, total }: z.infer<typeof counted>): { count: number; total: number } => ({
  count: total - count,
  total,
});

async function listed(dir: string): Promise<ListedRun> {
  const recipe = await loadRecipe(join(dir, RUN_FILES.recipe));
  const evaluation = await optional(evaluationSchema, join(dir, RUN_FILES.evaluation));
  const verification = await optional(verificationSchema, join(dir, RUN_FILES.verification));
  const veto = evaluation?.fixed?.veto;
  return {
    dir,
    recipe: recipe.name,
    seed: recipe.seed,
    target: recipe.target,
    began: recipe.madeWith?.['began'] ?? null,
    hitsLost: veto === undefined ? null : missed(veto.recall),
    missesKept: veto === undefined ? null : missed(veto.missesRejected),
    verdict: verification?.verdict ?? null,
    problem: null,
  };
}

/** The runs in `dirs` and up to three folders below. Throws `UserError` where there is no such folder, or no run in any. */
export async function listRuns(dirs: readonly string[]): Promise<readonly ListedRun[]> {
  const runs: ListedRun[] = [];
  for (const dir of dirs) {
    if (!(await isThere(dir)))
      throw new UserError('is not there', { file: dir, field: 'DIR', remedy: 'name a folder with runs' });
    for (const found of await runsUnder(dir, DEPTH))
      runs.push(
        await listed(found).catch((error: unknown) => ({
          ...{ dir: found, recipe: '', seed: 0, target: '', began: null },
          ...{ hitsLost: null, missesKept: null, verdict: null },
          problem: error instanceof Error ? error.message : String(error),
        })),
      );
  }
  if (runs.length === 0)
    throw new UserError('holds no finished run', {
      file: dirs.join(', '),
      field: 'DIR',
      remedy: 'name the folder that vetoc run printed, or one above it',
    });
  return runs;
}
