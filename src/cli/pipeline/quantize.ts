/** Stage 3: ranges from calibration frames, then the fixed graph with its proofs. */
import { join } from 'node:path';
import type { CalibrationFrame } from '../../calibrate/observe.js';
import { writeFileAtomic } from '../../core/files.js';
import type { FloatGraph } from '../../ir/graph.js';
import { printGraph } from '../../ir/serialize.js';
import {
  quantizeNetwork,
  type IrStep,
  type QuantizedNetwork,
  type QuantizeNetworkOptions,
} from '../../passes/quantize-network.js';
import type { BackendName } from '../../train/backend.js';
import { trainQuantized } from '../../train/quantization-aware.js';
import type { Recipe } from '../recipe.js';
import type { Progress } from '../console.js';
import { framePixels, type RunFrames } from './frames.js';
import { followTraining, labelled, trainingFrames } from './train.js';

async function* calibrationFrames(
  { source }: RunFrames,
  indices: readonly number[],
): AsyncGenerator<CalibrationFrame> {
  for await (const { index, pixels } of framePixels(source, indices))
    yield { pixels, spots: source.spots(index) };
}

/** About `wanted` indices, evenly spaced. */
export function evenly(indices: readonly number[], wanted: number): readonly number[] {
  if (indices.length <= wanted) return indices;
  return Array.from({ length: wanted }, (_, i) => indices[Math.floor((i * indices.length) / wanted)]!);
}

export interface QuantizeRequest {
  readonly recipe: Recipe;
  readonly frames: RunFrames;
  readonly float: FloatGraph;
  readonly backend: BackendName;
  /** Folder for the graph after every pass. */
  readonly dumpIr: string | null;
}

/** Trains `float` on in fixed point, as the recipe says. */
function quantizeByTraining(
  request: QuantizeRequest,
  calibrationFrames: AsyncIterable<CalibrationFrame>,
  quantize: QuantizeNetworkOptions,
  progress: Progress,
): Promise<QuantizedNetwork> {
  const { recipe, frames, float, backend } = request;
  return trainQuantized({
    graph: float,
    train: trainingFrames(recipe, frames),
    validation: labelled(frames, frames.partition.validation),
    recipe: recipe.training,
    seed: recipe.seed,
    backend,
    onProgress: followTraining(progress),
    calibrationFrames,
    quantize,
  });
}

/** Quantizes `float` on the calibration frames of the run. */
export async function quantizeStage(request: QuantizeRequest, progress: Progress): Promise<QuantizedNetwork> {
  const { recipe, frames, float, dumpIr } = request;
  const steps: IrStep[] = [];
  const chosen = evenly(frames.partition.calibration, recipe.calibration.frames);
  const options: QuantizeNetworkOptions = {
    quantization: recipe.quantization,
    calibration: recipe.calibration,
    ...(dumpIr === null ? {} : { onStep: (step: IrStep) => steps.push(step) }),
    onFrame: (done) => {
      progress.update(done, chosen.length, 'calibration frames');
    },
  };
  const shown = calibrationFrames(frames, chosen);
  const aware = recipe.training.quantizationAware.epochs > 0;
  const quantized = aware
    ? await quantizeByTraining(request, shown, options, progress)
    : await quantizeNetwork(float, shown, options);
  for (const [k, { kind, pass, graph }] of steps.entries())
    await writeFileAtomic(join(dumpIr!, `${k}-${pass}.${kind}.txt`), printGraph(kind, graph));
  const { weightBits, activationBits } = recipe.quantization;
  const widest = Math.max(...quantized.fixed.nodes.map((n) => ('proof' in n ? n.proof.accumulatorWidth : 0)));
  progress.finish(
    `${aware ? 'trained on in fixed point: ' : ''}${weightBits}-bit weights, ${activationBits}-bit activations on ${chosen.length} frames; widest accumulator ${widest} bits, proved`,
  );
  return quantized;
}
