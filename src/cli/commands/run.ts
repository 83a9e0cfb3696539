/** `vetoc run`: from frames to verified firmware with one command. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { backendNameSchema } from '../../tensorflow/backend-name.js';
import { UserError } from '../../core/errors.js';
import { say, sayEvent, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { evaluationsJson } from '../../report/evaluation-text.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { statedFrameOptions, type FrameOptionValues } from '../../run/frame-options.js';
import { modelHash } from '../../frontends/model-file.js';
import { BUDGET_HELP, budgetOption } from '../quantization-options.js';
import { runPipeline } from '../../run/pipeline.js';
import { atRecipe, forModel, loadRecipe, withAbsolutePaths, type Recipe } from '../../run/recipe.js';
import { draftRun, RUN_FILES } from '../../run/folder.js';

interface Options extends FrameOptionValues {
  readonly frames?: string[];
  readonly model?: string;
  readonly target?: string;
  readonly out?: string;
  readonly seed?: string;
  readonly backend: string;
  readonly replace?: boolean;
  readonly dumpIr?: string;
  readonly budget?: string;
  readonly json?: boolean;
}

function integer(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0 || value > 2 ** 32 - 1)
    throw new UserError(`"${text}" is not a whole number`, {
      field: option,
      remedy: 'give a whole number from 0 to 4294967295',
    });
  return value;
}

/** The recipe with what the command line says otherwise. */
async function requested(name: string, options: Options): Promise<Recipe> {
  const stated = await loadRecipe(name);
  const recipe = options.model === undefined ? stated : forModel(stated, name);
  return withAbsolutePaths({
    ...recipe,
    ...(options.frames === undefined
      ? {}
      : { frames: { kind: 'files', paths: options.frames, options: statedFrameOptions(options) } }),
    ...(options.model === undefined
      ? {}
      : { model: { path: options.model, sha256: await modelHash(options.model) } }),
    ...(options.target === undefined ? {} : { target: options.target }),
    ...(options.seed === undefined ? {} : { seed: integer(options.seed, '--seed') }),
  });
}

async function run(name: string, options: Options): Promise<void> {
  try {
    await runRecipe(name, options);
  } catch (error) {
    // Whoever reads along learns from the last line how it ended.
    if (options.json === true)
      sayEvent({ event: 'error', problem: error instanceof Error ? error.message : String(error) });
    throw error;
  }
}

async function runRecipe(name: string, options: Options): Promise<void> {
  const recipe = await requested(name, options);
  const backend = backendNameSchema.safeParse(options.backend);
  if (!backend.success)
    throw new UserError(`there is no back end ${options.backend}`, {
      field: '--backend',
      remedy: `use one of ${backendNameSchema.options.join(', ')}`,
    });
  const out = options.out ?? join('out', recipe.name);
  const draft = await draftRun(out, options.replace ?? false);
  const stop = (): void => {
    if (options.json === true) sayEvent({ event: 'error', problem: 'interrupted' });
    // The process ends here, once nothing of the draft is left.
    void draft.discard().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const { verification, evaluations } = await runPipeline({
      recipe,
      draft,
      backend: backend.data,
      dumpIr: options.dumpIr ?? null,
      budget: budgetOption(options.budget),
      emit: showEvents(options.json === true ? { onEvent: sayEvent } : {}),
      apTypes: process.env['VETOC_AP_TYPES'],
    });
    await draft.publish();
    if (options.json === true)
      sayEvent({
        event: 'result',
        out,
        verdict: verification.verdict,
        evaluations: evaluationsJson(evaluations),
      });
    else {
      say(`\nThe run is in ${out}. Open ${join(out, RUN_FILES.report)} in a browser.`);
      say('What to try next:');
      say(`  vetoc evaluate ${out} --frames YOUR_FRAMES.h5    what it keeps and loses on other frames`);
      say(`  make -C ${join(out, RUN_FILES.hls)} check           the firmware's own test bench, with g++`);
    }
    if (verification.verdict !== 'exact') process.exitCode = EXIT.checkFailed;
  } catch (error) {
    await draft.discard();
    throw atRecipe(error, name);
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

export function define(command: Command): void {
  command
    .argument('[recipe]', 'name of a recipe that comes with vetoc, or path of a .json file', 'veto')
    .option('--frames <file...>', "train and test on these frames instead of the recipe's")
    .option(
      '--model <file>',
      'take this trained network (.onnx, .keras, .h5, model.json) instead of training one',
    )
    .option('--target <name>', 'board to build firmware for (vetoc targets lists them)')
    .option('--out <dir>', 'folder of the run (default: out/RECIPE)')
    .option('--seed <n>', 'seed of everything random')
    .option('--backend <name>', 'auto, tensorflow, wasm or cpu', 'auto')
    .option('--dump-ir <dir>', 'write the graph after every pass of quantization, as text')
    .option('--budget <points>', BUDGET_HELP)
    .option('--replace', 'replace the run that stands in the folder')
    .option('--json', 'print events as they come, and the result, as JSON: an object a line');
  addFrameOptions(command)
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExamples:\n  vetoc run demo\n  vetoc run --frames night1.h5 --target kcu1500 --out out/night1\n` +
        "  vetoc run --frames 'night/*.cbf' --labels night.csv --mask bad:pixels.npy --out out/night\n" +
        '  vetoc run --model my.onnx --frames night1.h5 --out out/mine',
    )
    .action(run);
}
