/**
 * The networks that the RTL is held to by name: the demo's, that of the recipe `veto`, the four of the registry, a residual
 * and a depthwise one, three of raw words. The layers are those that `vetoc run` trains; here their weights are the initial ones, quantized on
 * simulated frames: training changes numbers in tables, not the hardware.
 */
import { evaluatorsFor } from '../../src/run/stages/evaluators.js';
import { loadRecipe } from '../../src/run/recipe.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { CLASS_NAMES, FIRST_HIT_CLASS } from '../../src/data/frames.js';
import { preprocessNodes } from '../../src/frontends/network/preprocess.js';
import { createNetwork, type NetworkRequest } from '../../src/frontends/network/registry.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createFixedEvaluator } from '../../src/evaluate/fixed-evaluate.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { networkBuilder, resNet18 } from '../hls/networks.js';
import { HALF_ROWS, rawNetwork } from './raw-networks.js';

/** A network for frames of `size`×`size`, or of its own size where none is given, and some frames for it. */
export interface NamedNetwork {
  readonly name: string;
  /** Pixels along a side that it takes at least, where `size` asks for fewer; 32 unless given. */
  readonly smallest?: number;
  readonly make: (size?: number) => Promise<FixedGraph>;
}

const CALIBRATION = 4;

/** The layers `network` behind the preprocessing of the recipe `recipe`, for its own frames or smaller ones. */
async function quantized(
  recipeName: string,
  network: NetworkRequest['network'] | null,
  size?: number,
): Promise<FixedGraph> {
  const recipe = await loadRecipe(recipeName);
  const { frames } = recipe;
  if (frames.kind !== 'simulate') throw new Error(`${recipeName} simulates no frames`);
  const [height, width] = size === undefined ? [frames.height, frames.width] : [size, size];
  const source = simulateFrames({ seed: recipe.seed, count: CALIBRATION, height, width });
  const layers = network ?? recipe.training.network;
  const graph = createNetwork({
    network: layers,
    name: recipe.name,
    preprocess: preprocessNodes(recipe.preprocess, [height, width]),
    classes: { classNames: CLASS_NAMES, hitClasses: CLASS_NAMES.map((_, i) => i >= FIRST_HIT_CLASS) },
    seed: recipe.seed,
  });
  const calibration = [];
  for (let i = 0; i < CALIBRATION; i++)
    calibration.push({ pixels: (await source.read(i)).pixels, spots: source.spots(i) });
  const evaluators = evaluatorsFor(graph);
  try {
    const { fixed } = await quantizeNetwork(graph, calibration, {
      quantization: recipe.quantization,
      calibration: recipe.calibration,
      ...evaluators.options,
    });
    // In the middle of what it says of these frames, so that it keeps some of them and not the others.
    const evaluator = createFixedEvaluator(fixed);
    const scores = calibration.map(({ pixels }) => evaluator.decide(pixels).score).sort((a, b) => a - b);
    return { ...fixed, threshold: scores[CALIBRATION / 2]! };
  } finally {
    await evaluators.close();
  }
}

/** Blocks of a depthwise and a pointwise convolution, as in MobileNet. */
function depthwiseNetwork(size = 64): FixedGraph {
  const n = networkBuilder(21);
  let x = n.conv('conv1', n.input(size, size), 8, 3, 2, 1);
  [12, 16, 24].forEach((channels, i) => {
    x = n.depthwise(`depth${i}`, x, 3, i === 1 ? 2 : 1, 1);
    x = n.conv(`point${i}`, x, channels, 1, 1, 0);
  });
  return n.finish('depthwise', n.dense('logits', n.globalAvg('mean', x), 2, true));
}

export const NAMED_NETWORKS: readonly NamedNetwork[] = [
  { name: 'demo', make: (size) => quantized('demo', null, size) },
  { name: 'veto', make: (size) => quantized('veto', null, size) },
  ...['veto-nano', 'veto-small', 'veto-base', 'veto-large'].map((name) => ({
    name,
    ...(name === 'veto-large' ? { smallest: 64 } : {}),
    make: (size?: number) => quantized('veto', name, size),
  })),
  { name: 'residual', make: (size) => Promise.resolve(resNet18(size ?? 64, 0.125)) },
  { name: 'gain-bits', make: (size) => Promise.resolve(rawNetwork('jungfrau', Math.ceil((size ?? 64) / 4))) },
  {
    name: 'common-mode',
    make: (size) =>
      Promise.resolve(rawNetwork('jungfrau', Math.ceil((size ?? 64) / 4), { commonMode: HALF_ROWS })),
  },
  { name: 'gain-words', make: (size) => Promise.resolve(rawNetwork('agipd', Math.ceil((size ?? 64) / 4))) },
  { name: 'depthwise', make: (size) => Promise.resolve(depthwiseNetwork(size)) },
];
