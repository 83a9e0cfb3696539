/**
 * The folder of a run: where things stand, how it comes to be whole or not at all, and how it is read again.
 *
 * A run is built in `NAME.partial` and renamed at the end, so a folder called NAME is always a finished run. What was
 * trained so far stands in `NAME.checkpoints` until then.
 */
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../core/errors.js';
import { makeFolder, vanished, writeFileAtomic } from '../core/files.js';
import { temporary } from '../core/temporary.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { readGraph } from '../ir/graph-files.js';
import { checkFiles } from './checksums.js';
import { loadRecipe, type Recipe } from './recipe.js';

/** Places inside a run folder. */
export const RUN_FILES = {
  recipe: 'recipe.json',
  floatGraph: 'float/graph.json',
  fixedGraph: 'fixed.json',
  /** The float graph that the fixed one was quantized from: folded, pruned, equalised. */
  preparedGraph: 'float/prepared.json',
  ranges: 'ranges.json',
  /** What the back end `onnx` writes of the fixed graph. */
  fixedOnnx: 'onnx/fixed.onnx',
  /** Raw frames that benches compare with. */
  goldenFrames: 'hls/golden/frames.bin',
  /** Of module `k` of several. */
  goldenModule: (k: number) => `hls/golden/module-${k}.bin`,
  evaluation: 'evaluation.json',
  comparison: 'compare.json',
  verification: 'verify.json',
  explanations: 'explain',
  report: 'report/index.html',
  /** Its section on agreement, as the last verification has it. */
  verificationPage: 'report/verification.html',
  /** Folder of the network on raw words, where somebody verified that. */
  onWords: 'raw',
  /** Cells of the RTL, where somebody asked for a synthesis. */
  areaPage: 'report/area.html',
} as const;

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A run being built. */
export interface RunDraft {
  /** The folder to write into for now. */
  readonly dir: string;
  /** Folder for the state of a training; it outlives the draft, and goes when the run is published. */
  readonly checkpoints: string;
  readonly path: (relative: string) => string;
  readonly write: (relative: string, content: string | Uint8Array) => Promise<void>;
  /** Gives the folder its final name. */
  readonly publish: () => Promise<string>;
  /** Removes what was written. */
  readonly discard: () => Promise<void>;
}

/** What stands in folders of a kind, and how such a folder is called. */
export interface FolderKind {
  /** A file that every one has. */
  readonly mark: string;
  readonly what: string;
}

/** Refuses a folder that is in the way: only one of its kind may be replaced, and only when that is asked for. */
async function checkFree(out: string, replace: boolean, { mark, what }: FolderKind): Promise<void> {
  if (!(await exists(out))) return;
  const where = { file: out, field: '--out' };
  if (!replace)
    throw new UserError('already exists; nothing was overwritten', {
      ...where,
      remedy: 'name another folder, or say --replace',
    });
  if (!(await exists(join(out, mark))))
    throw new UserError(`is no ${what}, so it is not replaced`, { ...where, remedy: 'name another folder' });
}

async function makeEmpty(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true });
  // The last step is not recursive: Node would try for ever where a file system lets nobody make folders.
  await makeFolder(dirname(dir));
  await mkdir(dir);
}

/** Opens `NAME.partial` for a run; refuses with `UserError` when `out` exists, unless it is a run to be replaced. */
export const draftRun = (out: string, replace = false): Promise<RunDraft> =>
  draftFolder(out, replace, { mark: RUN_FILES.recipe, what: 'run' });

/** The same for a folder of any kind. */
export async function draftFolder(out: string, replace: boolean, kind: FolderKind): Promise<RunDraft> {
  await checkFree(out, replace, kind);
  const [dir, checkpoints] = [temporary(`${out}.partial`), `${out}.checkpoints`];
  await makeEmpty(dir).catch((error: NodeJS.ErrnoException) => {
    // A full disk may pass.
    if (error.code === 'ENOSPC' || error.code === 'EDQUOT') throw error;
    throw new UserError(`cannot be made (${error.code ?? 'unknown'})`, {
      file: dir,
      field: '--out',
      remedy: 'name a folder where you may write',
    });
  });
  const written = new Set<string>();
  return {
    dir,
    checkpoints,
    path: (relative) => join(dir, relative),
    async write(relative, content) {
      await writeFileAtomic(join(dir, relative), content);
      written.add(relative);
    },
    publish: async () => {
      // A folder that vanished is made anew by a later write, without what was written before.
      for (const relative of written)
        if (!existsSync(join(dir, relative))) throw vanished(join(dir, relative));
      await makeFolder(dirname(out));
      // The old run goes when the new one stands in its place.
      const old = `${out}.replaced`;
      await rm(old, { recursive: true, force: true });
      if (replace && (await exists(out))) await rename(out, old);
      await rename(dir, out);
      for (const done of [old, checkpoints]) await rm(done, { recursive: true, force: true });
      return out;
    },
    discard: () => rm(dir, { recursive: true, force: true }),
  };
}

/** A finished run, read again. */
export interface Run {
  readonly dir: string;
  readonly path: (relative: string) => string;
  readonly fixed: FixedGraph;
  readonly float: FloatGraph;
  /** The float graph that the fixed one was quantized from, read when it is asked for. */
  readonly prepared: () => Promise<FloatGraph>;
  /** With the versions that made the run. */
  readonly recipe: Recipe;
}

/** Reads the run in `dir`; throws `UserError` when it is not a finished run, or one of its files was damaged. */
export async function loadRun(dir: string): Promise<Run> {
  const path = (relative: string): string => join(dir, relative);
  if (!(await exists(path(RUN_FILES.recipe))))
    throw new UserError('is not a finished run', {
      file: dir,
      field: RUN_FILES.recipe,
      remedy: 'name the folder that vetoc run printed',
    });
  await checkFiles(dir);
  return {
    dir,
    path,
    fixed: await readGraph(path(RUN_FILES.fixedGraph), 'fixed'),
    float: await readGraph(path(RUN_FILES.floatGraph), 'float'),
    prepared: () => readGraph(path(RUN_FILES.preparedGraph), 'float'),
    recipe: await loadRecipe(path(RUN_FILES.recipe)),
  };
}
