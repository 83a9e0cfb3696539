/** Every network of the registry with random weights, quantized on a few frames. */
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { preprocessNodes, preprocessSchema, type PreprocessInput } from '../../src/data/preprocess.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema, type Quantization } from '../../src/passes/recipe.js';
import { createNetwork, NETWORKS } from '../../src/train/networks/registry.js';
import { sampleFrames } from '../sample-graphs.js';

/** The networks for firmware; the published references take minutes each (see `bench/onnx-exactness.ts`). */
export const NETWORK_NAMES = Object.keys(NETWORKS).filter((name) => name.startsWith('veto-'));
export const FRAME_SIZE = [80, 88] as const;
export const networkFrames = (count: number, seed: number): Uint16Array[] =>
  sampleFrames(count, FRAME_SIZE[0] * FRAME_SIZE[1], seed);

export function randomNetwork(network: string, preprocess: PreprocessInput = { factor: 2 }): FloatGraph {
  return createNetwork({
    network,
    preprocess: preprocessNodes(preprocessSchema.parse(preprocess), FRAME_SIZE),
    classes: { classNames: ['empty', 'ring', 'weak', 'good'], hitClasses: [false, false, true, true] },
    seed: 7,
  });
}

/** `network` quantized as `quantization` says. */
export async function quantized(
  network: FloatGraph,
  quantization: Partial<Quantization>,
): Promise<FixedGraph> {
  const frames = networkFrames(3, 21).map((pixels) => ({ pixels, spots: null }));
  const { fixed } = await quantizeNetwork(network, frames, {
    quantization: quantizationSchema.parse({ biasCorrection: false, ...quantization }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return fixed;
}
