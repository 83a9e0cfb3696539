/**
 * Quantization-aware training: a trained network is prepared and calibrated as for quantizing, then trained on in the
 * arithmetic of the firmware. The power-of-two ranges are those of calibration and stay; weights, biases and with them
 * the scales of the weights move. What comes out quantizes to a fixed graph with the logits that training saw: its ranges
 * are measured again, and the formats that training had are pinned in the quantization.
 */
import type { CalibrationFrame } from '../calibrate/observe.js';
import { pinFormats } from '../passes/pin-formats.js';
import {
  calibrateNetwork,
  prepareNetwork,
  type QuantizedNetwork,
  type QuantizeNetworkOptions,
} from '../passes/quantize-network.js';
import type { Quantization } from '../passes/recipe.js';
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
  readonly training: TrainResult;
  /** Gives the same fixed graph from `prepared` and `ranges`. */
  readonly quantization: Quantization;
}

/** The recipe of the second training: fewer epochs, a lower learning rate, no warm-up. */
function fineTuning(recipe: TrainingRecipe): TrainingRecipe {
  const { epochs, learningRate } = recipe.quantizationAware;
  return { ...recipe, epochs, learningRate, warmupEpochs: 0 };
}

/** Trains `request.graph` (a trained network) on in fixed point. `recipe.quantizationAware.epochs` must be above 0. */
export async function trainQuantized(request: QuantizationAwareRequest): Promise<QuantizationAwareResult> {
  const { graph, recipe, calibrationFrames, quantize } = request;
  // Weights are rounded to nearest and keep their own biases: training itself corrects what rounding does.
  const quantization = { ...quantize.quantization, adaptiveRounding: false, biasCorrection: false };
  const network = await prepareNetwork(graph, calibrationFrames(), { ...quantize, quantization });
  const options = { quantization, observer: quantize.calibration };
  const quantizer = createQuantizer(network.prepared, network.ranges, options);
  const tuned = fineTuning(recipe);
  const training = await trainNetwork({ ...request, graph: network.prepared, recipe: tuned, quantizer });
  const prepared = training.graph;
  const parameters = flattenParameters(prepared, parameterLayout(prepared).trainable);
  const fixed = quantizer.fixed(parameters, prepared.threshold);
  quantize.onStep?.({ kind: 'fixed', pass: 'quantize', graph: fixed });
  const trained = await calibrateNetwork(prepared, calibrationFrames(), { ...quantize, quantization });
  return { ...trained, training, fixed, quantization: pinFormats(prepared, fixed, quantization) };
}
