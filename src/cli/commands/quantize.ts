/** `vetoc quantize`: a finished run at other widths, without training. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { loadFpga } from '../../targets/load.js';
import { say, sayJson, showEvents } from '../console.js';
import { evaluationsJson } from '../../report/evaluation-text.js';
import { openRunFrames } from '../../run/stages/frames.js';
import { requantizeRun } from '../../run/requantize.js';
import { BUDGET_HELP, budgetOption } from '../quantization-options.js';
import { parseRecipe, type Recipe } from '../../run/recipe.js';
import { draftRun, loadRun, RUN_FILES } from '../../run/folder.js';

interface Options {
  readonly out: string;
  readonly weightBits?: string;
  readonly activationBits?: string;
  readonly edgeBits?: string;
  readonly observer?: string;
  readonly adaptiveRounding?: boolean;
  readonly from?: string[];
  readonly calibrate?: boolean;
  readonly ranges?: string[];
  readonly budget?: string;
  readonly target?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** The recipe of the run with what the command line says otherwise, checked like any recipe. */
function requested(recipe: Recipe, options: Options): Recipe {
  const { weightBits, activationBits, edgeBits, observer, from, target } = options;
  const changed = {
    ...recipe,
    ...(target === undefined ? {} : { target }),
    calibration: {
      ...recipe.calibration,
      ...(observer === undefined ? {} : { observer }),
      ...(from === undefined ? {} : { from: from[0] === 'set' ? 'set' : from.map((path) => resolve(path)) }),
    },
    quantization: {
      ...recipe.quantization,
      ...(weightBits === undefined ? {} : { weightBits: Number(weightBits) }),
      ...(activationBits === undefined ? {} : { activationBits: Number(activationBits) }),
      ...(edgeBits === undefined ? {} : { edgeBits: edgeBits === 'same' ? null : Number(edgeBits) }),
      ...(options.adaptiveRounding === true ? { adaptiveRounding: true } : {}),
    },
  };
  return parseRecipe(JSON.stringify(changed), 'the command line');
}

/** Saved ranges unless frames are asked for; null: calibrate. */
function rangesAsked(options: Options, own: string): readonly string[] | null {
  const calibrates =
    options.from !== undefined || options.calibrate === true || options.adaptiveRounding === true;
  if (!calibrates) return options.ranges ?? [own];
  if (options.ranges !== undefined)
    throw new UserError('saved ranges and calibration exclude each other', {
      field: '--ranges',
      remedy: 'give --ranges, or --calibrate, --from and --adaptive-rounding',
    });
  return null;
}

async function run(dir: string, options: Options): Promise<void> {
  const finished = await loadRun(dir);
  const recipe = requested(finished.recipe, options);
  const ranges = rangesAsked(options, finished.path(RUN_FILES.ranges));
  const target = await loadFpga(recipe.target);
  const draft = await draftRun(options.out, options.replace ?? false);
  const emit = showEvents();
  const frames = await openRunFrames(recipe, emit);
  try {
    const { evaluations, quantized, fixed } = await requantizeRun({
      run: finished,
      recipe,
      frames,
      prepare: options.calibrate === true,
      ranges,
      budget: budgetOption(options.budget),
      target,
      draft,
      emit,
    });
    await draft.publish();
    if (options.json === true)
      sayJson({
        out: options.out,
        quantization: quantized.quantization,
        threshold: fixed.threshold,
        evaluations: evaluationsJson(evaluations),
      });
    else {
      say(`The network is in ${options.out}. What to try next:`);
      say(`  vetoc compare ${options.out} --frames YOUR_FRAMES.h5    what it decides otherwise than float`);
      say(`  vetoc verify ${options.out}                             that all forms give the same bits`);
    }
  } catch (error) {
    await draft.discard();
    throw error;
  } finally {
    await frames.source.close();
  }
}

export function define(command: Command): void {
  command
    .argument('<run>', 'folder of a finished run')
    .requiredOption('--out <dir>', 'folder to write, in the form of a run')
    .option('--weight-bits <n>', 'bits of weights, 2 to 16')
    .option('--activation-bits <n>', 'bits of activations, 2 to 16')
    .option('--edge-bits <n>', 'bits of the first and last layer, or: same')
    .option('--observer <name>', 'min-max, percentile, mse, entropy or peak-safe')
    .option('--adaptive-rounding', 'choose the rounding of every weight on calibration frames')
    .option('--calibrate', 'fold, equalise and calibrate again instead of keeping what the run did')
    .option('--from <files...>', 'calibrate on these frames, or: set (the small set that comes with vetoc)')
    .option('--ranges <files...>', "use saved ranges, merged (default: the run's own)")
    .option('--budget <points>', BUDGET_HELP)
    .option('--target <board>', 'board whose cost the budget saves')
    .option('--replace', 'replace the folder if it is there')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  vetoc quantize out/demo --out out/demo-narrow --budget 0.5')
    .action(run);
}
