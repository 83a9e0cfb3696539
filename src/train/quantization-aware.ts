/**
 * Quantization-aware training: a trained network is prepared and calibrated as for quantizing, then trained on in the
 * arithmetic of the firmware. The power-of-two ranges are those of calibration, measured anew before each round; weights,
 * biases and with them the scales of the weights move. What comes out quantizes to a fixed graph with the logits that
 * training saw: its ranges are measured once more, and the formats that training had are pinned in the quantization.
 * Where the recipe says so, epochs in which the widths are learned come first.
 */
import type { CalibrationFrame } from '../calibrate/observe.js';
import { invariant } from '../core/errors.js';
import { pinFormats } from '../passes/pin-formats.js';
import {
  calibrateNetwork,
  prepareNetwork,
  type QuantizedNetwork,
  type QuantizeNetworkOptions,
} from '../passes/quantize-network.js';
import type { LayerWidths, Quantization } from '../passes/recipe.js';
import type { EpochResult } from './epochs.js';
import { createQuantizer } from './quantizer.js';
import { createLearningQuantizer } from './learned-widths.js';
import { flattenParameters, parameterLayout } from './parameters.js';
import type { TrainingRecipe } from './recipe.js';
import { trainNetwork, type TrainRequest, type TrainResult } from './train.js';

export interface QuantizationAwareRequest extends TrainRequest {
  /** Gives the frames anew each time: they calibrate before training and after it. */
  readonly calibrationFrames: () => Iterable<CalibrationFrame> | AsyncIterable<CalibrationFrame>;
  readonly quantize: QuantizeNetworkOptions;
}

export interface QuantizationAwareResult extends QuantizedNetwork {
  /** The last round. */
  readonly training: TrainResult;
  /** Of all of it, the epochs counted through. */
  readonly history: readonly EpochResult[];
  /** Gives the same fixed graph from `prepared` and `ranges`. */
  readonly quantization: Quantization;
  /** The widths by layer where they were learned, else null. */
  readonly learned: Quantization['layers'] | null;
}

/** Fewer epochs, a lower learning rate, no warm-up. */
const fineTuning = (recipe: TrainingRecipe, epochs: number): TrainingRecipe => ({
  ...recipe,
  epochs,
  learningRate: recipe.quantizationAware.learningRate,
  warmupEpochs: 0,
});

/** Recipes of the rounds. */
function fineTunings(recipe: TrainingRecipe): readonly TrainingRecipe[] {
  const { epochs, rounds } = recipe.quantizationAware;
  const until = (round: number): number => Math.floor((epochs * round) / rounds);
  return Array.from({ length: rounds }, (_, r) => fineTuning(recipe, until(r + 1) - until(r)));
}

/**
 * What training in fixed point starts from: weights to nearest with their own biases, since training corrects both; without what it
 * is to find.
 */
function startingPoint(
  quantization: Quantization,
  { rounds, learnedWidths }: TrainingRecipe['quantizationAware'],
): Quantization {
  const plain = { ...quantization, adaptiveRounding: false, biasCorrection: false };
  if (learnedWidths.epochs > 0) return { ...plain, layers: {} };
  if (rounds === 1) return plain;
  const free = (widths: LayerWidths): LayerWidths => ({ ...widths, activationInteger: undefined });
  const layers = Object.entries(plain.layers).map(([name, widths]) => [name, free(widths)] as const);
  return { ...plain, layers: Object.fromEntries(layers) };
}

/** Trains `request.graph` (a trained network) on in fixed point. `recipe.quantizationAware.epochs` must be above 0. */
export async function trainQuantized(request: QuantizationAwareRequest): Promise<QuantizationAwareResult> {
  const { graph, recipe, seed, calibrationFrames, quantize } = request;
  const recipes = fineTunings(recipe);
  const { learnedWidths } = recipe.quantizationAware;
  let quantization = startingPoint(quantize.quantization, recipe.quantizationAware);
  let network = await prepareNetwork(graph, calibrationFrames(), { ...quantize, quantization });
  let last: Pick<QuantizationAwareResult, 'fixed' | 'training'> | null = null;
  const history: EpochResult[] = [];
  if (learnedWidths.epochs > 0) {
    const options = { quantization, observer: quantize.calibration };
    const quantizer = createLearningQuantizer(network.prepared, network.ranges, options, learnedWidths.cost);
    const training = await trainNetwork({
      ...request,
      graph: network.prepared,
      // Weights and widths of one epoch belong together: the last.
      recipe: { ...fineTuning(recipe, learnedWidths.epochs), select: 'last', patience: 0 },
      seed: seed + recipes.length,
      quantizer,
    });
    history.push(...training.history);
    quantization = quantizer.quantization();
    network = await calibrateNetwork(training.graph, calibrationFrames(), { ...quantize, quantization });
  }
  const calibrated = { ...quantize, quantization };
  for (const [round, tuned] of recipes.entries()) {
    const options = { quantization, observer: quantize.calibration };
    const quantizer = createQuantizer(network.prepared, network.ranges, options);
    const training = await trainNetwork({
      ...request,
      graph: network.prepared,
      recipe: tuned,
      seed: seed + round,
      quantizer,
    });
    const before = history.length;
    history.push(...training.history.map((h) => ({ ...h, epoch: before + h.epoch })));
    const prepared = training.graph;
    const parameters = flattenParameters(prepared, parameterLayout(prepared).trainable);
    last = { training, fixed: quantizer.fixed(parameters, prepared.threshold) };
    network = await calibrateNetwork(prepared, calibrationFrames(), calibrated);
  }
  invariant(last !== null, 'no rounds of training in fixed point');
  quantize.onStep?.({ kind: 'fixed', pass: 'quantize', graph: last.fixed });
  return {
    ...network,
    ...last,
    history,
    learned: learnedWidths.epochs > 0 ? quantization.layers : null,
    quantization: pinFormats(network.prepared, last.fixed, quantization),
  };
}
