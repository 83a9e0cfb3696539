/**
 * Quantization-aware training: a trained network is prepared and calibrated as for quantizing, then trained on in the
 * arithmetic of the firmware. The power-of-two ranges are those of calibration, measured anew before each round; weights,
 * biases and with them the scales of the weights move. What comes out quantizes to a fixed graph with the logits that
 * training saw: its ranges are measured once more, and the formats that training had are pinned in the quantization.
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
import { createQuantizer } from './fake-quantize.js';
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
  /** Of all rounds, the epochs counted through. */
  readonly history: readonly EpochResult[];
  /** Gives the same fixed graph from `prepared` and `ranges`. */
  readonly quantization: Quantization;
}

/** Recipes of the rounds: fewer epochs, a lower learning rate, no warm-up. */
function fineTunings(recipe: TrainingRecipe): readonly TrainingRecipe[] {
  const { epochs, learningRate, rounds } = recipe.quantizationAware;
  const until = (round: number): number => Math.floor((epochs * round) / rounds);
  return Array.from({ length: rounds }, (_, r) => ({
    ...recipe,
    epochs: until(r + 1) - until(r),
    learningRate,
    warmupEpochs: 0,
  }));
}

/** What training in fixed point starts from: weights to nearest with their own biases, since training corrects both. */
function startingPoint(quantization: Quantization, rounds: number): Quantization {
  const plain = { ...quantization, adaptiveRounding: false, biasCorrection: false };
  if (rounds === 1) return plain;
  const free = (widths: LayerWidths): LayerWidths => ({ ...widths, activationInteger: undefined });
  const layers = Object.entries(plain.layers).map(([name, widths]) => [name, free(widths)] as const);
  return { ...plain, layers: Object.fromEntries(layers) };
}

/** Trains `request.graph` (a trained network) on in fixed point. `recipe.quantizationAware.epochs` must be above 0. */
export async function trainQuantized(request: QuantizationAwareRequest): Promise<QuantizationAwareResult> {
  const { graph, recipe, seed, calibrationFrames, quantize } = request;
  const recipes = fineTunings(recipe);
  const quantization = startingPoint(quantize.quantization, recipes.length);
  const calibrated = { ...quantize, quantization };
  let network = await prepareNetwork(graph, calibrationFrames(), calibrated);
  let last: Pick<QuantizationAwareResult, 'fixed' | 'training'> | null = null;
  const history: EpochResult[] = [];
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
    quantization: pinFormats(network.prepared, last.fixed, quantization),
  };
}
