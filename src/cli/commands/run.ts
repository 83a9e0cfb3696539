/** `vetoc run`: from frames to verified firmware with one command. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import {
  backendNameSchema,
  evaluationsJson,
  type RunOutcome,
  type StartRequest,
  startRun,
} from '../../index.js';
import { finishedText } from '../../text/index.js';
import { say, sayEvent, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { whenInterrupted } from '../interrupt.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { choiceOption, wholeOption } from '../option-values.js';
import { addBudgetOptions } from '../quantization-options.js';
import { output } from '../outputs.js';

interface Options extends Omit<StartRequest, 'recipe' | 'budget'> {
  readonly budget?: number | null;
  readonly json?: boolean;
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

function report(out: string, { verification, evaluations }: RunOutcome, json: boolean): void {
  const { verdict } = verification;
  if (json) sayEvent({ event: 'result', out, verdict, evaluations: evaluationsJson(evaluations) });
  else say(finishedText(out));
  if (verdict !== 'exact') process.exitCode = EXIT.checkFailed;
}

async function runRecipe(
  recipe: string,
  { json = false, budget = null, ...options }: Options,
): Promise<void> {
  const apTypes = process.env['VETOC_AP_TYPES'];
  const started = await startRun({
    ...options,
    recipe,
    budget,
    ...(apTypes === undefined ? {} : { apTypes }),
  });
  const calm = whenInterrupted(() => {
    if (json) sayEvent({ event: 'error', problem: 'interrupted' });
    const checkpoints = `${started.out}.checkpoints`;
    const kept = existsSync(checkpoints)
      ? `what was trained is kept in ${checkpoints}: repeat the command to go on from there`
      : 'nothing is kept, nothing that was there before is changed';
    process.stderr.write(`\ninterrupted: ${kept}\n`);
  });
  try {
    report(started.out, await started.run(showEvents(json ? { onEvent: sayEvent } : {})), json);
  } finally {
    calm();
  }
}

export function define(command: Command): void {
  addBudgetOptions(command)
    .argument('[recipe]', 'name of a recipe that comes with vetoc, or path of a .json file', 'veto')
    .option('--frames <file...>', "train and test on these frames instead of the recipe's")
    .option(
      '--model <file>',
      'take this trained network (.onnx, .keras, .h5, model.json) instead of training one',
    )
    .option('--target <name>', 'board to build firmware for (vetoc targets lists them)')
    .option('--out <dir>', 'folder of the run (default: out/RECIPE)')
    .option('--seed <n>', 'seed of everything random', wholeOption('--seed', 0, 2 ** 32 - 1))
    .option(
      '--backend <name>',
      'auto, tensorflow, onnxruntime, wasm or cpu',
      choiceOption('--backend', backendNameSchema.options),
      'auto',
    )
    .addOption(
      output(
        '--dump-ir <dir>',
        'write every level of the compile as text: the graph after every pass, plan and schedule of the firmware',
      ),
    )
    .option(
      '--split <what>',
      'modules=8: a front end on each of 8 modules, and one decision (src/run/modules.md)',
    )
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
