/** Every integer of a finished run's files against the interpreter, on frames of files and made frames. */
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import type { FrameSource } from '../data/frames.js';
import type { OrtProvider } from '../backends/onnx/ort/session.js';
import type { NamedFrame } from '../verify/frames.js';
import { beginStage, type Emit } from './events.js';
import { canBeProved } from './proofs.js';
import { loadRun, RUN_FILES, type Run } from './folder.js';
import type { FrameOptionValues } from './frame-options.js';
import { checkFrameSize } from './frames-for-network.js';
import { openFrameArguments } from './open-frames.js';
import { evenly, openRunFrames } from './stages/frames.js';
import { syntheticFrames, usualDrills, verifyFolder } from './verification.js';
import type { SyntheticOptions, VerificationRecord } from './verification.js';
import { verificationPage } from './verification-summary.js';
import { preparationOf, witnessesFor, witnessOf } from './witnesses.js';

export interface VerifyRunRequest extends FrameOptionValues {
  /** Real frames; the run's own calibration frames unless given. At most `count`, evenly spread. */
  readonly frames?: readonly string[];
  readonly count: number;
  readonly made: SyntheticOptions;
  /** Drills of single stages at most; as many as the size of the network allows unless given. */
  readonly drills?: number;
  /** Frames tried to make one that differs smaller. */
  readonly shrink?: number;
  /** All that the run and the machine have something for unless given. */
  readonly witnesses?: readonly string[];
  readonly providers: readonly OrtProvider[];
  readonly apTypes?: string;
  readonly compiler?: string;
  readonly threads?: number;
  /** Ask Yosys for what holds of the RTL for all inputs, where that is not known of its files. */
  readonly prove?: boolean;
  /** Leave `verify.json` as it is. */
  readonly dryRun?: boolean;
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
  emit: Emit,
): Promise<{ readonly source: FrameSource; readonly indices: readonly number[] } | string> {
  try {
    const { source, partition } = await openRunFrames(run.recipe, emit);
    return { source, indices: evenly(partition.calibration, count) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return `no calibration frames: ${error.message}`;
  }
}

async function askedFrames(
  run: Run,
  { count, made, ...options }: VerifyRunRequest,
  emit: Emit,
): Promise<Asked> {
  const synthetic = syntheticFrames(run.fixed, made);
  const kind = options.frames === undefined ? 'calibration' : 'file';
  const real =
    options.frames === undefined
      ? await calibrationFrames(run, count, emit)
      : await openFrameArguments(options.frames, options, emit).then(({ source }) => ({
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

/** Frames on which coverage is counted. */
const COVERAGE_FRAMES = 32;

/** Verifies the run in `dir`, and writes the record unless told otherwise. Throws `UserError`. */
export async function verifyRun(
  dir: string,
  request: VerifyRunRequest,
  emit: Emit,
): Promise<VerificationRecord> {
  const run = await loadRun(dir);
  const { providers, apTypes, compiler, threads, shrink, made } = request;
  const witnesses = request.witnesses ?? witnessesFor(dir, apTypes);
  // One that does not exist is named before frames are read.
  witnesses.forEach(witnessOf);
  if (request.prove === true && !(await canBeProved(dir)))
    throw new UserError(`${dir} holds nothing that can be proved`, {
      field: '--prove',
      remedy: `vetoc export rtl ${dir} --out ${join(dir, 'rtl')} --replace writes the RTL with its proofs`,
    });
  const asked = await askedFrames(run, request, emit);
  const drills = request.drills ?? usualDrills(run.fixed).most;
  try {
    const progress = beginStage(emit, 'Verify');
    const preparation = preparationOf(witnesses);
    if (preparation !== null) progress.update(0, asked.total, { of: 'witnesses', prepare: preparation });
    const record = await verifyFolder(dir, run.fixed, asked.frames, {
      witnesses,
      providers,
      ...(apTypes === undefined ? {} : { apTypes }),
      ...(compiler === undefined ? {} : { compiler }),
      ...(threads === undefined ? {} : { threads }),
      ...(shrink === undefined ? {} : { minimizeBudget: shrink }),
      coverageFrames: COVERAGE_FRAMES,
      ...(drills === 0 ? {} : { drills: { most: drills, seed: made.seed } }),
      ...(request.prove === true
        ? {
            prove: {
              onProgress: (done, total) => {
                progress.update(done, total, { of: 'proofs' });
              },
            },
          }
        : {}),
      notes: asked.notes,
      onProgress: (done) => {
        progress.update(done, asked.total, { of: 'frames' });
      },
    });
    progress.finish({ kind: 'verified', frames: asked.total, record });
    if (request.dryRun !== true) {
      await writeFileAtomic(join(dir, RUN_FILES.verification), `${JSON.stringify(record, null, 2)}\n`);
      await writeFileAtomic(join(dir, RUN_FILES.verificationPage), verificationPage(run.recipe.name, record));
    }
    return record;
  } finally {
    await asked.close();
  }
}
