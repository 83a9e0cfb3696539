/** The whole pipeline: frames, train, quantize, emit, verify, explain, report; into one run folder. */
import { join } from 'node:path';
import { saveRanges } from '../calibrate/ranges.js';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import type { Frame } from '../data/frames.js';
import type { NamedEvaluation } from '../report/evaluation.js';
import { checkHlsTarget } from '../backends/dataflow/design.js';
import { loadFpga } from '../targets/load.js';
import type { FpgaTarget } from '../targets/target.js';
import type { BackendName } from '../tensorflow/backend-name.js';
import { checkTrainable } from '../train/trainable.js';
import type { NamedFrame } from '../verify/frames.js';
import { writeChecksums } from './checksums.js';
import { beginStage, type Emit, type Progress } from './events.js';
import type { StageOutcome } from './outcomes.js';
import type { PriceName } from './price-names.js';
import { withVersions, type Recipe } from './recipe.js';
import { RUN_FILES, type RunDraft } from './folder.js';
import { writeGraph } from '../ir/graph-files.js';
import type { VerificationRecord } from './verification.js';
import { budgetOf, type Budget } from './stages/budget.js';
import { checkCalibration } from './stages/calibration.js';
import { compareStage, framePng, type Compared } from './stages/compare.js';
import { emitStage, type Emitted } from './stages/emit.js';
import { evaluateStage } from './stages/evaluate.js';
import { multiplyAccumulates } from './stages/evaluators.js';
import { evenly, framePixels, openRunFrames, type RunFrames } from './stages/frames.js';
import { networkStage, type Network } from './stages/network.js';
import { quantizeStage, type Quantized } from './stages/quantize.js';
import { reportStage } from './stages/report.js';
import { verifyStage } from './stages/verify.js';

export interface RunRequest {
  readonly recipe: Recipe;
  readonly draft: RunDraft;
  readonly backend: BackendName;
  /** Folder for every level of the compile as text: the graph after every pass, plan and schedule of each firmware. */
  readonly dumpIr: string | null;
  /** Points of hits that narrower layers may cost; null: the widths of the recipe. */
  readonly budget: number | null;
  /** What prices them; the model of the board unless given. */
  readonly price?: PriceName;
  /** Folder of the vendor's `ap_int.h` and `ap_fixed.h`: the C++ is then compiled with them, too. */
  readonly apTypes: string | undefined;
  /** Gets an event for every stage that begins, goes on and ends, and for every epoch. */
  readonly emit: Emit;
}

export interface RunOutcome {
  readonly verification: VerificationRecord;
  readonly evaluations: readonly NamedEvaluation[];
}

/** Runs a piece of work as the stage of a name. */
type Stage = <T>(name: string, work: (progress: Progress) => Promise<T>) => Promise<T>;

/** When a run began, and how long each stage took that is over. */
interface Clock {
  readonly began: Date;
  readonly durations: { readonly stage: string; readonly seconds: number }[];
}

function describeFrames({ partition, source }: RunFrames): StageOutcome {
  const { train, validation, calibration, test } = partition;
  return {
    kind: 'opened',
    frames: source.name,
    size: [source.height, source.width],
    parts: {
      train: train.length,
      validation: validation.length,
      calibration: calibration.length,
      test: test.length,
    },
  };
}

async function networkIntoDraft(
  request: RunRequest,
  frames: RunFrames,
  progress: Progress,
): Promise<Network> {
  const { recipe, draft, backend } = request;
  const network = await networkStage(recipe, frames, backend, draft.checkpoints, progress);
  await writeGraph(draft.path(RUN_FILES.floatGraph), 'float', network.graph);
  return network;
}

async function quantizeIntoDraft(
  { recipe, draft, backend, dumpIr }: RunRequest,
  { frames, graph: float }: Network,
  budget: Budget | null,
  progress: Progress,
): Promise<Quantized> {
  const quantized = await quantizeStage(
    { recipe, frames, float, backend, checkpoints: draft.checkpoints, dumpIr, budget },
    progress,
  );
  await saveRanges(draft.path(RUN_FILES.ranges), quantized.ranges);
  await writeGraph(draft.path(RUN_FILES.preparedGraph), 'float', quantized.prepared);
  return quantized;
}

/** Multiply-accumulates that a run spends on the comparison, a minute or two: a large network is compared on fewer frames. */
const COMPARE_WORK = 6e10;

/** The networks side by side on test frames, with pictures of those that they decide differently. */
async function compareTestFrames(
  recipe: Recipe,
  { source, partition }: RunFrames,
  { prepared, fixed }: Pick<Quantized, 'prepared' | 'fixed'>,
  progress: Progress,
): Promise<Pick<Compared, 'comparison'> & { readonly pictures: ReadonlyMap<number, Uint8Array> }> {
  const pictures = new Map<number, Uint8Array>();
  const affordable = Math.max(2, Math.floor(COMPARE_WORK / multiplyAccumulates(prepared)));
  const indices = evenly(partition.test, Math.min(recipe.compare.frames, affordable));
  const onDifference = ({ index }: { index: number }, frame: Frame): Promise<void> => {
    if (pictures.size < recipe.compare.pictures) pictures.set(index, framePng(frame));
    return Promise.resolve();
  };
  const { comparison } = await compareStage({ prepared, fixed, source, indices, onDifference }, progress);
  return { comparison, pictures };
}

/** Test frames first, then whatever else there is, until `wanted`. */
async function verificationFrames({ partition, source }: RunFrames, wanted: number): Promise<NamedFrame[]> {
  const { test, calibration, validation, train } = partition;
  const chosen = [...evenly(test, wanted), ...calibration, ...validation, ...train].slice(0, wanted);
  const named: NamedFrame[] = [];
  for await (const { index, pixels } of framePixels(source, chosen))
    named.push({ name: `frame ${index} of ${source.name}`, kind: 'file', pixels });
  return named;
}

/** Writes `LEVEL.BACKEND.txt` for what lies below the fixed graph. */
async function dumpLevels(folder: string, levels: Emitted['levels']): Promise<void> {
  for (const { backend, level, text } of levels)
    await writeFileAtomic(join(folder, `${level}.${backend}.txt`), text);
}

/** What firmware is made for, and what searches its widths. */
interface Board {
  readonly target: FpgaTarget;
  readonly budget: Budget | null;
}

/** The stages behind the opening of the frames. */
async function runStages(
  request: RunRequest,
  opened: RunFrames,
  { target, budget }: Board,
  stage: Stage,
  clock: Clock,
): Promise<RunOutcome> {
  const { draft } = request;
  const title = request.recipe.model === null ? 'Train' : 'Import';
  const network = await stage(title, (p) => networkIntoDraft(request, opened, p));
  const { graph: float, frames } = network;
  const quantized = await stage('Quantize', (p) => quantizeIntoDraft(request, network, budget, p));
  // With the widths that were found: what is written makes the same network without a search.
  const recipe = { ...request.recipe, quantization: quantized.quantization };
  const evaluated = await stage('Evaluate', (p) =>
    evaluateStage(recipe, frames, { float, fixed: quantized.fixed }, p),
  );
  const { fixed, evaluations, decided } = evaluated;
  await writeGraph(draft.path(RUN_FILES.fixedGraph), 'fixed', fixed);
  const { prepared } = quantized;
  const compared = await stage('Compare', (p) => compareTestFrames(recipe, frames, { prepared, fixed }, p));
  const verified = await verificationFrames(frames, recipe.verify.frames);
  const golden = verified.slice(0, recipe.verify.tensorFrames).map((f) => f.pixels);
  const emitted = await stage('Emit', (p) => emitStage(draft, recipe, { float, fixed }, target, golden, p));
  if (request.dumpIr !== null) await dumpLevels(request.dumpIr, emitted.levels);
  const verification = await stage('Verify', (p) =>
    verifyStage(fixed, draft.dir, verified, { ...recipe.verify, apTypes: request.apTypes }, p),
  );
  const { explainStage } = await import('./stages/explain.js');
  const explanations = await stage('Explain', (p) =>
    explainStage({ float, fixed }, frames, decided, recipe.explain.frames, p).catch((error: unknown) => {
      // A run without pictures is a run: what is verified is not lost for them.
      p.finish({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
      return { frames: [], checks: [] };
    }),
  );
  for (const [i, picture] of explanations.frames.entries())
    await draft.write(`${RUN_FILES.explanations}/${String(i).padStart(2, '0')}.png`, picture.png);
  await stage('Report', async (p) => {
    const networks = { fixed, evaluations, compared, fixedHistory: quantized.history };
    await reportStage(draft, recipe, {
      frames,
      network,
      ...networks,
      emitted,
      verification,
      explanations,
      ...clock,
    });
    p.finish({ kind: 'reported', file: RUN_FILES.report });
  });
  // Last: a folder with a recipe is a finished run. It has the latency that was chosen: what it writes is the same firmware.
  await draft.write(
    RUN_FILES.recipe,
    `${JSON.stringify(withVersions({ ...recipe, latency: emitted.chosen.latency }, network.origin, clock.began), null, 2)}\n`,
  );
  await writeChecksums(draft.dir);
  return { verification, evaluations };
}

/** Runs `request.recipe` into `request.draft`. */
export async function runPipeline(request: RunRequest): Promise<RunOutcome> {
  const { emit } = request;
  const { training, quantization } = request.recipe;
  if (training.quantizationAware.epochs > 0) checkTrainable(quantization);
  if (training.quantizationAware.learnedWidths.epochs > 0 && request.budget !== null)
    throw new UserError('the recipe already learns its widths by gradient', {
      field: '--budget',
      remedy: 'leave it away, or set training.quantizationAware.learnedWidths.epochs to 0',
    });
  const clock: Clock = { began: new Date(), durations: [] };
  const stage: Stage = async (name, work) => {
    const start = performance.now();
    const done = await work(beginStage(emit, name));
    clock.durations.push({ stage: name, seconds: (performance.now() - start) / 1000 });
    return done;
  };
  const target = await loadFpga(request.recipe.target);
  // Said before hours of training.
  checkHlsTarget(target);
  const budget = await budgetOf(request.budget, request.price, target);
  const frames = await stage('Frames', async (progress) => {
    const opened = await openRunFrames(request.recipe, emit);
    progress.finish(describeFrames(opened));
    return opened;
  });
  try {
    await checkCalibration(request.recipe.calibration, frames, emit);
    return await runStages(request, frames, { target, budget }, stage, clock);
  } finally {
    await frames.source.close();
  }
}
