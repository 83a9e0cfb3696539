/** A finished run at other widths, without training, in a folder of its own. */
import { resolve } from 'node:path';
import { UserError } from '../core/errors.js';
import { loadFpga } from '../targets/load.js';
import type { Emit } from './events.js';
import { draftRun, loadRun, RUN_FILES } from './folder.js';
import type { PriceName } from './price-names.js';
import { parseRecipe, type Recipe } from './recipe.js';
import { requantizeRun, type Requantized } from './requantize.js';
import { budgetOf } from './stages/budget.js';
import { openRunFrames } from './stages/frames.js';

export interface QuantizeRunRequest {
  /** Folder to write, in the form of a run. */
  readonly out: string;
  /** Replace the run that stands there. */
  readonly replace?: boolean;
  readonly weightBits?: number;
  readonly activationBits?: number;
  /** Of the first and last layer; null: as the others. */
  readonly edgeBits?: number | null;
  readonly observer?: string;
  readonly adaptiveRounding?: boolean;
  /** Sums of which none lies halfway between two results. */
  readonly noTies?: boolean;
  /** Calibrate on these frames, or on the small set that comes with vetoc. */
  readonly from?: readonly string[] | 'set';
  /** Fold, equalise and calibrate again. */
  readonly calibrate?: boolean;
  /** Files of saved ranges, merged; those of the run unless given. */
  readonly ranges?: readonly string[];
  /** Points of hits that narrower layers may cost; null: no search. */
  readonly budget: number | null;
  /** What prices them; the model of the board unless given. */
  readonly price?: PriceName;
  /** Points of hits that single weights set to 0 may cost; null: none are. */
  readonly prune: number | null;
  /** Board whose cost the budget saves; that of the run unless given. */
  readonly target?: string;
}

/** The recipe of the run with what is asked for otherwise, checked like any recipe. */
function requested(recipe: Recipe, request: QuantizeRunRequest): Recipe {
  const { weightBits, activationBits, edgeBits, observer, from, target } = request;
  const changed = {
    ...recipe,
    // What was sensible for one board need not be for another.
    ...(target === undefined ? {} : { target, latency: 'sensible' as const }),
    calibration: {
      ...recipe.calibration,
      ...(observer === undefined ? {} : { observer }),
      ...(from === undefined ? {} : { from: from === 'set' ? from : from.map((path) => resolve(path)) }),
    },
    quantization: {
      ...recipe.quantization,
      ...(weightBits === undefined ? {} : { weightBits }),
      ...(activationBits === undefined ? {} : { activationBits }),
      ...(edgeBits === undefined ? {} : { edgeBits }),
      ...(request.adaptiveRounding === true ? { adaptiveRounding: true } : {}),
      ...(request.noTies === true ? { noTies: true } : {}),
      // Widths that are asked for are not those of the network's file.
      ...([weightBits, activationBits, edgeBits].some((bits) => bits !== undefined)
        ? { asStated: false }
        : {}),
    },
  };
  return parseRecipe(JSON.stringify(changed), 'the command line');
}

/** Saved ranges unless frames are asked for; null: calibrate. */
function rangesAsked(request: QuantizeRunRequest, own: string): readonly string[] | null {
  const calibrates =
    request.from !== undefined || request.calibrate === true || request.adaptiveRounding === true;
  if (!calibrates) return request.ranges ?? [own];
  if (request.ranges !== undefined)
    throw new UserError('saved ranges and calibration exclude each other', {
      field: '--ranges',
      remedy: 'give --ranges, or --calibrate, --from and --adaptive-rounding',
    });
  return null;
}

/** Quantizes the run in `dir` again into `request.out`. Throws `UserError`. */
export async function quantizeRun(
  dir: string,
  request: QuantizeRunRequest,
  emit: Emit,
): Promise<Requantized> {
  const run = await loadRun(dir);
  const recipe = requested(run.recipe, request);
  const ranges = rangesAsked(request, run.path(RUN_FILES.ranges));
  const target = await loadFpga(recipe.target);
  const budget = await budgetOf(request.budget, request.price, target);
  const draft = await draftRun(request.out, request.replace ?? false);
  const frames = await openRunFrames(recipe, emit);
  try {
    const prepare = request.calibrate === true;
    const { prune } = request;
    const asked = { run, recipe, frames, prepare, ranges, budget, prune, target, draft, emit };
    const made = await requantizeRun(asked);
    await draft.publish();
    return made;
  } catch (error) {
    await draft.discard();
    throw error;
  } finally {
    await frames.source.close();
  }
}
