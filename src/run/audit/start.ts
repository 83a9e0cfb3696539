/** Starting or continuing an audit: what is audited with what, and the sitting itself. */
import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { lsb } from '../../fixed/format.js';
import { findNode, inputNode, type FixedGraph, type FloatGraph } from '../../ir/graph.js';
import { serializeGraph } from '../../ir/serialize.js';
import type { AuditIdentity } from '../../audit/identity.js';
import { openLedgerForAudit, type GrowingLedger } from '../../audit/ledger.js';
import { BLOCK_FRAMES, runAudit, type AuditOutcome, type ReferenceFrames } from '../../audit/run-audit.js';
import { openSpec, type FinderSpec, type FramesSpec, type ProcessorSetup } from '../../audit/setup.js';
import { createWorkerProcessor } from '../../audit/worker-processor.js';
import { parseSpotParameters } from '../../spotfind/parameters.js';
import { beginStage, type Emit, type Progress } from '../events.js';
import { statedGeometry, type FinderOptionValues } from '../finder-options.js';
import { frameOptions, type FrameOptionValues } from '../frame-options.js';
import { tellWarnings } from '../open-frames.js';
import { openRunFrames } from '../stages/frames.js';
import type { Recipe } from '../recipe.js';
import { loadRun, type Run } from '../folder.js';

export interface AuditRequest extends FrameOptionValues, FinderOptionValues {
  readonly frames: readonly string[];
  readonly out?: string;
  /** Training frames to compare with; 0 for none. */
  readonly reference: number;
  readonly threads?: number;
}

/** Folder of an audit of the run in `dir`, unless told otherwise. */
export const auditFolder = (dir: string, out: string | undefined): string => out ?? join(dir, 'audit');

/** Starts or continues the audit; returns with its ledger open. The caller closes it. */
export async function audit(
  dir: string,
  options: AuditRequest,
  signal: AbortSignal,
  emit: Emit,
): Promise<{ readonly ledger: GrowingLedger; readonly outcome: AuditOutcome }> {
  const run = await loadRun(dir);
  const finder: FinderSpec = { algorithm: options.algorithm, parameters: options.param };
  parseSpotParameters(finder.algorithm, finder.parameters);
  const frames: FramesSpec = { kind: 'files', paths: options.frames, options: frameOptions(options) };
  const stated = statedGeometry(options);
  const setup: ProcessorSetup = { frames, networks: { fixed: run.fixed, float: run.float }, finder, stated };
  const threads = options.threads ?? Math.min(8, availableParallelism());
  const ledger = await openLedgerForAudit(
    auditFolder(dir, options.out),
    await identify(dir, run, options, setup, emit),
  );
  const processor = createWorkerProcessor(setup, threads);
  try {
    const outcome = await sitting(
      ledger,
      processor,
      signal,
      referenceOpener(run, options, setup, threads, emit),
      emit,
    );
    return { ledger, outcome };
  } catch (error) {
    await ledger.close();
    throw error;
  } finally {
    await processor.close();
  }
}

async function sitting(
  ledger: GrowingLedger,
  processor: ReturnType<typeof createWorkerProcessor>,
  signal: AbortSignal,
  openReference: (() => Promise<ReferenceFrames>) | null,
  emit: Emit,
): Promise<AuditOutcome> {
  let progress: Progress | null = null;
  let stage = '';
  let started = performance.now();
  const outcome = await runAudit({
    ledger,
    processor,
    openReference,
    signal,
    onProgress: ({ stage: now, done, total }) => {
      if (now !== stage) {
        progress?.finish('done');
        progress = beginStage(emit, now === 'reference' ? 'Reference' : 'Audit');
        stage = now;
        started = performance.now();
      }
      const rate = done / ((performance.now() - started) / 1000);
      progress!.update(done, total, `frames, ${rate.toFixed(1)} a second`);
    },
  });
  // TypeScript does not see the assignment inside the callback.
  (progress as Progress | null)?.finish(`${outcome.processed} frames in this sitting`);
  return outcome;
}

/** Opens the frames once to say what they are, and refuses those that the network cannot take. */
async function identify(
  dir: string,
  run: Run,
  options: AuditRequest,
  setup: ProcessorSetup,
  emit: Emit,
): Promise<AuditIdentity> {
  const source = await openSpec(setup.frames, (problem) => {
    emit({ event: 'warning', text: `passed over: ${problem}` });
  });
  tellWarnings(source, emit);
  try {
    const [height, width] = inputNode(run.fixed).size;
    if (source.height !== height || source.width !== width)
      throw new UserError(
        `frames of ${source.height}×${source.width}, the network takes ${height}×${width}`,
        {
          file: source.name,
          field: '--frames',
          remedy: 'give frames of the detector that the run was made for',
        },
      );
    return {
      version: 1,
      network: run.fixed.name,
      networkDigest: networkDigest(run.fixed, run.float),
      classNames: [...run.fixed.classNames],
      threshold: run.fixed.threshold,
      level: lsb(findNode(run.fixed, run.fixed.output).format),
      run: dir,
      frames: [...options.frames],
      frameOptions: { ...frameOptions(options) },
      count: source.count,
      height,
      width,
      framesDigest: digestFrames(source),
      finder: setup.finder.algorithm,
      finderParameters: [...setup.finder.parameters],
      geometry: { ...setup.stated },
      reference: options.reference === 0 ? 'none' : `${options.reference} training frames`,
      blockFrames: BLOCK_FRAMES,
    };
  } finally {
    await source.close();
  }
}

/** Which networks decided. */
export function networkDigest(fixed: FixedGraph, float: FloatGraph): string {
  const hash = createHash('sha256');
  const { json, bin } = serializeGraph('fixed', fixed);
  for (const part of [json, bin, serializeGraph('float', float).bin]) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** Which frames in which order: the base names of their files and the numbers in them. */
function digestFrames(source: FrameSource): string {
  const hash = createHash('sha256');
  for (let index = 0; index < source.count; index++) {
    const origin = source.origin(index);
    hash.update(`${origin.file.split('/').at(-1)!}\0${origin.index}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function referenceOpener(
  run: Run,
  options: AuditRequest,
  setup: ProcessorSetup,
  threads: number,
  emit: Emit,
): (() => Promise<ReferenceFrames>) | null {
  if (options.reference === 0) return null;
  return async () => {
    const { recipe } = run;
    const indices = await trainingIndices(recipe, options.reference, emit).catch((error: unknown) => {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`the training frames of the run cannot be opened: ${error.message}`, {
        file: run.dir,
        field: '--reference',
        remedy: 'bring them back to where the recipe says, or go without: --reference 0',
      });
    });
    const processor = createWorkerProcessor({ ...setup, frames: recipeFrames(recipe) }, threads);
    return { processor, indices };
  };
}

async function trainingIndices(recipe: Recipe, wanted: number, emit: Emit): Promise<readonly number[]> {
  const { source, partition } = await openRunFrames(recipe, emit);
  await source.close();
  const { train } = partition;
  const step = Math.max(1, train.length / wanted);
  const picked = Array.from(
    { length: Math.min(wanted, train.length) },
    (_, k) => train[Math.floor(k * step)]!,
  );
  return picked.sort((a, b) => a - b);
}

/** The frames of a recipe as `openRunFrames` opens them. */
function recipeFrames({ frames, seed }: Recipe): FramesSpec {
  if (frames.kind === 'files')
    return { kind: 'files', paths: frames.paths, options: frameOptions(frames.options) };
  const { count, height, width, variety, hitFraction } = frames;
  return {
    kind: 'simulate',
    options: { seed, count, height, width, variety, ...(hitFraction === null ? {} : { hitFraction }) },
  };
}
