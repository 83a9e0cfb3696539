/** `vetoc slurm run`: the same recipes with several seeds, a task each, and a table of what came out. */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { Emit } from '../events.js';
import { RUN_FILES } from '../folder.js';
import { loadRecipe } from '../recipe.js';
import { listRuns, type ListedRun } from '../runs/list.js';
import { quoted } from '../shards/shard.js';
import {
  runArray,
  slurmScripts,
  type ArrayOutcome,
  type ArrayWork,
  type SlurmScripts,
  type SubmitOptions,
} from './array.js';

export interface SweepRequest extends SubmitOptions {
  /** Names or files: several make a sweep of their settings. */
  readonly recipes: readonly string[];
  /** Of each recipe, from seed 1 on. */
  readonly seeds: number;
  /** Folder for the runs, each in `RECIPE-SEED`. */
  readonly out: string;
  /** Options of `vetoc run` that hold for all. */
  readonly words: readonly string[];
  readonly vetoc: readonly string[];
}

export interface SweepOutcome extends ArrayOutcome {
  readonly runs: readonly ListedRun[];
}

async function workOf({ recipes, seeds, out, words, vetoc }: SweepRequest): Promise<ArrayWork> {
  for (const recipe of recipes) await loadRecipe(recipe);
  const names = recipes.map((recipe) => basename(recipe, '.json'));
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined)
    throw new UserError(`two recipes are called ${twice}`, {
      field: 'recipe',
      remedy: 'rename one: runs are called by them',
    });
  const folderOf = (task: number): string =>
    join(out, `${names[Math.floor(task / seeds)]!}-${(task % seeds) + 1}`);
  const start = [...vetoc, 'run'].map(quoted).join(' ');
  const cases = Array.from({ length: recipes.length * seeds }, (_, task) => {
    const recipe = recipes[Math.floor(task / seeds)]!;
    const own = [recipe, ...words, '--seed', String((task % seeds) + 1), '--out', folderOf(task)];
    return `  ${task}) set -- ${own.map(quoted).join(' ')} ;;`;
  });
  return {
    name: 'vetoc-run',
    folder: out,
    tasks: cases.length,
    countsFrames: false,
    sizeOf: () => 1,
    call: ['case $SLURM_ARRAY_TASK_ID in', ...cases, 'esac', `${start} "$@"`],
    after: null,
    isDone: (task) => existsSync(join(folderOf(task), RUN_FILES.recipe)),
  };
}

/** The script, without writing or submitting anything. Throws `UserError`. */
export const sweepScripts = async (request: SweepRequest): Promise<SlurmScripts> =>
  slurmScripts(await workOf(request), request);

/** Submits the runs that are missing, follows them, and lists all. Throws `UserError`. */
export async function slurmSweep(request: SweepRequest, emit: Emit): Promise<SweepOutcome> {
  const outcome = await runArray(await workOf(request), request, emit);
  return { ...outcome, runs: await listRuns([request.out]) };
}
