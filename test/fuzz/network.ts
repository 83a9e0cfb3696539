/**
 * The networks of the fuzzer by number: random fixed graphs and, every eighth, a random float graph that is taken
 * through every pass on its own, through export and import and through a LayersModel and back, its meaning compared before and after, and then
 * quantized.
 */
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { importOwnOnnx } from '../../src/backends/onnx/import/import.js';
import { readOnnxModel } from '../../src/backends/onnx/import/model.js';
import { calibrationSchema } from '../../src/calibrate/recipe.js';
import { createRandom, type Random } from '../../src/core/random.js';
import { OVERFLOWS, QUANTIZATIONS } from '../../src/fixed/format.js';
import { createFloatReference } from '../../src/ir/float-reference.js';
import type { FixedGraph, FloatGraph } from '../../src/ir/graph.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { channelStats } from '../../src/passes/channel-stats.js';
import { PASSES, type PassContext } from '../../src/passes/pipeline.js';
import { quantizeNetwork } from '../../src/passes/quantize-network.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { randomFrames, randomNetwork } from '../passes/random-networks.js';
import { throughLayersModel } from './layers-model.js';
import { randomFixedGraph } from './random-graph.js';

/** Float32 sums in another order: far above rounding, far below any wrong weight. */
const TOLERANCE = 1e-4;

/** Largest difference of logits, relative to the largest. */
function difference(a: FloatGraph, b: FloatGraph, seed: number): number {
  const [before, after] = [createFloatReference(a), createFloatReference(b)];
  let worst = 0;
  for (const frame of randomFrames(2, seed)) {
    const x = before.decide(frame).logits;
    const y = after.decide(frame).logits;
    const size = Math.max(1e-3, ...x.map(Math.abs));
    x.forEach((v, c) => (worst = Math.max(worst, Math.abs(v - y[c]!) / size)));
  }
  return worst;
}

const noExternal = (): never => {
  throw new Error('our own files stand alone');
};

/** What export to ONNX and import back do to a float graph, or null where nothing is lost. */
function brokenImport(graph: FloatGraph, seed: number): string | null {
  const again = importOwnOnnx(readOnnxModel(emitFloatOnnx(graph), 'float.onnx'), noExternal);
  const change = difference(graph, verifyFloatGraph(again), seed);
  return change < TOLERANCE ? null : `export → import changes the logits by ${change}`;
}

/** What becoming a LayersModel and a graph again do to a float graph, or null where nothing is lost. */
async function brokenLayers(graph: FloatGraph, seed: number): Promise<string | null> {
  const again = await throughLayersModel(graph);
  const change = again === null ? 0 : difference(graph, again, seed);
  return change < TOLERANCE ? null : `LayersModel and back changes the logits by ${change}`;
}

/** Names the first pass, export or import that changes what the network computes; null where none does. */
async function brokenPass(seed: number): Promise<string | null> {
  const context: PassContext = {
    quantization: quantizationSchema.parse({}),
    measure: (graph) =>
      channelStats(
        graph,
        randomFrames(3, seed + 1).map((pixels) => ({ pixels, spots: null })),
      ),
  };
  let graph = randomNetwork(seed);
  const broken = brokenImport(graph, seed + 2) ?? (await brokenLayers(graph, seed + 2));
  if (broken !== null) return broken;
  for (const pass of PASSES) {
    const after = verifyFloatGraph(await pass.run(graph, context));
    const change = difference(graph, after, seed + 2);
    if (!(change < TOLERANCE)) return `${pass.name} changes the logits by ${change}`;
    graph = after;
  }
  return brokenImport(graph, seed + 2);
}

async function quantizedNetwork(seed: number, random: Random): Promise<FixedGraph> {
  const frames = randomFrames(4, seed).map((pixels) => ({ pixels, spots: null }));
  const options = {
    weightBits: random.integer(2, 16),
    activationBits: random.integer(2, 16),
    rounding: random.pick(QUANTIZATIONS),
    overflow: random.pick(OVERFLOWS),
    edgeBits: null,
  };
  const { fixed } = await quantizeNetwork(randomNetwork(seed), frames, {
    quantization: quantizationSchema.parse(options),
    calibration: calibrationSchema.parse({}),
  });
  return fixed;
}

export interface FuzzNetwork {
  readonly graph: FixedGraph;
  readonly origin: 'fixed' | 'float';
  /** What a pass, or export and import, did wrong on the way, in words. */
  readonly broken: string | null;
}

/** Network `number` of the sequence that `seed` stands for. */
export async function fuzzNetwork(seed: number, number: number): Promise<FuzzNetwork> {
  const random = createRandom(seed).fork(number);
  const own = random.uint32();
  if (number % 8 !== 7) return { graph: randomFixedGraph(own), origin: 'fixed', broken: null };
  const small = own % 1_000_000_000;
  return {
    graph: await quantizedNetwork(small, random),
    origin: 'float',
    broken: await brokenPass(small),
  };
}
