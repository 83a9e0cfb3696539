/** `vetoc verify`: every integer of a run's files against the interpreter. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { ORT_PROVIDERS, type OrtProvider } from '../../backends/onnx/index.js';
import { RUN_FILES, verifyRun, type VerifyRunRequest, WITNESS_NAMES } from '../../index.js';
import { describeVerification } from '../../text/index.js';
import { say, sayJson, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { wholeOption } from '../option-values.js';

interface Options extends Omit<VerifyRunRequest, 'made' | 'witnesses' | 'providers'> {
  readonly random: number;
  readonly aimed: number;
  readonly tries: number;
  readonly seed: number;
  readonly witness?: readonly string[];
  readonly provider: readonly OrtProvider[];
  readonly json?: boolean;
}

const from0 = (name: string) => wholeOption(name, 0, Number.MAX_SAFE_INTEGER);

function requested({ aimed, random, tries, seed, witness, provider, ...rest }: Options): VerifyRunRequest {
  const apTypes = rest.apTypes ?? process.env['VETOC_AP_TYPES'];
  return {
    ...rest,
    made: { aimed, random, tries, seed },
    ...(witness === undefined ? {} : { witnesses: witness.map((w) => (w === 'ort' ? 'onnxruntime' : w)) }),
    providers: provider,
    ...(apTypes === undefined ? {} : { apTypes }),
  };
}

async function run(dir: string, options: Options): Promise<void> {
  const record = await verifyRun(dir, requested(options), showEvents());
  if (options.json === true) sayJson(record);
  else {
    say(describeVerification(record));
    for (const note of record.notes) say(`Note: ${note}`);
    if (options.dryRun !== true)
      say(
        `Written to ${join(dir, options.raw === undefined ? '' : RUN_FILES.onWords, RUN_FILES.verification)}.`,
      );
  }
  if (record.verdict !== 'exact') process.exitCode = EXIT.checkFailed;
}

export function define(command: Command): void {
  addFrameOptions(
    command
      .argument('<run>', 'folder of a finished run')
      .option('--frames <file...>', "real frames (default: the run's own calibration frames)")
      .option('--raw <file...>', 'frames of raw words: verify the network that starts at them, with --maps')
      .option('--count <n>', 'real frames at most, evenly spread', from0('--count'), 200)
      .option('--random <n>', 'random frames', from0('--random'), 48)
      .option('--aimed <n>', 'frames aimed at the bounds of single accumulators', from0('--aimed'), 64)
      .option(
        '--tries <n>',
        'frames tried in search of ties, saturation and the edge of the decision',
        from0('--tries'),
        200,
      )
      .option(
        '--drills <n>',
        'drills of single stages at most, 0 for none (default: by the size of the network, 4 to 400)',
        from0('--drills'),
      )
      .option(
        '--shrink <n>',
        'frames tried to make one that differs smaller (default: by its size, 150 to 2000)',
        from0('--shrink'),
      )
      .option('--seed <n>', 'seed of the random frames', from0('--seed'), 1)
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
      .option('--threads <n>', 'threads of the interpreter (default: all cores)', from0('--threads'))
      .option(
        '--prove',
        'also ask Yosys for what holds of the RTL for all inputs, where that is not known yet',
      )
      .option('--dry-run', 'leave verify.json as it is')
      .option('--json', 'print JSON'),
  )
    .addHelpText(
      'after',
      `${FRAME_HELP}\n\nExample:\n  vetoc verify out/demo --frames night1.h5 --count 1000\n  vetoc verify out/demo --simulators ort --provider cpu webgpu cuda\n  vetoc verify out/demo --raw words.h5 --maps words.truth.h5 --photon-energy 9537\n\nExit code 0: exact; 1: different, or incomplete because a witness is missing.`,
    )
    .action(run);
}
