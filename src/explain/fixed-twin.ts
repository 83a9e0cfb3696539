/**
 * Explanations on the arithmetic that decided: the firmware's own activations, with a straight-through gradient.
 *
 * `dequantize` turns a fixed graph into the float graph of its real numbers (mantissa times least significant bit).
 * `fixedValues` puts the fixed graph's mantissas in place of every stage's float value; the gradient passes through
 * rounding as if it were not there and stops where the stage saturates (Bengio et al., arXiv:1308.3432). The logits
 * that such an explainer works with are therefore the firmware's, bit for bit.
 */
import { assertExhaustive } from '../core/errors.js';
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import { nodeId, type Activation, type NodeId, type QuantizedWeights } from '../ir/common.js';
import { createFixedEvaluator } from '../evaluate/fixed-evaluate.js';
import { findNode, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { isPreprocess, type FixedNode, type FloatNode } from '../ir/ops/index.js';
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

/** The activation as a float node behind `input`; null for none. */
function activationNode(id: NodeId, input: NodeId, activation: Activation, format: Format): FloatNode | null {
  switch (activation.kind) {
    case 'none':
      return null;
    case 'relu':
      return { id, kind: 'relu', inputs: [input] };
    case 'clip':
      return {
        id,
        kind: 'clip',
        inputs: [input],
        min: activation.min * lsb(format),
        max: activation.max * lsb(format),
      };
    case 'leakyRelu':
      return {
        id,
        kind: 'leakyRelu',
        inputs: [input],
        alpha: activation.alphaMantissa * 2 ** -activation.alphaFraction,
      };
  }
}

/** Name of the node before the activation of stage `id`. */
const beforeActivation = (id: NodeId): NodeId => nodeId(`${id.slice(0, 58)}_sum`);

/** The stage of `fixed` that a node of its dequantized graph belongs to. */
export const stageOf = (fixed: FixedGraph, id: NodeId): NodeId =>
  fixed.nodes.find((node) => beforeActivation(node.id) === id)?.id ?? id;

/** The float node that computes `node` without rounding, under `id`. */
function linearNode(node: FixedNode, id: NodeId, inputFraction: number): FloatNode {
  const { inputs } = node;
  switch (node.kind) {
    case 'conv2d': {
      const { kernel, strides, padding, groups, weights } = node;
      const real = { weights: realWeights(weights), bias: realBias(weights, inputFraction) };
      return { id, kind: 'conv2d', inputs, kernel, strides, padding, groups, ...real };
    }
    case 'depthwiseConv2d': {
      const { kernel, strides, padding, weights } = node;
      const real = { weights: realWeights(weights), bias: realBias(weights, inputFraction) };
      return { id, kind: 'depthwiseConv2d', inputs, kernel, strides, padding, ...real };
    }
    case 'dense':
      return {
        id,
        kind: 'dense',
        inputs,
        weights: realWeights(node.weights),
        bias: realBias(node.weights, inputFraction),
      };
    case 'maxPool':
    case 'avgPool': {
      const { kernel, strides, padding } = node;
      return { id, kind: node.kind, inputs, kernel, strides, padding };
    }
    case 'globalAvgPool':
    case 'globalMaxPool':
    case 'add':
    case 'concat':
    case 'flatten':
      return { id, kind: node.kind, inputs };
    case 'requantize':
      return {
        id,
        kind: 'clip',
        inputs,
        min: minMantissa(node.format) * lsb(node.format),
        max: maxMantissa(node.format) * lsb(node.format),
      };
    case 'input':
    case 'crop':
    case 'mask':
    case 'bin':
    case 'contrast':
    case 'clamp':
    case 'lut':
      return node;
    default:
      return assertExhaustive(node);
  }
}

/** The float graph of the real numbers that `fixed` holds; stage outputs keep their names. */
export function dequantize(fixed: FixedGraph): FloatGraph {
  const nodes: FloatNode[] = [];
  for (const node of fixed.nodes) {
    const first = node.inputs[0];
    const inputFraction = first === undefined ? 0 : fractionBits(findNode(fixed, first).format);
    const activation =
      'activation' in node
        ? activationNode(node.id, beforeActivation(node.id), node.activation, node.format)
        : null;
    nodes.push(linearNode(node, activation === null ? node.id : beforeActivation(node.id), inputFraction));
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
