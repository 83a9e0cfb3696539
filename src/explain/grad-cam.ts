/**
 * Grad-CAM: which regions of a frame speak for a class, read from the gradient at a convolutional layer.
 *
 * Source: Selvaraju et al., ICCV 2017; equations 6 and 7 of Nawaz et al., J. Appl. Cryst. 56 (2023) 1494: channel
 * weights are the gradient of the class score averaged over the layer's pixels, the map is the rectified weighted
 * sum of the channels. The class score is the logit, before any softmax; for a veto decision it may be the score
 * (max hit − max miss), so that the map shows what moved the decision. Explains the float graph as it is given:
 * pass the dequantized graph and its activations to explain the fixed-point arithmetic.
 */
import { UserError } from '../core/errors.js';
import { createPreprocessor, type Preprocessor } from '../evaluate/preprocessor.js';
import { elements, type NodeId, type Shape } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { moduleShape } from '../ir/modules.js';
import { isPreprocess, type FloatNode } from '../ir/ops/index.js';
import {
  createForwardPass,
  logitsOf,
  type ForwardOptions,
  type ForwardPass,
  type ParameterTensors,
} from '../train/forward.js';
import { flattenParameters } from '../train/parameters.js';
import { scoped, tf } from '../tensorflow/tf.js';

/** What is explained: the logit of one class, or the score for (`hit`) or against (`miss`) keeping the frame. */
export type Target = { readonly kind: 'class'; readonly index: number } | { readonly kind: 'hit' | 'miss' };

/** A map over a layer's pixels. */
export interface EvidenceMap {
  readonly layer: NodeId;
  /** `[height, width]` of the layer. */
  readonly size: readonly [number, number];
  /** Row-major, ≥ 0, in the units of the method. */
  readonly values: Float32Array;
  /** The value of the explained target on this frame. */
  readonly target: number;
}

/** A float graph ready to explain frames. Holds tensors on the back end: `dispose` when done. */
export interface Explainer {
  readonly graph: FloatGraph;
  /** Layers that a map can be made at, in graph order: images that the logits depend on. */
  readonly layers: readonly NodeId[];
  readonly shape: (id: NodeId) => Shape;
  /** Activations and logits of one raw frame. */
  activations(pixels: Uint16Array): ReadonlyMap<NodeId, Float32Array>;
  /** Activation and gradient of the target at `layer`, `[height, width, channels]` each. */
  gradient(pixels: Uint16Array, layer: NodeId, target: Target, options?: ForwardOptions): LayerGradient;
  /** The tensors that the network reads, as `layer`s of `gradient`. */
  readonly boundary: readonly NodeId[];
  dispose(): void;
}

export interface LayerGradient {
  readonly layer: NodeId;
  readonly shape: Shape;
  readonly activation: Float32Array;
  readonly gradient: Float32Array;
  readonly target: number;
}

/** Nodes that depend on `id`. */
function descendants(nodes: readonly FloatNode[], id: NodeId): ReadonlySet<NodeId> {
  const found = new Set<NodeId>([id]);
  for (const node of nodes) if (node.inputs.some((input) => found.has(input))) found.add(node.id);
  return found;
}

/** The value of `target` as a scalar tensor, from logits `[1, classes]`. */
function targetValue(graph: FloatGraph, logits: tf.Tensor2D, target: Target): tf.Scalar {
  const row: tf.Tensor1D = tf.reshape(logits, [-1]);
  if (target.kind === 'class') return tf.reshape(tf.slice(row, target.index, 1), []);
  // Logits of the other kind are pushed out of reach: wasm has no gradient for gathering.
  const best = (wanted: boolean): tf.Scalar => {
    const away = graph.hitClasses.map((hit) => (hit === wanted ? 0 : -Infinity));
    return tf.max(tf.add(row, tf.tensor1d(away)));
  };
  const score = tf.sub(best(true), best(false));
  return target.kind === 'hit' ? (score as tf.Scalar) : (tf.neg(score) as tf.Scalar);
}

function boundaryTensors(preprocessor: Preprocessor, pixels: Uint16Array): Map<NodeId, tf.Tensor4D> {
  const mantissas = preprocessor.run(pixels);
  return new Map(
    preprocessor.boundary.map(({ id, shape, lsb }, k) => [
      id,
      tf.tensor4d(
        Float32Array.from(mantissas[k]!, (q) => q * lsb),
        [1, ...shape],
      ),
    ]),
  );
}

function checkLayer(layers: readonly NodeId[], layer: NodeId): void {
  if (!layers.includes(layer))
    throw new UserError(`there is no map at layer ${layer}`, {
      field: '--layer',
      remedy: `choose one of ${layers.join(', ')}`,
    });
}

/** Layers with more than one pixel (of each module where there are several) that the output depends on. */
function mapLayers(graph: FloatGraph, shapes: ReadonlyMap<NodeId, Shape>): NodeId[] {
  return graph.nodes
    .filter((node) => !isPreprocess(node))
    .filter((node) => {
      const [height, width] = moduleShape(shapes.get(node.id)!, node.modules ?? 1);
      return height * width > 1 && descendants(graph.nodes, node.id).has(graph.output);
    })
    .map((node) => node.id);
}

/** What a gradient was asked for; the target as JSON. */
interface AskedGradient {
  readonly pixels: Uint16Array;
  readonly layer: NodeId;
  readonly target: string;
}

const isSame = (a: AskedGradient | undefined, b: AskedGradient): boolean =>
  a?.layer === b.layer && a.target === b.target && a.pixels.every((value, i) => value === b.pixels[i]);

/** What stands in for the float values of a frame: see `fixed-twin`. */
export type Replacement = (pixels: Uint16Array) => ForwardOptions;

/**
 * Prepares `graph`; a TensorFlow.js back end must be open (see `train/backend`). With `replacement` the values of the
 * forward pass are those of another arithmetic, while gradients flow through the float graph.
 */
export function createExplainer(graph: FloatGraph, replacement: Replacement = () => ({})): Explainer {
  const forward: ForwardPass = createForwardPass(graph);
  const preprocessor = createPreprocessor(graph);
  const shapes = floatShapes(graph);
  const { layout } = forward;
  const parameters: ParameterTensors = forward.tensors(
    flattenParameters(graph, layout.trainable),
    flattenParameters(graph, layout.statistics),
  );
  const layers = mapLayers(graph, shapes);
  // Several methods ask for the same gradient, one after the other.
  let last: { readonly asked: AskedGradient; readonly given: LayerGradient } | null = null;
  return {
    graph,
    layers,
    boundary: forward.boundary,
    shape: (id) => shapes.get(id)!,
    activations: (pixels) =>
      scoped(() => {
        const values = forward.run(parameters, boundaryTensors(preprocessor, pixels), replacement(pixels));
        return new Map([...values].map(([id, tensor]) => [id, tensor.dataSync() as Float32Array]));
      }),
    gradient(pixels, layer, target, extra) {
      if (!forward.boundary.includes(layer)) checkLayer(layers, layer);
      const asked = { pixels, layer, target: JSON.stringify(target) };
      if (extra === undefined && isSame(last?.asked, asked)) return last!.given;
      const given = scoped(() => {
        const options = { ...replacement(pixels), ...extra };
        const values = forward.run(parameters, boundaryTensors(preprocessor, pixels), options);
        const moving = descendants(graph.nodes, layer);
        const fixed = new Map([...values].filter(([id]) => !moving.has(id)));
        const activation = values.get(layer)!;
        const scoreOf = (a: tf.Tensor): tf.Scalar => {
          const rest = forward.run(parameters, new Map([...fixed, [layer, a as tf.Tensor4D]]), options);
          return targetValue(graph, logitsOf(graph, rest), target);
        };
        const { value, grad } = tf.valueAndGrad(scoreOf)(activation);
        return {
          layer,
          shape: shapes.get(layer)!,
          activation: activation.dataSync() as Float32Array,
          gradient: grad.dataSync() as Float32Array,
          target: value.dataSync()[0]!,
        };
      });
      if (extra === undefined) last = { asked: { ...asked, pixels: pixels.slice() }, given };
      return given;
    },
    dispose() {
      tf.dispose([...parameters.trainable, ...parameters.statistics]);
    },
  };
}

/** The map of equations 6 and 7 from activations and gradients of a layer. */
export function gradCamMap({ layer, shape, activation, gradient, target }: LayerGradient): EvidenceMap {
  const [height, width, channels] = shape;
  const pixels = height * width;
  const weights = new Float64Array(channels);
  for (let i = 0; i < elements(shape); i++) weights[i % channels]! += gradient[i]! / pixels;
  const values = new Float32Array(pixels);
  for (let p = 0; p < pixels; p++) {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += weights[c]! * activation[p * channels + c]!;
    values[p] = Math.max(sum, 0);
  }
  return { layer, size: [height, width], values, target };
}

/** Gradient times value at the network's input: every pixel has a weight of its own there. */
function inputMap({ layer, shape, activation, gradient, target }: LayerGradient): EvidenceMap {
  const [height, width, channels] = shape;
  const values = new Float32Array(height * width);
  for (let i = 0; i < elements(shape); i++)
    values[Math.floor(i / channels)]! += gradient[i]! * activation[i]!;
  return { layer, size: [height, width], values: values.map((v) => Math.max(v, 0)), target };
}

/** Grad-CAM of a layer, gradient times value of an input. */
export const layerMap = (explainer: Explainer, g: LayerGradient): EvidenceMap =>
  explainer.boundary.includes(g.layer) ? inputMap(g) : gradCamMap(g);

/** Whether the network has no layer that is an image: dense layers alone, which are explained at their input. */
export const isWithoutImages = (explainer: Explainer): boolean => explainer.layers.length === 0;

/** The last layer that is still an image, or the input where none is: where maps are taken unless asked otherwise. */
export const defaultLayer = (explainer: Explainer): NodeId =>
  explainer.layers.at(-1) ?? explainer.boundary[0]!;

/** Grad-CAM of one raw frame. */
export const gradCam = (
  explainer: Explainer,
  pixels: Uint16Array,
  target: Target,
  layer: NodeId = defaultLayer(explainer),
): EvidenceMap => layerMap(explainer, explainer.gradient(pixels, layer, target));
