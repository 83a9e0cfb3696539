/**
 * What a layer still knows of a frame: the input that gives the same representation there, found by descent.
 *
 * Source: Mahendran & Vedaldi, CVPR 2015, as in equations 1 to 5 of Nawaz et al., J. Appl. Cryst. 56 (2023) 1494:
 * minimise ‖Φ(x) − Φ₀‖² / ‖Φ₀‖² plus an α-norm (α = 6) that keeps values in range and the total variation with β = 1
 * that keeps edges and no noise. Both are scaled by the size of the image and by its typical value B, as in the
 * paper's section 3; V = B / 6.5. The image is what the network reads: the preprocessed frame.
 */
import { UserError } from '../core/errors.js';
import { quantile } from '../statistics/quantile.js';
import { createRandom } from '../core/random.js';
import { createPreprocessor } from '../evaluate/preprocessor.js';
import { elements, type NodeId, type Shape } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { isPreprocess } from '../ir/ops/index.js';
import { createForwardPass, type ForwardPass, type ParameterTensors } from '../train/forward.js';
import { flattenParameters } from '../train/parameters.js';
import { tf } from '../tensorflow/tf.js';

export interface InversionOptions {
  /** Descent steps. */
  readonly steps: number;
  /** Weight of the representation against the regularisers. */
  readonly fidelity: number;
  readonly seed: number;
  readonly onStep?: (done: number) => void;
}

export interface Inversion {
  readonly layer: NodeId;
  /** `[height, width, channels]` of the network's input. */
  readonly shape: Shape;
  /** The input of the frame, and the one that was found. */
  readonly original: Float32Array;
  readonly found: Float32Array;
  /** ‖Φ(x) − Φ₀‖² / ‖Φ₀‖² at the end: 0 is the same representation. */
  readonly loss: number;
}

/** The network up to `layer`: what the output does not need is left out. */
export function upTo(graph: FloatGraph, layer: NodeId): FloatGraph {
  const needed = new Set<NodeId>([layer]);
  for (const node of [...graph.nodes].reverse())
    if (needed.has(node.id)) for (const input of node.inputs) needed.add(input);
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node.id)), output: layer };
}

/** Layers that can be inverted: those that are no preprocessing, in graph order. */
export const invertibleLayers = (graph: FloatGraph): readonly NodeId[] =>
  graph.nodes.filter((node) => !isPreprocess(node)).map((node) => node.id);

const ALPHA_HALVES = 3;
const EDGE = 6.5;

/** Mean over the pixels of |x / B|^6. */
export function alphaNorm(x: tf.Tensor4D, typical: number): tf.Scalar {
  const square = tf.square(tf.div(x, typical));
  let power: tf.Tensor = square;
  for (let k = 1; k < ALPHA_HALVES; k++) power = tf.mul(power, square);
  return tf.mean(power);
}

/** Mean over the pixels of the length of the gradient over V: total variation with β = 1. */
export function totalVariation(x: tf.Tensor4D, typical: number): tf.Scalar {
  const [, height, width, channels] = x.shape;
  const part = (y: number, px: number): tf.Tensor =>
    tf.slice(x, [0, y, px, 0], [1, height - 1, width - 1, channels]);
  const here = part(0, 0);
  const squares = tf.add(tf.square(tf.sub(part(1, 0), here)), tf.square(tf.sub(part(0, 1), here)));
  // The root has no slope at zero; a millionth of the typical value rounds its tip.
  const length = tf.sqrt(tf.add(squares, (1e-3 * typical) ** 2));
  return tf.div(tf.mean(length), typical / EDGE);
}

interface Problem {
  readonly forward: ForwardPass;
  readonly parameters: ParameterTensors;
  readonly boundary: NodeId;
  readonly layer: NodeId;
}

const represent = ({ forward, parameters, boundary, layer }: Problem, x: tf.Tensor4D): tf.Tensor4D =>
  forward.run(parameters, new Map([[boundary, x]])).get(layer)!;

/** Value and gradient of the whole objective; `loss` is the representation's part alone. */
function objective(
  problem: Problem,
  x: tf.Tensor4D,
  wanted: tf.Tensor4D,
  norm: number,
  typical: number,
  fidelity: number,
): { readonly loss: number; readonly gradient: Float32Array } {
  tf.engine().startScope();
  try {
    let loss = 0;
    const whole = (input: tf.Tensor): tf.Scalar => {
      const image = input as tf.Tensor4D;
      const distance: tf.Scalar = tf.div(tf.sum(tf.square(tf.sub(represent(problem, image), wanted))), norm);
      loss = distance.dataSync()[0]!;
      return tf.addN([
        tf.mul(distance, fidelity),
        alphaNorm(image, typical),
        totalVariation(image, typical),
      ]) as tf.Scalar;
    };
    const { grad } = tf.valueAndGrad(whole)(x);
    return { loss, gradient: grad.dataSync().slice() as Float32Array };
  } finally {
    tf.engine().endScope();
  }
}

/** Adam (Kingma & Ba, 2015) on plain numbers; the step shrinks with a cosine to a tenth. */
function descend(
  start: Float32Array,
  step: number,
  steps: number,
  gradientAt: (x: Float32Array, done: number) => Float32Array,
): Float32Array {
  const x = start.slice();
  const m = new Float32Array(x.length);
  const v = new Float32Array(x.length);
  for (let t = 1; t <= steps; t++) {
    const g = gradientAt(x, t);
    const size = step * (0.55 + 0.45 * Math.cos((Math.PI * t) / steps));
    for (let i = 0; i < x.length; i++) {
      m[i] = 0.9 * m[i]! + 0.1 * g[i]!;
      v[i] = 0.999 * v[i]! + 0.001 * g[i]! ** 2;
      const mean = m[i]! / (1 - 0.9 ** t);
      x[i] = x[i]! - (size * mean) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
    }
  }
  return x;
}

/** Inverts the representation of a raw frame at `layer`. A TensorFlow.js back end must be open. */
export function invertLayer(
  graph: FloatGraph,
  pixels: Uint16Array,
  layer: NodeId,
  options: InversionOptions,
): Inversion {
  if (!invertibleLayers(graph).includes(layer))
    throw new UserError(`there is no layer ${layer}`, {
      field: '--layer',
      remedy: `choose one of ${invertibleLayers(graph).join(', ')}`,
    });
  const part = upTo(graph, layer);
  const forward = createForwardPass(part);
  const preprocessor = createPreprocessor(part);
  const [boundary] = preprocessor.boundary;
  if (boundary === undefined || preprocessor.boundary.length !== 1)
    throw new UserError(`${graph.name} reads several inputs at once`, {
      remedy: 'invert a network with one input',
    });
  const { shape } = boundary;
  const original = Float32Array.from(preprocessor.run(pixels)[0]!, (q) => q * boundary.lsb);
  const { trainable, statistics } = forward.layout;
  const parameters = forward.tensors(flattenParameters(part, trainable), flattenParameters(part, statistics));
  const problem: Problem = { forward, parameters, boundary: boundary.id, layer };
  const image = (values: Float32Array): tf.Tensor4D => tf.tensor4d(values, [1, ...shape]);
  const wanted = tf.tidy(() => represent(problem, image(original)));
  try {
    const norm = Math.max(
      1e-12,
      (wanted.dataSync() as Float32Array).reduce((sum, value) => sum + value * value, 0),
    );
    // Not the maximum: one hot pixel would set the scale of all others.
    const typical = Math.max(1e-6, quantile(original, 0.999));
    const random = createRandom(options.seed).fork('inversion');
    const start = Float32Array.from({ length: elements(shape) }, () => 0.1 * typical * random.uniform());
    const at = (x: Float32Array, fidelity: number) => {
      const tensor = image(x);
      const found = objective(problem, tensor, wanted, norm, typical, fidelity);
      tensor.dispose();
      return found;
    };
    const found = descend(start, 0.03 * typical, options.steps, (x, done) => {
      options.onStep?.(done);
      return at(x, options.fidelity).gradient;
    });
    return { layer, shape, original, found, loss: at(found, 0).loss };
  } finally {
    tf.dispose([wanted, ...parameters.trainable, ...parameters.statistics]);
  }
}
