/** `vetoc verify`: every integer of a run's files against the interpreter. */
import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { UserError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import type { FrameSource } from '../../data/frames.js';
import type { FixedGraph } from '../../ir/graph.js';
import { ORT_PROVIDERS, type OrtProvider } from '../../simulate/ort-session.js';
import { describeVerification } from '../../verify/text.js';
import type { DrillOptions } from '../../verify/drills/make.js';
import type { NamedFrame } from '../../verify/frames.js';
import { say, sayJson, showEvents } from '../console.js';
import { EXIT } from '../exit.js';
import { addFrameOptions, FRAME_HELP } from '../frame-arguments.js';
import { openFrameArguments } from '../../run/open-frames.js';
import type { FrameOptionValues } from '../../run/frame-options.js';
import { openRunFrames } from '../../run/stages/frames.js';
import { evenly } from '../../run/stages/frames.js';
import { loadRun, RUN_FILES, type Run } from '../../run/folder.js';
import {
  syntheticFrames,
  usualDrills,
  verifyFolder,
  WITNESS_NAMES,
  type WitnessName,
} from '../../run/verification.js';
import { checkFrameSize } from '../../run/frames-for-network.js';
import { beginStage } from '../../run/events.js';

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

function witnessNames(given: readonly string[] | undefined, apTypes: string | undefined): WitnessName[] {
  if (given === undefined) return apTypes === undefined ? ['onnxruntime', 'csim'] : [...WITNESS_NAMES];
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

/** Frames from a source, read when their turn comes. */
async function* realFrames(
  source: FrameSource,
  indices: readonly number[],
  kind: 'file' | 'calibration',
): AsyncGenerator<NamedFrame> {
  for (const index of indices) {
    const { file, index: inFile } = source.origin(index);
    yield { name: `${file} frame ${inFile}`, kind, pixels: (await source.read(index)).pixels };
  }
}

interface Asked {
  readonly frames: AsyncIterable<NamedFrame>;
  readonly total: number;
  readonly notes: readonly string[];
  readonly close: () => Promise<void>;
}

/** The run's own calibration frames, or a note that says why there are none. */
async function calibrationFrames(
  run: Run,
  count: number,
): Promise<{ readonly source: FrameSource; readonly indices: readonly number[] } | string> {
  try {
    const { source, partition } = await openRunFrames(run.recipe, showEvents());
    return { source, indices: evenly(partition.calibration, count) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `no calibration frames: ${error.message}`;
  }
}

async function askedFrames(run: Run, options: Options): Promise<Asked> {
  const count = whole(options.count, '--count');
  const synthetic = syntheticFrames(run.fixed, {
    aimed: whole(options.aimed, '--aimed'),
    random: whole(options.random, '--random'),
    tries: whole(options.tries, '--tries'),
    seed: whole(options.seed, '--seed'),
  });
  const kind = options.frames === undefined ? 'calibration' : 'file';
  const real =
    options.frames === undefined
      ? await calibrationFrames(run, count)
      : await openFrameArguments(options.frames, options, showEvents()).then(({ source }) => ({
          source,
          indices: evenly(
            Array.from({ length: source.count }, (_, i) => i),
            count,
          ),
        }));
  if (typeof real === 'string')
    return {
      frames: (async function* () {
        yield* synthetic;
      })(),
      total: synthetic.length,
      notes: [real],
      close: () => Promise.resolve(),
    };
  const { source, indices } = real;
  checkFrameSize(source, run.fixed);
  return {
    frames: (async function* () {
      yield* synthetic;
      yield* realFrames(source, indices, kind);
    })(),
    total: synthetic.length + indices.length,
    notes: [],
    close: () => source.close(),
  };
}

/** Drills of single stages, as many as asked for or as the network's size allows; none for 0. */
function drillOptions(fixed: FixedGraph, { drills, seed }: Options): { readonly drills?: DrillOptions } {
  const usual = usualDrills(fixed);
  const most = drills === undefined ? usual.most : whole(drills, '--drills');
  return most === 0 ? {} : { drills: { most, seed: whole(seed, '--seed') } };
}

async function runVerify(dir: string, options: Options): Promise<void> {
  const run = await loadRun(dir);
  const apTypes = options.apTypes ?? process.env['VETOC_AP_TYPES'];
  const witnesses = witnessNames(options.witness, apTypes);
  const asked = await askedFrames(run, options);
  try {
    const progress = beginStage(showEvents(), 'Verify');
    if (witnesses.some((name) => name.startsWith('csim')))
      progress.update(0, asked.total, 'compiling the C++');
    const record = await verifyFolder(dir, run.fixed, asked.frames, {
      witnesses,
      providers: options.provider,
      ...(apTypes === undefined ? {} : { apTypes }),
      ...(options.compiler === undefined ? {} : { compiler: options.compiler }),
      ...(options.threads === undefined ? {} : { threads: whole(options.threads, '--threads') }),
      ...(options.shrink === undefined ? {} : { minimizeBudget: whole(options.shrink, '--shrink') }),
      coverageFrames: 32,
      ...drillOptions(run.fixed, options),
      notes: asked.notes,
      onProgress: (done) => {
        progress.update(done, asked.total, 'frames');
      },
    });
    progress.finish(record.verdict);
    if (options.dryRun !== true)
      await writeFileAtomic(join(dir, RUN_FILES.verification), `${JSON.stringify(record, null, 2)}\n`);
    if (options.json === true) sayJson(record);
    else {
      say(describeVerification(record));
      for (const note of record.notes) say(`Note: ${note}`);
      if (options.dryRun !== true) say(`Written to ${join(dir, RUN_FILES.verification)}.`);
    }
    if (record.verdict !== 'exact') process.exitCode = EXIT.checkFailed;
  } finally {
    await asked.close();
  }
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
    .action(runVerify);
}
