/** Every network of the registry with random weights, quantized on two frames. */
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema, type Quantization } from '../../src/passes/recipe.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { createNetwork, NETWORKS } from '../../src/frontends/network/registry.js';
import { sampleFrames } from '../sample-graphs.js';

export const NETWORK_NAMES = Object.keys(NETWORKS);
export const FRAME_SIZE = [80, 88] as const;
/** AlexNet's strides leave nothing of a smaller frame. */
const ALEXNET_SIZE = [208, 200] as const;
/** The published references run with a part of their channels; `test/bench/onnx-exactness.ts` runs them whole. */
const CHANNELS_SHARE = 1 / 16;

const isReference = (network: string): boolean => !network.startsWith('veto-');
export const sizeFor = (network: string): readonly [number, number] =>
  network === 'alexnet' ? ALEXNET_SIZE : FRAME_SIZE;

const fewer = (count: number): number => Math.max(2, Math.round(count * CHANNELS_SHARE));
function thinned(layer: LayerInput): LayerInput {
  if (layer.op === 'conv') return { ...layer, filters: fewer(layer.filters) };
  if (layer.op === 'dense' && typeof layer.units === 'number') return { ...layer, units: fewer(layer.units) };
  if (layer.op !== 'residual') return layer;
  return { ...layer, body: layer.body.map(thinned), shortcut: (layer.shortcut ?? []).map(thinned) };
}
export const networkFrames = (
  count: number,
  seed: number,
  [height, width]: readonly [number, number] = FRAME_SIZE,
): Uint16Array[] => sampleFrames(count, height * width, seed);

export function randomNetwork(network: string): FloatGraph {
  const isWhole = !isReference(network);
  return createNetwork({
    network: isWhole ? network : NETWORKS[network]!.layers.map((layer) => layerSchema.parse(thinned(layer))),
    preprocess: preprocessNodes(
      preprocessSchema.parse({ factor: network === 'alexnet' ? 1 : 2 }),
      sizeFor(network),
    ),
    classes: { classNames: ['empty', 'ring', 'weak', 'good'], hitClasses: [false, false, true, true] },
    seed: 7,
  });
}

/** `network` quantized as `quantization` says. */
export async function quantized(
  network: FloatGraph,
  quantization: Partial<Quantization>,
): Promise<FixedGraph> {
  const frames = networkFrames(2, 21, inputNode(network).size).map((pixels) => ({ pixels, spots: null }));
  const { fixed } = await quantizeNetwork(network, frames, {
    quantization: quantizationSchema.parse({ biasCorrection: false, ...quantization }),
    calibration: calibrationSchema.parse({ observer: 'min-max' }),
  });
  return fixed;
}
