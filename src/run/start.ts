/** From frames to verified firmware: a recipe with what is asked for otherwise, run into a folder. */
import { join } from 'node:path';
import { modelHash } from '../frontends/model-file.js';
import type { BackendName } from '../tensorflow/backend-name.js';
import type { Emit } from './events.js';
import { draftRun } from './folder.js';
import { statedFrameOptions, type FrameOptionValues } from './frame-options.js';
import { splitWish } from './modules-wish.js';
import type { PriceName } from './price-names.js';
import { runPipeline, type RunOutcome } from './pipeline.js';
import { atRecipe, forModel, loadRecipe, withAbsolutePaths, type Recipe } from './recipe.js';

/** What is asked for instead of what the recipe says. */
export interface RecipeChanges extends FrameOptionValues {
  readonly frames?: readonly string[];
  /** A trained network to take in. */
  readonly model?: string;
  readonly target?: string;
  readonly seed?: number;
  /** How the network is split among devices: `modules`, `modules=8`, `modules=4x2`. */
  readonly split?: string;
}

export interface StartRequest extends RecipeChanges {
  /** Name of a recipe that comes with vetoc, or path of a .json file. */
  readonly recipe: string;
  /** Folder of the run; `out/RECIPE` unless given. */
  readonly out?: string;
  /** Replace the run that stands there. */
  readonly replace?: boolean;
  readonly backend: BackendName;
  /** Folder for every level of the compile, as text. */
  readonly dumpIr?: string;
  /** Points of hits that narrower layers may cost; null: the widths of the recipe. */
  readonly budget: number | null;
  /** What prices them; the model of the board unless given. */
  readonly price?: PriceName;
  /** Folder of the vendor's `ap_int.h` and `ap_fixed.h`. */
  readonly apTypes?: string;
}

/** A run that has its folder. */
export interface StartedRun {
  readonly out: string;
  /** Runs the pipeline and gives the folder its name; a run that fails leaves nothing. Throws `UserError`. */
  readonly run: (emit: Emit) => Promise<RunOutcome>;
  /** Leaves nothing of it, for who interrupts it. */
  readonly discard: () => Promise<void>;
}

/** The recipe `name` with `changes`. */
async function changedRecipe(name: string, changes: RecipeChanges): Promise<Recipe> {
  const { frames, model, target, seed, split } = changes;
  const stated = await loadRecipe(name);
  const recipe = model === undefined ? stated : forModel(stated, name);
  return withAbsolutePaths({
    ...recipe,
    ...(frames === undefined
      ? {}
      : { frames: { kind: 'files', paths: [...frames], options: statedFrameOptions(changes) } }),
    ...(model === undefined ? {} : { model: { path: model, sha256: await modelHash(model) } }),
    ...(target === undefined ? {} : { target, latency: 'sensible' as const }),
    ...(seed === undefined ? {} : { seed }),
    ...(split === undefined ? {} : { modules: splitWish(split, recipe.modules) }),
  });
}

/** Opens the folder of a run. Throws `UserError` where the recipe is wrong or the folder is in use. */
export async function startRun(request: StartRequest): Promise<StartedRun> {
  const { recipe: name, backend, dumpIr, budget, price, apTypes } = request;
  const recipe = await changedRecipe(name, request);
  const out = request.out ?? join('out', recipe.name);
  const draft = await draftRun(out, request.replace ?? false);
  return {
    out,
    async run(emit) {
      try {
        const dump = dumpIr ?? null;
        const wishes = { dumpIr: dump, budget, ...(price === undefined ? {} : { price }), apTypes };
        const outcome = await runPipeline({ recipe, draft, backend, ...wishes, emit });
        await draft.publish();
        return outcome;
      } catch (error) {
        await draft.discard();
        throw atRecipe(error, name);
      }
    },
    discard: () => draft.discard(),
  };
}
