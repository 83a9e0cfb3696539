/** Stage 3: ranges from calibration frames, then the fixed graph with its proofs. */
import { join } from 'node:path';
import type { CalibrationFrame } from '../../calibrate/observe.js';
import { writeFileAtomic } from '../../core/files.js';
import type { FloatGraph } from '../../ir/graph.js';
import { printGraph } from '../../ir/serialize.js';
import { quantizeNetwork, type IrStep, type QuantizedNetwork } from '../../passes/quantize-network.js';
import type { Recipe } from '../recipe.js';
import type { Progress } from '../console.js';
import { framePixels, type RunFrames } from './frames.js';

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

/** Quantizes `float` on the calibration frames of the run. */
export async function quantizeStage(
  recipe: Recipe,
  frames: RunFrames,
  float: FloatGraph,
  progress: Progress,
  dumpIr: string | null = null,
): Promise<QuantizedNetwork> {
  const steps: IrStep[] = [];
  const chosen = evenly(frames.partition.calibration, recipe.calibration.frames);
  const quantized = await quantizeNetwork(float, calibrationFrames(frames, chosen), {
    quantization: recipe.quantization,
    calibration: recipe.calibration,
    ...(dumpIr === null ? {} : { onStep: (step: IrStep) => steps.push(step) }),
    onFrame: (done) => {
      progress.update(done, chosen.length, 'calibration frames');
    },
  });
  for (const [k, { kind, pass, graph }] of steps.entries())
    await writeFileAtomic(join(dumpIr!, `${k}-${pass}.${kind}.txt`), printGraph(kind, graph));
  const { weightBits, activationBits } = recipe.quantization;
  const widest = Math.max(...quantized.fixed.nodes.map((n) => ('proof' in n ? n.proof.accumulatorWidth : 0)));
  progress.finish(
    `${weightBits}-bit weights, ${activationBits}-bit activations on ${chosen.length} frames; widest accumulator ${widest} bits, proved`,
  );
  return quantized;
}
