/** Stage 3: ranges from calibration frames, widths within a budget where one is given, the fixed graph with its proofs. */
import { join } from 'node:path';
import type { FramePart } from '../../calibrate/disjoint.js';
import { writeFileAtomic } from '../../core/files.js';
import type { FixedGraph, FloatGraph } from '../../ir/graph.js';
import { printGraph } from '../../ir/serialize.js';
import type { MixedPrecision } from '../../passes/mixed-precision.js';
import {
  prepareNetwork,
  quantizePrepared,
  type IrStep,
  type PreparedNetwork,
  type QuantizedNetwork,
  type QuantizeNetworkOptions,
} from '../../passes/quantize-network.js';
import { isStated } from '../../passes/as-stated.js';
import { stagesWithTies } from '../../passes/no-ties.js';
import type { Quantization } from '../../passes/recipe.js';
import type { Departure } from '../../passes/stated-stages.js';
import type { BackendName } from '../../tensorflow/backend-name.js';
import type { QuantizationAwareRequest } from '../../train/quantization-aware.js';
import type { TrainResult } from '../../train/train.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { searchStage, type Budget } from './budget.js';
import { calibrationFrames, withCalibrationFrames } from './calibration.js';
import { evaluatorsFor } from './evaluators.js';
import type { RunFrames } from './frames.js';
import { withTeacher } from './teacher.js';
import { followTraining, trainingFrames, validationFrames } from './training.js';

export interface QuantizeRequest {
  readonly recipe: Recipe;
  readonly frames: RunFrames;
  readonly float: FloatGraph;
  readonly backend: BackendName;
  /** Folder for the state of a training in fixed point. */
  readonly checkpoints: string;
  /** Folder for the graph after every pass, as text that parses back. */
  readonly dumpIr: string | null;
  readonly budget: Budget | null;
}

export interface Quantized extends QuantizedNetwork {
  /** As the recipe asked or, within a budget, as the search chose: it makes the same graph again. */
  readonly quantization: Quantization;
  /** Epochs of training in fixed point; empty without. */
  readonly history: TrainResult['history'];
}

/** Writes `K-PASS.KIND.txt` for every step. */
async function writeSteps(folder: string, steps: readonly IrStep[]): Promise<void> {
  for (const [k, { kind, pass, graph }] of steps.entries())
    await writeFileAtomic(join(folder, `${k}-${pass}.${kind}.txt`), printGraph(kind, graph));
}

/** The widths of the recipe, or those of a search. */
interface ChosenWidths {
  readonly quantization: Quantization;
  readonly search: MixedPrecision | null;
}

async function chooseWidths(
  { recipe, frames, float, budget }: Omit<QuantizeRequest, 'backend' | 'checkpoints' | 'dumpIr'>,
  network: PreparedNetwork,
  progress: Progress,
): Promise<ChosenWidths> {
  if (budget === null) return { quantization: recipe.quantization, search: null };
  const search = await searchStage({ recipe, frames, float, network, budget }, progress);
  return { quantization: search.chosen.quantization, search };
}

interface Finished {
  readonly fixed: FixedGraph;
  readonly prepared: FloatGraph;
  readonly departures: readonly Departure[];
  /** Widths by layer, where training learned them. */
  readonly learned: Quantization['layers'] | null;
}

function finish(
  { fixed, prepared, departures, learned }: Finished,
  { quantization, search }: ChosenWidths,
  calibratedOn: number | null,
  progress: Progress,
): void {
  const widestAccumulator = Math.max(
    ...fixed.nodes.map((n) => ('proof' in n ? n.proof.accumulatorWidth : 0)),
  );
  progress.finish({
    kind: 'quantized',
    calibratedOn,
    quantization,
    widestAccumulator,
    search,
    learned,
    isOfFile: isStated(prepared, quantization),
    departures,
    ties: quantization.noTies ? stagesWithTies(fixed) : null,
  });
}

/** The fixed graph of a prepared network, its widths searched for where there is a budget. */
export async function quantizeWithin(
  request: Omit<QuantizeRequest, 'backend' | 'checkpoints' | 'dumpIr'>,
  network: PreparedNetwork,
  progress: Progress,
): Promise<Quantized> {
  const widths = await chooseWidths(request, network, progress);
  const departures: Departure[] = [];
  const fixed = quantizePrepared(network, widths.quantization, request.recipe.calibration, (departure) =>
    departures.push(departure),
  );
  finish({ ...network, fixed, departures, learned: null }, widths, network.ranges.frames, progress);
  return { ...network, fixed, quantization: widths.quantization, history: [] };
}

/** Trains the network on in fixed point, as the recipe says, at its widths or those of a search. */
async function quantizeByTraining(
  request: QuantizeRequest,
  part: FramePart,
  options: QuantizeNetworkOptions,
  progress: Progress,
): Promise<Quantized> {
  const { recipe, frames, float, backend, checkpoints, budget } = request;
  const silent = { ...options, onStep: () => undefined };
  const widths =
    budget === null
      ? { quantization: recipe.quantization, search: null }
      : await chooseWidths(request, await prepareNetwork(float, calibrationFrames(part), silent), progress);
  const { trainQuantized } = await import('../../train/quantization-aware.js');
  const { classNames, hitClasses, source } = frames;
  const pupil = { classNames, hitClasses, size: [source.height, source.width] as const };
  const asked: QuantizationAwareRequest = {
    graph: float,
    train: trainingFrames(recipe, frames),
    validation: validationFrames(recipe, frames),
    recipe: recipe.training,
    seed: recipe.seed,
    backend,
    checkpoints,
    onProgress: followTraining(progress),
    calibrationFrames: () => calibrationFrames(part),
    // Trained on, the weights are no longer those of a file.
    quantize: { ...options, quantization: { ...widths.quantization, asStated: false } },
  };
  const trained = await withTeacher(recipe.training.teacher?.model ?? null, pupil, (taught) =>
    trainQuantized({ ...asked, ...taught }),
  );
  finish(
    { ...trained, departures: [] },
    { ...widths, quantization: { ...widths.quantization, asStated: false } },
    null,
    progress,
  );
  return trained;
}

/** Quantizes the float network on the calibration frames that the recipe asks for. */
export async function quantizeStage(request: QuantizeRequest, progress: Progress): Promise<Quantized> {
  const { recipe, frames, float, dumpIr } = request;
  const { quantization, calibration } = recipe;
  const steps: IrStep[] = [];
  const aware = recipe.training.quantizationAware.epochs > 0;
  const evaluators = evaluatorsFor(float);
  const quantized = await withCalibrationFrames(calibration, frames, progress.emit, async (part) => {
    const options: QuantizeNetworkOptions = {
      quantization,
      calibration,
      ...evaluators.options,
      onStep: (step) => steps.push(step),
      onFrame: (done) => {
        progress.update(done, part.indices.length, { of: 'calibration frames' });
      },
    };
    if (aware) return quantizeByTraining(request, part, options, progress);
    const network = await prepareNetwork(float, calibrationFrames(part), options);
    const within = await quantizeWithin(request, network, progress);
    options.onStep?.({ kind: 'fixed', pass: 'quantize', graph: within.fixed });
    return within;
  }).finally(evaluators.close);
  if (dumpIr !== null) await writeSteps(dumpIr, steps);
  return quantized;
}
