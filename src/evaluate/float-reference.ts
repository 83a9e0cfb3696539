/**
 * The float meaning of a `FloatGraph`: preprocessing exactly in integers, the network in float32 tensors with sums
 * in double precision. Plain TypeScript, fast enough for a veto network; a large one brings its own `FloatEvaluator`
 * (ONNX Runtime on `float.onnx`).
 */
import { UserError, invariant } from '../core/errors.js';
import { lsb } from '../fixed/format.js';
import { elements, type NodeId, type Shape } from '../ir/common.js';
import { floatShapes, inputNode, veto, type FloatGraph } from '../ir/graph.js';
import {
  concatInto,
  convolveRows,
  denseSums,
  depthwiseRows,
  maxPoolInto,
  packWeights,
  sumPool,
  wholeImage,
} from './kernels.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import {
  applyActivation,
  isActivation,
  isPreprocess,
  type ActivationNode,
  type FloatNetworkNode,
  type FloatNode,
} from '../ir/ops/index.js';
import { preprocess } from './preprocess-kernels.js';

/** Every tensor of one frame by node, `[height, width, channels]` row-major, in real units. */
export type FloatTensors = ReadonlyMap<NodeId, Float32Array>;

/** Whatever computes the float tensors of a raw `uint16` frame: this module, or ONNX Runtime. */
export type FloatEvaluator = (frame: Uint16Array) => Promise<FloatTensors>;

interface Value {
  readonly data: Float32Array;
  readonly shape: Shape;
}
type Step = (inputs: readonly Value[]) => Float32Array;
type LayerNode = Exclude<FloatNetworkNode, ActivationNode>;
type Compile = Table<LayerNode, [inputs: readonly Shape[], output: Shape], Step>;

function mapped(change: (value: number, channel: number) => number, channels: number): Step {
  return ([x]) => {
    const { data } = x!;
    const output = new Float32Array(data.length);
    for (let i = 0; i < data.length; i += channels)
      for (let c = 0; c < channels; c++) output[i + c] = change(data[i + c]!, c);
    return output;
  };
}

/** Limits as a loop of its own: these are most of the activations. */
const clipped =
  (min: number, max: number): Step =>
  ([x]) => {
    const { data } = x!;
    const output = new Float32Array(data.length);
    for (let i = 0; i < data.length; i++) {
      const v = data[i]!;
      // NaN stays NaN, so that whoever looks sees it.
      output[i] = v > min ? (v < max ? v : max) : v <= min ? min : v;
    }
    return output;
  };

function activationStep(node: ActivationNode, channels: number): Step {
  if (node.kind === 'relu') return clipped(0, Infinity);
  if (node.kind === 'clip') return clipped(node.min, node.max);
  return mapped((v, c) => applyActivation(node, v, c), channels);
}

const compile: Compile = {
  conv2d(op, [input], output) {
    const geometry = { ...op, input: input!, output };
    const packed = packWeights(op.weights, output[2], op.groups);
    return ([x]) => {
      const result = new Float32Array(elements(output));
      convolveRows(geometry, x!.data, packed, op.bias, (row, sums) => {
        result.set(sums, row * sums.length);
      });
      return result;
    };
  },
  depthwiseConv2d(op, [input], output) {
    const geometry = { ...op, input: input!, output };
    return ([x]) => {
      const result = new Float32Array(elements(output));
      depthwiseRows(geometry, x!.data, op.weights, op.bias, (row, sums) => {
        result.set(sums, row * sums.length);
      });
      return result;
    };
  },
  dense:
    (op) =>
    ([x]) =>
      Float32Array.from(denseSums(x!.data, op.weights, op.bias)),
  batchNorm(op, _inputs, output) {
    const scale = Float64Array.from(op.gamma, (g, c) => g / Math.sqrt(op.variance[c]! + op.epsilon));
    return mapped((v, c) => (v - op.mean[c]!) * scale[c]! + op.beta[c]!, output[2]);
  },
  maxPool(op, [input], output) {
    const geometry = { ...op, input: input!, output };
    return ([x]) => {
      const result = new Float32Array(elements(output));
      maxPoolInto(geometry, x!.data, result);
      return result;
    };
  },
  avgPool(op, [input], output) {
    const geometry = { ...op, input: input!, output };
    const count = op.kernel[0] * op.kernel[1];
    return ([x]) => Float32Array.from(sumPool(geometry, x!.data), (v) => v / count);
  },
  globalAvgPool(_op, [input]) {
    const count = input![0] * input![1];
    const geometry = wholeImage(input!);
    return ([x]) => Float32Array.from(sumPool(geometry, x!.data), (v) => v / count);
  },
  globalMaxPool(_op, [input], output) {
    const geometry = wholeImage(input!);
    return ([x]) => {
      const result = new Float32Array(elements(output));
      maxPoolInto(geometry, x!.data, result);
      return result;
    };
  },
  add:
    () =>
    ([a, b]) => {
      const output = new Float32Array(a!.data.length);
      for (let i = 0; i < output.length; i++) output[i] = a!.data[i]! + b!.data[i]!;
      return output;
    },
  concat: (_op, _inputs, output) => (inputs) => {
    const result = new Float32Array(elements(output));
    concatInto(inputs, output[2], result);
    return result;
  },
  flatten:
    () =>
    ([x]) =>
      x!.data,
};

/** Looks at one tensor as soon as it is there; the reference forgets it when nothing reads it any more. */
export type TensorVisitor = (id: NodeId, tensor: Float32Array, shape: Shape) => void;

/** A graph made ready to run: weights packed, shapes known. */
export interface FloatReference {
  readonly graph: FloatGraph;
  /**
   * Shows every tensor of `frame` to `visit` in graph order and returns the logits. Tensors of `instead` (of the
   * network, not of the preprocessing) stand for what the reference would compute.
   */
  visit(frame: Uint16Array, visit: TensorVisitor, instead?: FloatTensors): Float32Array;
  /** Every tensor of `frame`. */
  tensors(frame: Uint16Array): FloatTensors;
  /** Logits and `veto` score of `frame`. */
  decide(frame: Uint16Array): {
    readonly logits: Float32Array;
    readonly score: number;
    readonly keep: boolean;
  };
}

function compileStep(node: FloatNode, shapes: ReadonlyMap<NodeId, Shape>): Step | null {
  if (isPreprocess(node)) return null;
  const shape = shapes.get(node.id)!;
  if (isActivation(node)) return activationStep(node, shape[2]);
  const inputs = node.inputs.map((id) => shapes.get(id)!);
  return dispatch(compile, node, inputs, shape);
}

/** Index of the last node that reads each tensor. */
function lastReaders(graph: FloatGraph): ReadonlyMap<NodeId, number> {
  const last = new Map<NodeId, number>();
  graph.nodes.forEach((node, i) => {
    for (const id of node.inputs) last.set(id, i);
  });
  return last;
}

/** Prepares `graph`. Running throws `UserError` for a frame of another size. */
export function createFloatReference(graph: FloatGraph): FloatReference {
  const shapes = floatShapes(graph);
  const { size } = inputNode(graph);
  const steps = graph.nodes.map((node) => compileStep(node, shapes));
  const last = lastReaders(graph);

  function visit(frame: Uint16Array, look: TensorVisitor, instead?: FloatTensors): Float32Array {
    if (frame.length !== size[0] * size[1])
      throw new UserError(`a frame of ${frame.length} pixels where the network takes ${size.join('×')}`, {
        remedy: 'use frames of the size that the network was trained on',
      });
    const mantissas = new Map<NodeId, Int32Array>();
    const values = new Map<NodeId, Value>();
    let logits: Float32Array | undefined;
    graph.nodes.forEach((node, i) => {
      const shape = shapes.get(node.id)!;
      let data: Float32Array;
      if (isPreprocess(node)) {
        const from = node.inputs[0]!;
        const integers =
          node.kind === 'input'
            ? Int32Array.from(frame)
            : preprocess(node, mantissas.get(from)!, shapes.get(from)!, shape);
        mantissas.set(node.id, integers);
        const unit = lsb(node.format);
        data = Float32Array.from(integers);
        if (unit !== 1) for (let k = 0; k < data.length; k++) data[k]! *= unit;
      } else {
        data = instead?.get(node.id) ?? steps[i]!(node.inputs.map((id) => values.get(id)!));
      }
      values.set(node.id, { data, shape });
      if (node.id === graph.output) logits = data;
      look(node.id, data, shape);
      for (const id of node.inputs)
        if (last.get(id) === i) {
          values.delete(id);
          mantissas.delete(id);
        }
    });
    invariant(logits !== undefined, `${graph.name}: no output ${graph.output}`);
    return logits;
  }

  return {
    graph,
    visit,
    tensors(frame) {
      const all = new Map<NodeId, Float32Array>();
      visit(frame, (id, tensor) => all.set(id, tensor));
      return all;
    },
    decide(frame) {
      const logits = visit(frame, () => undefined);
      const score = veto(logits, graph.hitClasses);
      return { logits, score, keep: score >= graph.threshold };
    },
  };
}

/** The reference as a `FloatEvaluator`. */
export function createFloatEvaluator(graph: FloatGraph): FloatEvaluator {
  const reference = createFloatReference(graph);
  return (frame) => Promise.resolve(reference.tensors(frame));
}
