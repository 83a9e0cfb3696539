/** A folder that commands take for a finished run, without any training; and frames for it. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadRecipe } from '../../src/run/recipe.js';
import { RUN_FILES } from '../../src/run/folder.js';
import { writeGraph } from '../../src/ir/graph-files.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';

/** Writes the graphs and the recipe of the demo into `folder`. */
export async function writeRun(folder: string, fixed: FixedGraph, float: FloatGraph): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeGraph(join(folder, RUN_FILES.fixedGraph), 'fixed', fixed);
  await writeGraph(join(folder, RUN_FILES.floatGraph), 'float', float);
  await writeFile(join(folder, RUN_FILES.recipe), JSON.stringify(await loadRecipe('demo')));
}
