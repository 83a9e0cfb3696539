/** Starting or continuing an audit: what is audited with what, and the sitting itself. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { lsb } from '../../fixed/format.js';
import { findNode, inputNode } from '../../ir/graph.js';
import type { AuditIdentity } from '../../audit/identity.js';
import { openLedgerForAudit, type GrowingLedger } from '../../audit/ledger.js';
import { meteredNight, statedNumber, type MeteredNight, type MeterSettings } from '../../audit/meter.js';
import {
  BLOCK_FRAMES,
  runAudit,
  type AuditOptions,
  type AuditOutcome,
  type ReferenceFrames,
} from '../../audit/run-audit.js';
import type { FrameProcessor } from '../../audit/processor.js';
import { openSpec, type FinderSpec, type FramesSpec, type ProcessorSetup } from '../../audit/setup.js';
import { createWorkerProcessor } from '../../audit/worker-processor.js';
import { parseSpotParameters } from '../../spotfind/parameters.js';
import { framesDigest, networkDigest } from '../digests.js';
import { beginStage, type Emit, type Progress } from '../events.js';
import { statedGeometry, type FinderOptionValues } from '../finder-options.js';
import { frameOptions, type FrameOptionValues } from '../frame-options.js';
import { createTeller, type Teller } from '../open-frames.js';
import { openRunFrames } from '../stages/frames.js';
import type { Recipe } from '../recipe.js';
import { loadRun, type Run } from '../folder.js';
import { checkUnsharded } from '../shards/folder.js';

export interface AuditRequest extends FrameOptionValues, FinderOptionValues {
  readonly frames: readonly string[];
  readonly out?: string;
  /** Training frames to compare with; 0 for none. */
  readonly reference: number;
  readonly threads?: number;
  /** One in how many misses the firmware keeps, and its key; none unless given. */
  readonly prescale?: number;
  readonly prescaleKey: number;
  /** Under which name files state the detector's frame number; frames count from 0 unless given. */
  readonly frameNumber?: string;
  /** The largest share of hits that may be lost, and how sure that must be. */
  readonly lose: number;
  readonly confidence: number;
}

/** How the audit meters what is lost. Throws `UserError`. */
function meterSettings(request: AuditRequest): MeterSettings | null {
  const { prescale, prescaleKey, frameNumber, lose, confidence } = request;
  if (prescale === undefined) {
    if (frameNumber === undefined) return null;
    throw new UserError('a frame number is of no use without a prescale', {
      field: '--frame-number',
      remedy: 'say what the firmware keeps: --prescale 100 where it is one miss in 100',
    });
  }
  if (!(lose > 0 && lose < 1 && confidence > 0 && confidence < 1))
    throw new UserError('a bound is a share of hits and a confidence, each more than 0 and less than 1', {
      field: lose > 0 && lose < 1 ? '--confidence' : '--lose',
      remedy: 'ask for --lose 1% --confidence 95%',
    });
  return { n: prescale, key: prescaleKey, number: frameNumber ?? null, lost: lose, confidence };
}

/** Folder of an audit of the run in `dir`, unless told otherwise. */
export const auditFolder = (dir: string, out: string | undefined): string => out ?? join(dir, 'audit');

export interface StartedAudit {
  readonly ledger: GrowingLedger;
  readonly outcome: AuditOutcome;
  /** What the kept misses say of the hits lost; null without a prescale. */
  readonly metered: MeteredNight | null;
}

/** An audit that is about to begin: what is audited with what. */
export interface PreparedAudit {
  readonly run: Run;
  readonly setup: ProcessorSetup;
  readonly identity: AuditIdentity;
  readonly threads: number;
  readonly tell: Teller;
}

/** Opens the run and the frames, and says what they are. Throws `UserError` where they do not fit. */
export async function prepareAudit(dir: string, options: AuditRequest, emit: Emit): Promise<PreparedAudit> {
  const meter = meterSettings(options);
  const run = await loadRun(dir);
  const finder: FinderSpec = { algorithm: options.algorithm, parameters: options.param };
  parseSpotParameters(finder.algorithm, finder.parameters);
  const frames: FramesSpec = { kind: 'files', paths: options.frames, options: frameOptions(options) };
  const networks = { fixed: run.fixed, float: run.float };
  const setup: ProcessorSetup = { frames, networks, finder, stated: statedGeometry(options), meter };
  const threads = options.threads ?? Math.min(8, availableParallelism());
  const tell = createTeller(emit);
  return { run, setup, threads, tell, identity: await identify(dir, run, options, setup, emit, tell) };
}

/** Starts or continues the audit; returns with its ledger open. The caller closes it. */
export async function audit(
  dir: string,
  options: AuditRequest,
  signal: AbortSignal,
  emit: Emit,
): Promise<StartedAudit> {
  const folder = auditFolder(dir, options.out);
  await checkUnsharded(folder);
  const prepared = await prepareAudit(dir, options, emit);
  const ledger = await openLedgerForAudit(folder, prepared.identity);
  try {
    const outcome = await sitting(ledger, prepared, options, signal, emit);
    return { ledger, outcome, metered: await meteredNight(ledger) };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

/** What the shard of an audit does otherwise. */
export type SittingChanges = Pick<AuditOptions, 'range' | 'settleReference'>;

/** Brings `ledger` to its end, as far as `signal` lets it. */
export async function sitting(
  ledger: GrowingLedger,
  prepared: PreparedAudit,
  options: AuditRequest,
  signal: AbortSignal,
  emit: Emit,
  changes: SittingChanges = {},
): Promise<AuditOutcome> {
  const { setup, threads, tell } = prepared;
  const processor = tellingProcessor(createWorkerProcessor(setup, threads), tell);
  try {
    const openReference = referenceOpener(prepared, options, emit);
    return await shownAudit({ ledger, processor, openReference, signal, ...changes }, emit);
  } finally {
    await processor.close();
  }
}

/** `processor`, which tells what files warn of that are opened for its frames. */
const tellingProcessor = (processor: FrameProcessor, tell: Teller): FrameProcessor => ({
  ...processor,
  async process(indices) {
    const processed = await processor.process(indices);
    for (const { notes } of processed) tell(notes);
    return processed;
  },
});

/** The audit, with its progress as stages. */
async function shownAudit(options: AuditOptions, emit: Emit): Promise<AuditOutcome> {
  let progress: Progress | null = null;
  let stage = '';
  let reached = 0;
  const outcome = await runAudit({
    ...options,
    onLook: (night) => {
      if (night.verdict === 'beyond') emit({ event: 'warning', warning: { about: 'hits lost', night } });
    },
    onProgress: ({ stage: now, done, total }) => {
      if (now !== stage) {
        progress?.finish({ kind: 'counted', what: 'frames', count: reached });
        progress = beginStage(emit, now === 'reference' ? 'Reference' : 'Audit');
        stage = now;
      }
      reached = done;
      progress!.update(done, total, { of: 'frames', isTimed: true });
    },
  });
  // TypeScript does not see the assignment inside the callback.
  (progress as Progress | null)?.finish({ kind: 'counted', what: 'frames', count: outcome.processed });
  return outcome;
}

/** Opens the frames once to say what they are, and refuses those that the network cannot take. */
async function identify(
  dir: string,
  run: Run,
  options: AuditRequest,
  setup: ProcessorSetup,
  emit: Emit,
  tell: Teller,
): Promise<AuditIdentity> {
  const source = await openSpec(setup.frames, (problem) => {
    emit({ event: 'warning', warning: { about: 'passed over', problem } });
  });
  tell(source.notes);
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
    checkNumbers(source, setup.meter);
    return {
      version: 2,
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
      framesDigest: framesDigest(source),
      finder: setup.finder.algorithm,
      finderParameters: [...setup.finder.parameters],
      geometry: { ...setup.stated },
      reference: options.reference === 0 ? 'none' : `${options.reference} training frames`,
      meter: setup.meter,
      blockFrames: BLOCK_FRAMES,
    };
  } finally {
    await source.close();
  }
}

/** Refuses a name for the frame number that the first frame does not have. */
function checkNumbers(source: FrameSource, meter: MeterSettings | null): void {
  if (meter?.number == null || source.count === 0 || statedNumber(source.meta(0)[meter.number]) !== null)
    return;
  const names = Object.keys(source.meta(0));
  throw new UserError(`the first frame has no number called ${meter.number}`, {
    file: source.name,
    field: '--frame-number',
    remedy: names.length === 0 ? 'leave it out: frames then count from 0' : `use one of ${names.join(', ')}`,
  });
}

function referenceOpener(
  { run, setup, threads }: PreparedAudit,
  options: AuditRequest,
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
