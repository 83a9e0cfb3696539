/**
 * The float meaning of a `FloatGraph`: preprocessing exactly in integers, the network in float32 tensors with sums
 * in double precision. Plain TypeScript, fast enough for a veto network; a large one brings its own `FloatEvaluator`
 * (ONNX Runtime on `float.onnx`).
 */
import { lsb } from '../fixed/format.js';
import { elements, type NodeId, type Shape } from '../ir/common.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import { floatShapes, veto, type FloatGraph } from '../ir/graph.js';
import { moduleShape } from '../ir/modules.js';
import { countMap } from '../ir/ops/counted.js';
import {
  applyActivation,
  isActivation,
  isPreprocess,
  partsOf,
  type ActivationNode,
  type FloatNetworkNode,
} from '../ir/ops/index.js';
import { walkOf } from './in-order.js';
import { wholeImage } from './kernels.js';
import * as layers from './layers.js';
import { preprocess } from './preprocess-kernels.js';

/** Every tensor of one frame by node, `[height, width, channels]` row-major, in real units. */
export type FloatTensors = ReadonlyMap<NodeId, Float32Array>;

/** Whatever computes the float tensors of a raw `uint16` frame: this module, or ONNX Runtime. */
export type FloatEvaluator = (frame: Uint16Array) => Promise<FloatTensors>;

interface Value extends layers.Tensor {
  readonly data: Float32Array;
  /** Of preprocessing: the integers. */
  readonly mantissas?: Int32Array;
}
type Step = (inputs: readonly Value[]) => Float32Array;
type LayerNode = Exclude<FloatNetworkNode, ActivationNode>;
/** What a node computes: sums that are rounded to float32, or values as they are. */
type Layer = { readonly sums: layers.Sums } | { readonly moves: layers.Moves };
type Layers = Table<LayerNode, [inputs: readonly Shape[], output: Shape], Layer>;

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

const layerOf: Layers = {
  conv2d: (op, [input], output) => ({ sums: layers.convolution(op, op, input!, output) }),
  depthwiseConv2d: (op, [input], output) => ({ sums: layers.depthwise(op, op, input!, output) }),
  dense: (op) => ({ sums: layers.dense(op) }),
  batchNorm(op) {
    const scale = Float64Array.from(op.gamma, (g, c) => g / Math.sqrt(op.variance[c]! + op.epsilon));
    return { sums: layers.scaled(op.mean, scale, op.beta) };
  },
  maxPool: (op, [input], output) => ({ moves: layers.largest(op, input!, output) }),
  globalMaxPool: (_op, [input], output) => ({ moves: layers.largest(wholeImage(input!), input!, output) }),
  avgPool(op, [input], output) {
    const counts = countMap(op, input!, output);
    return { sums: layers.averages(op, input!, output, (sum, i) => sum / counts[i]!) };
  },
  globalAvgPool(_op, [input], output) {
    const count = input![0] * input![1];
    return { sums: layers.averages(wholeImage(input!), input!, output, (sum) => sum / count) };
  },
  add: () => ({ sums: layers.weightedSum([1, 1]) }),
  multiply: () => ({ sums: layers.products }),
  upsample: ({ factor }, [input]) => ({ moves: layers.upsampled(factor, input!) }),
  concat: () => ({ moves: layers.joined }),
  flatten: () => ({ moves: layers.unchanged }),
};

/** What `node` computes, module by module where it has such. */
function layerOfParts(node: LayerNode, inputs: readonly Shape[], output: Shape): Layer {
  const parts = partsOf(node);
  if (parts === 1) return dispatch(layerOf, node, inputs, output);
  const one = moduleShape(output, parts);
  const own = inputs.map((shape) => moduleShape(shape, parts));
  const layer: Layer = dispatch(layerOf, node, own, one);
  return 'sums' in layer
    ? { sums: layers.sumsOfParts(layer.sums, parts, elements(one)) }
    : { moves: layers.movesOfParts(layer.moves, parts, elements(one)) };
}

function compile(node: LayerNode, inputs: readonly Shape[], output: Shape): Step {
  const layer = layerOfParts(node, inputs, output);
  return (x) => {
    const result = new Float32Array(elements(output));
    if ('moves' in layer) layer.moves(x, result);
    else
      layer.sums(x, (sums, first) => {
        result.set(sums, first);
      });
    return result;
  };
}

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

/** Prepares `graph`. Running throws `UserError` for a frame of another size. */
export function createFloatReference(graph: FloatGraph): FloatReference {
  const shapes = floatShapes(graph);
  const walk = walkOf<Value>(graph);
  const steps = graph.nodes.map(
    (node): ((inputs: readonly Value[], frame: Uint16Array) => Omit<Value, 'shape'>) => {
      const shape = shapes.get(node.id)!;
      if (isPreprocess(node))
        return ([x], frame) => {
          const mantissas =
            node.kind === 'input' ? new Int32Array(frame) : preprocess(node, x!.mantissas!, x!.shape, shape);
          const unit = lsb(node.format);
          const data = new Float32Array(mantissas);
          if (unit !== 1) for (let k = 0; k < data.length; k++) data[k]! *= unit;
          return { mantissas, data };
        };
      const step = isActivation(node)
        ? activationStep(node, shape[2])
        : compile(
            node,
            node.inputs.map((id) => shapes.get(id)!),
            shape,
          );
      return (inputs) => ({ data: step(inputs) });
    },
  );

  function visit(frame: Uint16Array, look: TensorVisitor, instead?: FloatTensors): Float32Array {
    return walk(frame, (i, inputs) => {
      const node = graph.nodes[i]!;
      const shape = shapes.get(node.id)!;
      const given = isPreprocess(node) ? undefined : instead?.get(node.id);
      const value = given === undefined ? steps[i]!(inputs, frame) : { data: given };
      look(node.id, value.data, shape);
      return { ...value, shape };
    }).data;
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
