/** `vetoc slurm`: audits, and runs with several seeds, as arrays of a cluster. */
import type { Command } from 'commander';
import {
  slurmAudit,
  slurmAuditScripts,
  type SlurmAuditRequest,
  type SlurmScripts,
  slurmSweep,
  slurmWords,
  sweepScripts,
  sweepWords,
} from '../../index.js';
import { arrayOutcomeText, runsTable, slurmScriptsText } from '../../text/index.js';
import { addAuditOptions } from '../audit-options.js';
import { answer, type Asked, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { addFrameOptions } from '../frame-arguments.js';
import { positiveOption, wholeOption } from '../option-values.js';

interface Options extends Asked {
  readonly dryRun?: boolean;
  readonly poll: number;
  readonly vetoc?: string;
}

/** How tasks are submitted, and the words of their commands: they start this program as it was started, unless told otherwise. */
function submitted({ parent }: Command, { poll, vetoc }: Options) {
  const started = [process.execPath, ...process.execArgv, process.argv[1]!];
  const words = slurmWords(parent?.parent?.args ?? []);
  return { poll, cwd: process.cwd(), ...words, vetoc: vetoc === undefined ? started : vetoc.split(/\s+/) };
}

function show(options: Asked, scripts: SlurmScripts): void {
  answer(options, scripts, () => slurmScriptsText(scripts));
}

async function audit(
  dir: string,
  _: readonly string[],
  options: SlurmAuditRequest['audit'] & Options & { readonly shards: number },
  command: Command,
): Promise<void> {
  const request = { ...submitted(command, options), audit: options, shards: options.shards };
  if (options.dryRun === true) return show(options, await slurmAuditScripts(dir, request, showEvents()));
  const outcome = await slurmAudit(dir, request, showEvents());
  const { failed, damaged, afterCode } = outcome;
  if (failed.length + damaged.length > 0 || afterCode !== 0) process.exitCode = EXIT.checkFailed;
  answer(options, outcome, () => arrayOutcomeText(outcome));
}

async function run(
  given: readonly string[],
  options: Options & { readonly seeds: number; readonly out: string },
  command: Command,
): Promise<void> {
  const how = submitted(command, options);
  const recipes = given.slice(0, given.length - how.sbatch.length);
  const { seeds, out } = options;
  const request = { ...how, recipes, seeds, out, words: sweepWords(how.words, recipes) };
  if (options.dryRun === true) return show(options, await sweepScripts(request));
  const outcome = await slurmSweep(request, showEvents());
  if (outcome.failed.length > 0) process.exitCode = EXIT.checkFailed;
  answer(options, outcome, () => `${runsTable(outcome.runs)}\n${arrayOutcomeText(outcome)}`);
}

const addSlurmOptions = (command: Command): Command =>
  command
    .option('--dry-run', 'print the scripts, and write and submit nothing')
    .option('--poll <s>', 'seconds between two looks at the queue', positiveOption('--poll'), 10)
    .option('--vetoc <command>', 'what starts vetoc on a node (default: what started this one)')
    .option('--json', 'print JSON');

export function define(command: Command): void {
  addAuditOptions(
    addSlurmOptions(
      command
        .command('audit')
        .description('Audit in shards: an array and its merge, submitted, followed, and what failed named.')
        .argument('<run>', 'folder of a finished run')
        .argument('[sbatch...]', 'options for sbatch, behind --')
        .requiredOption('--frames <file...>', 'frames to audit, as of vetoc audit')
        .requiredOption('--shards <n>', 'tasks of the array', wholeOption('--shards', 1, 100_000)),
    ),
  )
    .addHelpText(
      'after',
      `
Given again, the command follows what is at work, or submits what is missing. Shards that are whole are never made twice.

Example:
  vetoc slurm audit out/demo --frames night1.h5 --out shared --shards 4 --dry-run -- --partition=day --time=4:00:00`,
    )
    .action(audit);
  const sweep = command
    .command('run')
    .description('Run recipes with several seeds, a task each, and list what came out.')
    .argument('<recipe...>', 'recipes by name or file; options for sbatch behind --')
    .requiredOption('--seeds <n>', 'seeds of each recipe, from 1 on', wholeOption('--seeds', 1, 10_000))
    .requiredOption('--out <dir>', 'folder for the runs, each in RECIPE-SEED')
    .option('--frames <file...>', "train and test on these frames instead of the recipe's")
    .option('--target <name>', 'board to build firmware for');
  addFrameOptions(addSlurmOptions(sweep))
    .addHelpText(
      'after',
      '\nExample:\n  vetoc slurm run demo --seeds 5 --out sweep --dry-run -- --cpus-per-task=4 --time=1:00:00',
    )
    .action(run);
}
