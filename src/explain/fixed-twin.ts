/**
 * Explanations on the arithmetic that decided: the firmware's own activations, with a straight-through gradient.
 *
 * `dequantize` turns a fixed graph into the float graph of its real numbers (mantissa times least significant bit).
 * `fixedValues` puts the fixed graph's mantissas in place of every stage's float value; the gradient passes through
 * rounding as if it were not there and stops where the stage saturates (Bengio et al., arXiv:1308.3432). The logits
 * that such an explainer works with are therefore the firmware's, bit for bit.
 */
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { Activation } from '../ir/activations.js';
import { nodeId, type NodeId, type QuantizedWeights } from '../ir/common.js';
import { createFixedEvaluator } from '../evaluate/fixed-evaluate.js';
import { sameModules } from '../ir/modules.js';
import { refuseRaw } from '../ir/frame-maps.js';
import { findNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import {
  isPreprocess,
  isRaw,
  isSumming,
  type FixedNetworkNode,
  type FixedNode,
  type FloatNode,
} from '../ir/ops/index.js';
import { activationOf } from '../ir/prove.js';
import { verifyFloatGraph } from '../ir/verify.js';
import { straightThrough } from '../train/straight-through.js';
import { tf } from '../tensorflow/tf.js';
import type { Replacement } from './grad-cam.js';

function realWeights({ mantissas, fraction }: QuantizedWeights): Float32Array<ArrayBuffer> {
  return Float32Array.from(mantissas, (m, i) => m * 2 ** -fraction[i % fraction.length]!);
}

/** Depthwise weights `[kh, kw, c, 1]` have their channel in the same place as the others have their output channel. */
function realBias({ bias, fraction }: QuantizedWeights, inputFraction: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(bias, (b, c) => b * 2 ** -(inputFraction + fraction[c]!));
}

/** What a float node has of the stage that it stands for. */
type Place = Pick<FloatNode, 'id' | 'inputs' | 'modules'>;
type Behind = readonly [place: Place, format: Format];

/** Activations as float nodes; null for none. */
const activationNodes: Table<Activation, Behind, FloatNode | null> = {
  none: () => null,
  relu: (_activation, place) => ({ ...place, kind: 'relu' }),
  clip: ({ min, max }, place, format) => ({
    ...place,
    kind: 'clip',
    min: min * lsb(format),
    max: max * lsb(format),
  }),
  leakyRelu: ({ alphaMantissa, alphaFraction }, place) => ({
    ...place,
    kind: 'leakyRelu',
    alpha: alphaMantissa * 2 ** -alphaFraction,
  }),
  prelu: ({ alphaMantissas, alphaFraction }, place) => ({
    ...place,
    kind: 'prelu',
    alpha: Float32Array.from(alphaMantissas, (m) => m * 2 ** -alphaFraction),
  }),
};

/** Name of the node before the activation of stage `id`. */
const beforeActivation = (id: NodeId): NodeId => nodeId(`${id.slice(0, 58)}_sum`);

/** The stage of `fixed` that a node of its dequantized graph belongs to. */
export const stageOf = (fixed: FixedGraph, id: NodeId): NodeId =>
  fixed.nodes.find((node) => beforeActivation(node.id) === id)?.id ?? id;

type Linear = Table<FixedNetworkNode, [place: Place, inputFraction: number], FloatNode>;

/** The real numbers of a stage with weights. */
const real = ({ weights }: { readonly weights: QuantizedWeights }, inputFraction: number) => ({
  weights: realWeights(weights),
  bias: realBias(weights, inputFraction),
});

/** The float node that computes a node without rounding. */
const linear: Linear = {
  conv2d(node, place, fraction) {
    const { kernel, strides, padding, groups } = node;
    return { ...place, kind: 'conv2d', kernel, strides, padding, groups, ...real(node, fraction) };
  },
  depthwiseConv2d(node, place, fraction) {
    const { kernel, strides, padding } = node;
    return { ...place, kind: 'depthwiseConv2d', kernel, strides, padding, ...real(node, fraction) };
  },
  dense: (node, place, fraction) => ({ ...place, kind: 'dense', ...real(node, fraction) }),
  maxPool: ({ kernel, strides, padding }, place) => ({ ...place, kind: 'maxPool', kernel, strides, padding }),
  avgPool: ({ kernel, strides, padding, counted }, place) => ({
    ...place,
    kind: 'avgPool',
    kernel,
    strides,
    padding,
    ...(counted === undefined ? {} : { counted }),
  }),
  globalAvgPool: (_node, place) => ({ ...place, kind: 'globalAvgPool' }),
  globalMaxPool: (_node, place) => ({ ...place, kind: 'globalMaxPool' }),
  add: (_node, place) => ({ ...place, kind: 'add' }),
  upsample: ({ factor }, place) => ({ ...place, kind: 'upsample', factor }),
  multiply: (_node, place) => ({ ...place, kind: 'multiply' }),
  concat: (_node, place) => ({ ...place, kind: 'concat' }),
  flatten: (_node, place) => ({ ...place, kind: 'flatten' }),
  requantize: ({ format }, place) => ({
    ...place,
    kind: 'clip',
    min: minMantissa(format) * lsb(format),
    max: maxMantissa(format) * lsb(format),
  }),
  table: ({ of }, place) => ({ ...place, ...of }),
};

/** The float graph of the real numbers that `fixed` holds; stage outputs keep their names. */
export function dequantize(fixed: FixedGraph): FloatGraph {
  refuseRaw('the explanation', fixed, 'explain the network of calibrated frames');
  const nodes: FloatNode[] = [];
  for (const node of fixed.nodes) {
    const first = node.inputs[0];
    const inputFraction = first === undefined ? 0 : fractionBits(findNode(fixed, first).format);
    if (isPreprocess(node)) {
      nodes.push(node);
      continue;
    }
    if (isRaw(node)) continue;
    const before = beforeActivation(node.id);
    const activation = isSumming(node)
      ? dispatch(
          activationNodes,
          activationOf(node),
          { id: node.id, inputs: [before], ...sameModules(node) },
          node.format,
        )
      : null;
    const place = { id: activation === null ? node.id : before, inputs: node.inputs, ...sameModules(node) };
    nodes.push(dispatch(linear, node, place, inputFraction));
    if (activation !== null) nodes.push(activation);
  }
  const { name, output, classNames, hitClasses } = fixed;
  const threshold = fixed.threshold * lsb(findNode(fixed, output).format);
  return verifyFloatGraph({ name, nodes, output, classNames, hitClasses, threshold });
}

/** Every stage's mantissas for a frame; the last frame is remembered, since several methods ask for the same one. */
function stageValues(fixed: FixedGraph): (pixels: Uint16Array) => ReadonlyMap<NodeId, Int32Array> {
  const evaluator = createFixedEvaluator(fixed);
  let last: { readonly pixels: Uint16Array; readonly tensors: ReadonlyMap<NodeId, Int32Array> } | null = null;
  return (pixels) => {
    if (last?.pixels.every((value, i) => value === pixels[i]) !== true) {
      const tensors = new Map<NodeId, Int32Array>();
      evaluator.visit(pixels, (id, mantissas) => tensors.set(id, mantissas));
      last = { pixels: pixels.slice(), tensors };
    }
    return last.tensors;
  };
}

/** For `createExplainer(dequantize(fixed), fixedValues(fixed))`. */
export function fixedValues(fixed: FixedGraph): Replacement {
  const nodes = new Map<string, FixedNode>(fixed.nodes.map((node) => [node.id, node]));
  const valuesOf = stageValues(fixed);
  return (pixels) => {
    const tensors = valuesOf(pixels);
    return {
      replace(node, value) {
        const stage = nodes.get(node.id);
        if (stage === undefined || isPreprocess(stage)) return value;
        const unit = lsb(stage.format);
        const real = tf.tensor4d(
          Float32Array.from(tensors.get(stage.id)!, (q) => q * unit),
          value.shape,
        );
        const [low, high] = [minMantissa(stage.format), maxMantissa(stage.format)];
        return straightThrough(value, () => tf.clone(real), low * unit, high * unit);
      },
    };
  };
}
