/** A finished run quantized again without training: other widths, other frames, saved ranges, a budget. */
import type { FramePart } from '../calibrate/disjoint.js';
import { checkRanges, loadRanges, mergeRanges, saveRanges, type Ranges } from '../calibrate/ranges.js';
import type { FloatGraph } from '../ir/graph.js';
import { calibrateNetwork, prepareNetwork, type PreparedNetwork } from '../passes/quantize-network.js';
import type { FpgaTarget } from '../targets/target.js';
import { writeChecksums } from './checksums.js';
import { beginStage, type Emit } from './events.js';
import type { Recipe } from './recipe.js';
import { RUN_FILES, type Run, type RunDraft } from './folder.js';
import { writeGraph } from '../ir/graph-files.js';
import { calibrationFrames, withCalibrationFrames } from './stages/calibration.js';
import { emitStage } from './stages/emit.js';
import { evaluateStage, type Evaluated } from './stages/evaluate.js';
import { evaluatorsFor } from './stages/evaluators.js';
import { evenly, framePixels, type RunFrames } from './stages/frames.js';
import { pruneStage } from './stages/prune.js';
import type { Budget } from './stages/budget.js';
import { quantizeWithin, type Quantized } from './stages/quantize.js';

export interface RequantizeRequest {
  readonly run: Run;
  /** That of the run, with what is asked for otherwise. */
  readonly recipe: Recipe;
  /** Those of the recipe: they calibrate unless the recipe says otherwise, and test. */
  readonly frames: RunFrames;
  /** Fold and equalise the float network again, on the calibration frames, instead of keeping what the run had. */
  readonly prepare: boolean;
  /** Files of saved ranges to merge, instead of calibrating; null: calibrate. */
  readonly ranges: readonly string[] | null;
  readonly budget: Budget | null;
  /** Points of the hits that weights set to 0 may cost; null: none are. */
  readonly prune: number | null;
  readonly target: FpgaTarget;
  readonly draft: RunDraft;
  readonly emit: Emit;
}

/** The ranges in `files` as one. Throws `UserError` when one is not of `graph`. */
export async function loadMergedRanges(files: readonly string[], graph: FloatGraph): Promise<Ranges> {
  let merged: Ranges | null = null;
  for (const file of files) {
    const ranges = await loadRanges(file);
    checkRanges(ranges, graph, file);
    merged = merged === null ? ranges : mergeRanges(merged, ranges);
  }
  return merged!;
}

/** The network to quantize: as the run prepared it, with saved or new ranges, or prepared anew. */
async function networkOf(request: RequantizeRequest): Promise<PreparedNetwork> {
  const { run, recipe, frames, ranges } = request;
  // Training in fixed point begins with the prepared network: what it made of that stays.
  const again = request.prepare && recipe.training.quantizationAware.epochs === 0;
  const graph = again ? run.float : await run.prepared();
  if (ranges !== null)
    return { prepared: graph, ranges: await loadMergedRanges(ranges, graph), moments: new Map() };
  const progress = beginStage(request.emit, 'Calibrate');
  const { quantization, calibration } = recipe;
  const evaluators = evaluatorsFor(graph);
  const calibrated = await withCalibrationFrames(calibration, frames, request.emit, (part: FramePart) =>
    (again ? prepareNetwork : calibrateNetwork)(graph, calibrationFrames(part), {
      quantization,
      calibration,
      ...evaluators.options,
      onFrame: (done) => {
        progress.update(done, part.indices.length, { of: 'frames' });
      },
    }),
  ).finally(evaluators.close);
  progress.finish({ kind: 'calibrated', frames: calibrated.ranges.frames });
  return calibrated;
}

export interface Requantized extends Evaluated {
  readonly quantized: Quantized;
}

/**
 * Writes everything of a run into `draft` but the verification, explanations and report: those are `vetoc verify`,
 * `vetoc explain` and `vetoc compare`.
 */
export async function requantizeRun(request: RequantizeRequest): Promise<Requantized> {
  const { frames, draft, target, emit } = request;
  const { float } = request.run;
  const dense = await networkOf(request);
  const { recipe: asked, prune } = request;
  const network =
    prune === null
      ? dense
      : await pruneStage(
          { recipe: asked, frames, float, network: dense, points: prune },
          beginStage(emit, 'Prune'),
        );
  const quantized = await quantizeWithin(
    { recipe: request.recipe, frames, float, budget: request.budget },
    network,
    beginStage(emit, 'Quantize'),
  );
  const recipe = { ...request.recipe, quantization: quantized.quantization };
  const graphs = { float, fixed: quantized.fixed };
  const evaluated = await evaluateStage(recipe, frames, graphs, beginStage(emit, 'Evaluate'));
  const { fixed } = evaluated;
  await writeGraph(draft.path(RUN_FILES.floatGraph), 'float', float);
  await writeGraph(draft.path(RUN_FILES.preparedGraph), 'float', network.prepared);
  await writeGraph(draft.path(RUN_FILES.fixedGraph), 'fixed', fixed);
  await saveRanges(draft.path(RUN_FILES.ranges), network.ranges);
  const golden: Uint16Array[] = [];
  const shown = evenly(
    [...frames.partition.test, ...frames.partition.validation],
    recipe.verify.tensorFrames,
  );
  for await (const { pixels } of framePixels(frames.source, shown)) golden.push(pixels);
  await emitStage(draft, recipe, { float, fixed }, target, golden, beginStage(emit, 'Emit'));
  await draft.write(RUN_FILES.recipe, `${JSON.stringify(recipe, null, 2)}\n`);
  await writeChecksums(draft.dir);
  return { ...evaluated, quantized };
}
