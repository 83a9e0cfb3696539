/**
 * Ways to ask which pixels a score rests on. Each yields a map over a layer or over the network's input.
 *
 * - `grad-cam`: see `grad-cam.ts`.
 * - `hi-res-cam`: gradient times activation, summed over channels (Draelos & Carin, arXiv:2011.08891).
 * - `grad-cam-plus-plus`: channel weights from higher powers of the gradient (Chattopadhay et al., WACV 2018).
 * - `guided-grad-cam`: Grad-CAM times guided back-propagation at the network's input (Springenberg et al., 2015).
 * - `random`: seeded smooth noise. What any useful map must beat.
 *
 * Occlusion asks the score itself and stands in `occlusion.ts`.
 */
import type { MapMethod } from './method-names.js';
import { resample } from '../draw/picture.js';
import { createRandom } from '../core/random.js';
import type { NodeId } from '../ir/common.js';
import { tf } from '../tensorflow/tf.js';
import {
  defaultLayer,
  gradCamMap,
  layerMap,
  type EvidenceMap,
  type Explainer,
  type LayerGradient,
  type Target,
} from './grad-cam.js';

export interface MapRequest {
  readonly explainer: Explainer;
  readonly pixels: Uint16Array;
  readonly layer: NodeId;
  readonly target: Target;
  /** For the random control. */
  readonly seed: number;
}

/** Sums `value(i)` over channels and rectifies. */
function overChannels(g: LayerGradient, value: (i: number, channel: number) => number): EvidenceMap {
  const [height, width, channels] = g.shape;
  const values = new Float32Array(height * width);
  for (let p = 0; p < values.length; p++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += value(p * channels + c, c);
    values[p] = Math.max(sum, 0);
  }
  return { layer: g.layer, size: [height, width], values, target: g.target };
}

const gradientOf = ({ explainer, pixels, layer, target }: MapRequest): LayerGradient =>
  explainer.gradient(pixels, layer, target);

const hiResCam = (g: LayerGradient): EvidenceMap => overChannels(g, (i) => g.gradient[i]! * g.activation[i]!);

/** Equation 19 of the Grad-CAM++ paper; keeps a zero gradient from dividing. */
const EPSILON = 1e-6;

function gradCamPlusPlus(g: LayerGradient): EvidenceMap {
  const channels = g.shape[2];
  const activationSum = new Float64Array(channels);
  for (let i = 0; i < g.activation.length; i++) activationSum[i % channels]! += g.activation[i]!;
  const weights = new Float64Array(channels);
  for (let i = 0; i < g.gradient.length; i++) {
    const slope = g.gradient[i]!;
    if (slope <= 0) continue;
    const c = i % channels;
    const square = slope * slope;
    weights[c]! += (slope * square) / (2 * square + activationSum[c]! * square * slope + EPSILON);
  }
  return overChannels(g, (i, c) => weights[c]! * g.activation[i]!);
}

/** Passes back only positive gradients through positive activations. */
function guidedRelu(x: tf.Tensor4D): tf.Tensor4D {
  const op = tf.customGrad((input, save) => {
    const x = input as tf.Tensor;
    (save as tf.GradSaveFunc)([tf.cast(tf.greater(x, 0), 'float32')]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor => tf.mul(tf.relu(dy), saved[0]!);
    return { value: tf.relu(x), gradFunc };
  });
  return op(x) as tf.Tensor4D;
}

/** Guided gradients at the first input tensor times the Grad-CAM map of `layer`. */
function guidedGradCam(request: MapRequest): EvidenceMap {
  const { explainer, pixels, target } = request;
  const cam = gradCamMap(gradientOf(request));
  const input = explainer.gradient(pixels, explainer.boundary[0]!, target, { relu: guidedRelu });
  const [height, width] = input.shape;
  const fitted = resample(cam.values, cam.size, height, width);
  const product = overChannels(input, (i) => input.gradient[i]!);
  return { ...product, values: product.values.map((v, p) => v * fitted[p]!) };
}

/** Smooth noise of the layer's size. */
function randomMap({ explainer, layer, seed }: MapRequest): EvidenceMap {
  const [height, width] = explainer.shape(layer);
  const random = createRandom(seed).fork('random map');
  const coarse: [number, number] = [Math.max(2, Math.ceil(height / 4)), Math.max(2, Math.ceil(width / 4))];
  const noise = Float32Array.from({ length: coarse[0] * coarse[1] }, () => random.uniform());
  return { layer, size: [height, width], values: resample(noise, coarse, height, width), target: NaN };
}

const METHODS: Readonly<Record<MapMethod, (request: MapRequest) => EvidenceMap>> = {
  'grad-cam': (request) => layerMap(request.explainer, gradientOf(request)),
  'hi-res-cam': (request) => hiResCam(gradientOf(request)),
  'grad-cam-plus-plus': (request) => gradCamPlusPlus(gradientOf(request)),
  'guided-grad-cam': guidedGradCam,
  random: randomMap,
};

/** The map of `method` for one raw frame. */
export const evidenceMap = (method: MapMethod, request: MapRequest): EvidenceMap => METHODS[method](request);

/** The map of `method` at the default layer, why the frame should be kept. */
export const hitMap = (
  method: MapMethod,
  explainer: Explainer,
  pixels: Uint16Array,
  seed: number,
): EvidenceMap =>
  evidenceMap(method, { explainer, pixels, layer: defaultLayer(explainer), target: { kind: 'hit' }, seed });
