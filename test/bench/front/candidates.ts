/** Small networks of many kinds, each with what was done to make it small: points of a front of accuracy against size. */
import { join } from 'node:path';
import { designHls } from '../../../src/backends/dataflow/design.js';
import { createOrtFloat } from '../../../src/backends/onnx/ort/float.js';
import { summarize } from '../../../src/backends/hls/summary.js';
import type { FrameSource } from '../../../src/data/frames.js';
import type { FixedGraph, FloatGraph } from '../../../src/ir/graph.js';
import { searchMixedPrecision } from '../../../src/passes/mixed-precision.js';
import { prepareNetwork, quantizePrepared } from '../../../src/passes/quantize-network.js';
import type { Quantization } from '../../../src/passes/recipe.js';
import { loadRecipe, type Recipe } from '../../../src/run/recipe.js';
import { assess } from '../../../src/run/stages/budget.js';
import { validationSet } from '../../../src/run/stages/training.js';
import type { BackendName } from '../../../src/tensorflow/backend-name.js';
import type { FpgaTarget } from '../../../src/targets/target.js';
import { calibrationFramesOf, trainedNetworks, type NetworksRequest } from '../accuracy/networks.js';
import { HIT_CLASSES, labelledFrames, type Parts, type Seen } from '../accuracy/parts.js';

export interface Candidate {
  readonly name: string;
  readonly fixed: FixedGraph;
}

export interface CandidatesRequest {
  readonly source: FrameSource;
  readonly parts: Parts;
  readonly seen: Seen | null;
  readonly fold: string;
  readonly seed: number;
  readonly networks: readonly string[];
  readonly keep: string;
  readonly target: FpgaTarget;
  readonly backend: BackendName;
}

/** Epochs of training in fixed point, and of learning widths before them. */
const AWARE = { epochs: 4, learningRate: 0.001, rounds: 2 };
const LEARNED_EPOCHS = 4;
/** What the bit operations of a frame weigh in the loss. */
const COSTS = [0.1, 1];
const BITS = [6, 4];
/** Points of the hits that the search may lose, and widths that it tries. */
const BUDGET = 0.5;
const WIDTHS = [7, 6, 5, 4, 3, 2];

const uniform = (quantization: Quantization, bits: number): Quantization => ({
  ...quantization,
  weightBits: bits,
  activationBits: bits,
  layers: {},
});

/** The widths that a search by sensitivity finds for `float`, on frames that validate. */
async function searched(
  request: NetworksRequest,
  float: FloatGraph,
  target: FpgaTarget,
): Promise<FixedGraph> {
  const { source, parts, recipe } = request;
  const { calibration, quantization, training } = recipe;
  const network = await prepareNetwork(float, await calibrationFramesOf(request), {
    calibration,
    quantization,
  });
  const validation = validationSet(labelledFrames(source, parts.validation), recipe, [
    source.height,
    source.width,
  ]);
  const pixels: Uint16Array[] = [];
  for (let i = 0; i < validation.count; i++) pixels.push(await validation.read(i));
  const hits = pixels.map((_, i) => HIT_CLASSES[validation.label(i)]!);
  const ort = await createOrtFloat(float);
  const scores = (await ort.run(pixels)).map(({ score }) => score);
  await ort.close();
  const { chosen } = await searchMixedPrecision({
    prepared: network.prepared,
    quantization,
    widths: WIDTHS,
    quantize: (q) => quantizePrepared(network, q, calibration),
    assess: (fixed) => assess(fixed, { pixels, hits, float: scores }, training.keepFraction),
    cost: (fixed) => summarize(designHls(fixed, { target })).estimate.total.lut,
    mostHitsLost: BUDGET / 100,
  });
  return quantizePrepared(network, chosen.quantization, calibration);
}

/**
 * The recipe `veto`, then each network of `request.networks` trained alone and taught by it; of the taught one what training in fixed
 * point makes at fewer bits, at widths learned by gradient, and what a search by sensitivity leaves. What is kept is not trained again.
 */
export async function* candidates(request: CandidatesRequest): AsyncGenerator<Candidate> {
  const { source, parts, seen, fold, seed, networks, keep, target, backend } = request;
  const recipe: Recipe = { ...(await loadRecipe('veto')), seed };
  const { training, quantization } = recipe;
  const own = (name: string, folder: string, changed: Recipe): NetworksRequest => ({
    ...{ name, source, parts, seen, backend },
    recipe: changed,
    keep: join(keep, folder),
  });
  const teacherFolder = `${fold}-${seed}`;
  yield { name: 'veto', fixed: (await trainedNetworks(own('veto', teacherFolder, recipe))).fixed };
  const teacher = { model: join(keep, teacherFolder, 'veto.json'), weight: 0.7, temperature: 2 };
  for (const network of networks) {
    const alone = { ...recipe, training: { ...training, network } };
    const taught = { ...recipe, training: { ...training, network, teacher } };
    const made = (changed: Recipe, folder = `${teacherFolder}-${network}-taught`) =>
      own(network, folder, changed);
    const { fixed } = await trainedNetworks(made(alone, `${teacherFolder}-${network}`));
    yield { name: `${network}, alone`, fixed };
    const pupil = await trainedNetworks(made(taught));
    yield { name: `${network}, taught`, fixed: pupil.fixed };
    yield { name: `${network}, widths searched`, fixed: await searched(made(taught), pupil.float, target) };
    for (const bits of BITS) {
      const narrow = {
        ...taught,
        quantization: uniform(quantization, bits),
        training: { ...taught.training, quantizationAware: { ...training.quantizationAware, ...AWARE } },
      };
      yield { name: `${network}, ${bits} bits trained`, fixed: (await trainedNetworks(made(narrow))).fixed };
    }
    for (const cost of COSTS) {
      const learnedWidths = { epochs: LEARNED_EPOCHS, cost };
      const learning = {
        ...taught,
        quantization: uniform(quantization, 8),
        training: { ...taught.training, quantizationAware: { ...AWARE, learnedWidths } },
      };
      const { fixed: learned } = await trainedNetworks(made(learning));
      yield { name: `${network}, widths learned at ${cost}`, fixed: learned };
    }
  }
}
