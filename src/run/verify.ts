/** Every integer of a finished run's files against the interpreter, on frames of files and made frames. */
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import type { FixedGraph } from '../ir/graph.js';
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
import { networkOnWords, openWords, syntheticWords, writeOnWords } from './words.js';
import { preparationOf, witnessesFor, witnessOf } from './witnesses.js';

export interface VerifyRunRequest extends FrameOptionValues {
  /** Real frames; the run's own calibration frames unless given. At most `count`, evenly spread. */
  readonly frames?: readonly string[];
  /** Raw words in their place: the network that starts at them, with `maps`, is written to `raw` in the run and verified there. */
  readonly raw?: readonly string[];
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

/** What is verified, and on what. */
interface Subject {
  /** Where its files stand. */
  readonly dir: string;
  readonly fixed: FixedGraph;
  readonly asked: Asked;
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

/** The network of `run` on the words of `files`, whose files are written anew. */
async function wordsSubject(
  run: Run,
  files: readonly string[],
  request: VerifyRunRequest,
  emit: Emit,
): Promise<Subject> {
  if (request.frames !== undefined)
    throw new UserError('are given beside --raw', { field: '--frames', remedy: 'give one of them' });
  const raw = await networkOnWords(run, request);
  const opened = await openWords(files, request, raw, request.count, emit);
  try {
    const made = syntheticWords(run, raw, request.made);
    const dir = await writeOnWords(run, raw, emit);
    const frames = async function* (): AsyncGenerator<NamedFrame> {
      yield* made;
      yield* opened.frames;
    };
    const asked = { frames: frames(), total: made.length + opened.count, notes: [], close: opened.close };
    return { dir, fixed: raw.graph, asked };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

const subjectOf = async (run: Run, request: VerifyRunRequest, emit: Emit): Promise<Subject> =>
  request.raw === undefined
    ? { dir: run.dir, fixed: run.fixed, asked: await askedFrames(run, request, emit) }
    : wordsSubject(run, request.raw, request, emit);

/** Frames on which coverage is counted. */
const COVERAGE_FRAMES = 32;

/** Throws `UserError` where nothing in `dir` can be proved. */
async function checkProvable(dir: string): Promise<void> {
  if (await canBeProved(dir)) return;
  throw new UserError(`${dir} holds nothing that can be proved`, {
    field: '--prove',
    remedy: `vetoc export rtl ${dir} --out ${join(dir, 'rtl')} --replace writes the RTL with its proofs`,
  });
}

/** Verifies the run in `folder`, and writes the record unless told otherwise. Throws `UserError`. */
export async function verifyRun(
  folder: string,
  request: VerifyRunRequest,
  emit: Emit,
): Promise<VerificationRecord> {
  const run = await loadRun(folder);
  const { providers, apTypes, compiler, threads, shrink, made } = request;
  // One that does not exist is named before frames are read.
  request.witnesses?.forEach(witnessOf);
  const { dir, fixed, asked } = await subjectOf(run, request, emit);
  const witnesses = request.witnesses ?? witnessesFor(dir, apTypes);
  const drills = request.drills ?? usualDrills(fixed).most;
  try {
    if (request.prove === true) await checkProvable(dir);
    const progress = beginStage(emit, 'Verify');
    const preparation = preparationOf(witnesses);
    if (preparation !== null) progress.update(0, asked.total, { of: 'witnesses', prepare: preparation });
    const record = await verifyFolder(dir, fixed, asked.frames, {
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
      if (dir === folder)
        await writeFileAtomic(
          join(dir, RUN_FILES.verificationPage),
          verificationPage(run.recipe.name, record),
        );
    }
    return record;
  } finally {
    await asked.close();
  }
}
