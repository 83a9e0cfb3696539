/** The section of a recipe about detectors of several modules, and what `vetoc run --split` says of it. */
import { z } from 'zod';
import { UserError } from '../core/errors.js';
import { MOST_MODULES } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { toModules } from '../passes/to-modules.js';

const several = z.int().min(1).max(MOST_MODULES);

export const modulesSchema = z
  .strictObject({
    /** Frames are these many modules, stacked along rows. */
    count: z.int().min(2).max(MOST_MODULES),
    /** Of simulated frames: rows and columns of modules in the picture; null: one column, which is a stack already. */
    layout: z.tuple([several, several]).readonly().nullable().default(null),
    /** The global pools that each module ends with; null: those behind which there are vectors alone. */
    cut: z.array(z.string().min(1)).min(1).readonly().nullable().default(null),
  })
  .readonly();
export type Modules = z.infer<typeof modulesSchema>;

const FIELD = '--split';
const WRITTEN = /^modules(?:=(\d{1,4})(?:x(\d{1,4}))?)?$/;

/** What `--split TEXT` asks for, on top of what the recipe has. Throws `UserError`. */
export function splitWish(text: string, stated: Modules | null): Modules {
  const found = WRITTEN.exec(text);
  if (found === null)
    throw new UserError(`"${text}" says no way to split a network`, {
      field: FIELD,
      remedy:
        'say modules=8 (stacked along rows), modules=4x2 (rows and columns in a simulated picture), or modules with a recipe that has them',
    });
  const [, first, second] = found;
  if (first === undefined) {
    if (stated !== null) return stated;
    throw new UserError('the recipe says nothing of modules', {
      field: FIELD,
      remedy: 'say how many: --split modules=8, or in the recipe "modules": {"count": 8}',
    });
  }
  const count = Number(first) * Number(second ?? 1);
  if (count < 2 || count > MOST_MODULES)
    throw new UserError(`${count} modules`, { field: FIELD, remedy: `give 2 to ${MOST_MODULES}` });
  const layout = second === undefined ? null : ([Number(first), Number(second)] as const);
  return { count, layout, cut: stated?.cut ?? null };
}

/** The size of what a network sees of a frame of `[rows, columns]`: a module, or all of it. Throws `UserError`. */
export function pictureSize(
  modules: Modules | null,
  [rows, columns]: readonly [number, number],
): readonly [number, number] {
  const count = modules?.count ?? 1;
  if (rows % count !== 0)
    throw new UserError(`frames of ${rows} rows are not ${count} modules of one height`, {
      field: FIELD,
      remedy: 'give the number of modules that the frames are stacked of',
    });
  return [rows / count, columns];
}

/** `graph`, of what `pictureSize` says, for whole frames. */
export const onWholeFrames = (graph: FloatGraph, modules: Modules | null): FloatGraph =>
  modules === null
    ? graph
    : toModules(graph, { count: modules.count, ...(modules.cut === null ? {} : { cut: modules.cut }) });
