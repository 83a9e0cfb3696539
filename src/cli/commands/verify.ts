/** `vetoc verify`: every integer of a run's files against the interpreter. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { RUN_FILES } from '../../run/folder.js';
import type { FrameOptionValues } from '../../run/frame-options.js';
import { WITNESS_NAMES, type WitnessName } from '../../run/verification.js';
import { verifyRun, type VerifyRunRequest } from '../../run/verify.js';
import { ORT_PROVIDERS, type OrtProvider } from '../../simulate/ort-session.js';
import { describeVerification } from '../../verify/text.js';
import { say, sayJson, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';

interface Options extends FrameOptionValues {
  readonly frames?: string[];
  readonly count: string;
  readonly random: string;
  readonly aimed: string;
  readonly tries: string;
  readonly drills?: string;
  readonly shrink?: string;
  readonly seed: string;
  readonly witness?: string[];
  readonly provider: OrtProvider[];
  readonly apTypes?: string;
  readonly compiler?: string;
  readonly threads?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

function whole(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < 0)
    throw new UserError(`"${text}" is not a whole number`, {
      field: option,
      remedy: 'give a whole number from 0 up',
    });
  return value;
}

/** Those that were asked for, or all that the run and the environment have something for. */
function witnessNames(
  dir: string,
  given: readonly string[] | undefined,
  apTypes: string | undefined,
): WitnessName[] {
  if (given === undefined)
    return [
      'onnxruntime',
      'csim',
      ...(apTypes === undefined ? [] : (['csim-vendor'] as const)),
      ...(existsSync(join(dir, RUN_FILES.rtl)) ? (['rtl'] as const) : []),
    ];
  return given.map((name) => {
    const known = WITNESS_NAMES.find((w) => w === (name === 'ort' ? 'onnxruntime' : name));
    if (known === undefined)
      throw new UserError(`there is no witness ${name}`, {
        field: '--witness',
        remedy: `use ${WITNESS_NAMES.join(', ')}`,
      });
    return known;
  });
}

function requested(dir: string, options: Options): VerifyRunRequest {
  const { count, aimed, random, tries, seed, drills, shrink, threads, witness, provider, ...rest } = options;
  const apTypes = options.apTypes ?? process.env['VETOC_AP_TYPES'];
  return {
    ...rest,
    count: whole(count, '--count'),
    made: {
      aimed: whole(aimed, '--aimed'),
      random: whole(random, '--random'),
      tries: whole(tries, '--tries'),
      seed: whole(seed, '--seed'),
    },
    ...(drills === undefined ? {} : { drills: whole(drills, '--drills') }),
    ...(shrink === undefined ? {} : { shrink: whole(shrink, '--shrink') }),
    ...(threads === undefined ? {} : { threads: whole(threads, '--threads') }),
    witnesses: witnessNames(dir, witness, apTypes),
    providers: provider,
    ...(apTypes === undefined ? {} : { apTypes }),
  };
}

async function run(dir: string, options: Options): Promise<void> {
  const record = await verifyRun(dir, requested(dir, options), showEvents());
  if (options.json === true) sayJson(record);
  else {
    say(describeVerification(record));
    for (const note of record.notes) say(`Note: ${note}`);
    if (options.dryRun !== true) say(`Written to ${join(dir, RUN_FILES.verification)}.`);
  }
  if (record.verdict !== 'exact') process.exitCode = EXIT.checkFailed;
}

export function define(command: Command): void {
  addFrameOptions(
    command
      .argument('<run>', 'folder of a finished run')
      .option('--frames <file...>', "real frames (default: the run's own calibration frames)")
      .option('--count <n>', 'real frames at most, evenly spread', '200')
      .option('--random <n>', 'random frames', '48')
      .option('--aimed <n>', 'frames aimed at the bounds of single accumulators', '64')
      .option('--tries <n>', 'frames tried in search of ties, saturation and the edge of the decision', '200')
      .option(
        '--drills <n>',
        'drills of single stages at most, 0 for none (default: by the size of the network, 4 to 400)',
      )
      .option(
        '--shrink <n>',
        'frames tried to make one that differs smaller (default: by its size, 150 to 2000)',
      )
      .option('--seed <n>', 'seed of the random frames', '1')
      .option(
        '--simulators, --witness <name...>',
        `witnesses: ${WITNESS_NAMES.join(', ')}, or ort for short (default: all that can be had)`,
      )
      .addOption(
        new Option(
          '--provider <names...>',
          'what ONNX Runtime runs on, one witness each; a missing one is named',
        )
          .choices(ORT_PROVIDERS)
          .default(['cpu']),
      )
      .option('--ap-types <dir>', "folder of the vendor's ap_int.h and ap_fixed.h (or VETOC_AP_TYPES)")
      .option('--compiler <name>', 'C++ compiler of the C simulation', 'g++')
      .option('--threads <n>', 'threads of the interpreter (default: all cores)')
      .option('--dry-run', 'leave verify.json as it is')
      .option('--json', 'print JSON'),
  )
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc verify out/demo --frames night1.h5 --count 1000\n  vetoc verify out/demo --simulators ort --provider cpu webgpu cuda\n\nExit code 0: exact; 1: different, or incomplete because a witness is missing.`,
    )
    .action(run);
}
