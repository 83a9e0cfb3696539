/**
 * A fixed graph run exactly and fast, for what needs many frames: comparison with the float reference, bias
 * correction, adaptive rounding, the search over widths. It also tells which values were clipped.
 *
 * Not a witness: verification asks the interpreter, which shares no code with this file (a test holds them equal).
 */
import { UserError, invariant } from '../core/errors.js';
import { castNumber, roundShiftNumber } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import { limitsOf, NO_ACTIVATION, slopesOf, type Activation } from '../ir/activations.js';
import { elements, type NodeId, type Shape } from '../ir/common.js';
import { fixedShapes, inputNode, veto, type FixedGraph } from '../ir/graph.js';
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
import { isPreprocess, type FixedNetworkNode } from '../ir/ops/index.js';
import type { SourceFacts } from '../ir/ops/record.js';
import { preprocess } from './preprocess-kernels.js';

interface Value {
  readonly data: Int32Array;
  readonly shape: Shape;
}
/** Called with the element index of every value that left its format and was clipped. */
type OnClip = (element: number) => void;
type Step = (inputs: readonly Value[], onClip: OnClip | null) => Int32Array;

/** Accumulators to mantissas of one format: activation, one rounding, overflow. */
interface Requantizer {
  readonly run: (
    sums: Float64Array,
    fraction: (channel: number) => number,
    channels: number,
    output: Int32Array,
    first: number,
    onClip: OnClip | null,
  ) => void;
}

/** `castNumber` for the default modes, without its branches. Exact below 2^53. */
function fastCast(value: number, scale: number, low: number, high: number): number {
  const scaled = value * scale;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return rounded < low ? low : rounded > high ? high : rounded;
}

function createRequantizer(activation: Activation, to: Format): Requantizer {
  const low = minMantissa(to);
  const high = maxMantissa(to);
  const target = fractionBits(to);
  const fast = to.quantization === 'AP_RND_CONV' && to.overflow === 'AP_SAT';
  const { negative, positive, fraction: extra } = slopesOf(activation);
  const clip = limitsOf(activation);
  const isClipped = (value: number, fraction: number): boolean => {
    const shift = fraction - target;
    // A finer target rounds nothing, and a product with a power of two is exact beyond 53 bits as well.
    const rounded = shift <= 0 ? value * 2 ** -shift : roundShiftNumber(value, shift, to.quantization);
    return (
      (rounded > high && (clip === null || clip.max >= high)) ||
      (rounded < low && (clip === null || clip.min < low))
    );
  };
  return {
    run(sums, fraction, channels, output, first, onClip) {
      for (let c = 0; c < channels; c++) {
        const own = fraction(c) + extra;
        const scale = 2 ** (target - own);
        for (let i = c; i < sums.length; i += channels) {
          const sum = sums[i]!;
          const value = sum < 0 ? sum * negative : sum * positive;
          let mantissa = fast ? fastCast(value, scale, low, high) : castNumber(value, own, to);
          if (onClip !== null && (mantissa === low || mantissa === high || !fast) && isClipped(value, own))
            onClip(first + i);
          if (clip !== null) mantissa = Math.min(Math.max(mantissa, clip.min), clip.max);
          output[first + i] = mantissa;
        }
      }
    },
  };
}

type Compile = Table<FixedNetworkNode, [inputs: readonly SourceFacts[], output: Shape], Step>;

/** A step that turns whole tensors of sums into mantissas. */
const fromSums =
  (
    requantizer: Requantizer,
    fraction: (c: number) => number,
    channels: number,
    sums: (x: readonly Value[]) => Float64Array,
  ): Step =>
  (inputs, onClip) => {
    const all = sums(inputs);
    const output = new Int32Array(all.length);
    requantizer.run(all, fraction, channels, output, 0, onClip);
    return output;
  };

const scaledSum = (sums: Float64Array, factor: number): Float64Array => {
  for (let i = 0; i < sums.length; i++) sums[i]! *= factor;
  return sums;
};

const compile: Compile = {
  conv2d(op, [input], output) {
    const geometry = { ...op, input: input!.shape, output };
    const packed = packWeights(op.weights.mantissas, output[2], op.groups);
    const requantizer = createRequantizer(op.activation, op.format);
    const fraction = (c: number): number => fractionBits(input!.format) + op.weights.fraction[c]!;
    return ([x], onClip) => {
      const result = new Int32Array(elements(output));
      convolveRows(geometry, x!.data, packed, op.weights.bias, (row, sums) => {
        requantizer.run(sums, fraction, output[2], result, row * sums.length, onClip);
      });
      return result;
    };
  },
  depthwiseConv2d(op, [input], output) {
    const geometry = { ...op, input: input!.shape, output };
    const requantizer = createRequantizer(op.activation, op.format);
    const fraction = (c: number): number => fractionBits(input!.format) + op.weights.fraction[c]!;
    return ([x], onClip) => {
      const result = new Int32Array(elements(output));
      depthwiseRows(geometry, x!.data, op.weights.mantissas, op.weights.bias, (row, sums) => {
        requantizer.run(sums, fraction, output[2], result, row * sums.length, onClip);
      });
      return result;
    };
  },
  dense: (op, [input], output) =>
    fromSums(
      createRequantizer(op.activation, op.format),
      (c) => fractionBits(input!.format) + op.weights.fraction[c]!,
      output[2],
      ([x]) => denseSums(x!.data, op.weights.mantissas, op.weights.bias),
    ),
  maxPool(op, [input], output) {
    const geometry = { ...op, input: input!.shape, output };
    return ([x]) => {
      const result = new Int32Array(elements(output));
      maxPoolInto(geometry, x!.data, result);
      return result;
    };
  },
  globalMaxPool(_op, [input], output) {
    const geometry = wholeImage(input!.shape);
    return ([x]) => {
      const result = new Int32Array(elements(output));
      maxPoolInto(geometry, x!.data, result);
      return result;
    };
  },
  avgPool(op, [input], output) {
    const geometry = { ...op, input: input!.shape, output };
    return fromSums(
      createRequantizer(NO_ACTIVATION, op.format),
      () => fractionBits(input!.format) + op.reciprocalFraction,
      output[2],
      ([x]) => scaledSum(sumPool(geometry, x!.data), op.reciprocal),
    );
  },
  globalAvgPool(op, [input], output) {
    const geometry = wholeImage(input!.shape);
    return fromSums(
      createRequantizer(NO_ACTIVATION, op.format),
      () => fractionBits(input!.format) + op.reciprocalFraction,
      output[2],
      ([x]) => scaledSum(sumPool(geometry, x!.data), op.reciprocal),
    );
  },
  add(op, [a, b], output) {
    const fraction = Math.max(fractionBits(a!.format), fractionBits(b!.format));
    const scaleA = 2 ** (fraction - fractionBits(a!.format));
    const scaleB = 2 ** (fraction - fractionBits(b!.format));
    return fromSums(
      createRequantizer(op.activation, op.format),
      () => fraction,
      output[2],
      ([x, y]) => {
        const sums = new Float64Array(x!.data.length);
        for (let i = 0; i < sums.length; i++) sums[i] = x!.data[i]! * scaleA + y!.data[i]! * scaleB;
        return sums;
      },
    );
  },
  concat: (_op, _inputs, output) => (inputs) => {
    const result = new Int32Array(elements(output));
    concatInto(inputs, output[2], result);
    return result;
  },
  flatten:
    () =>
    ([x]) =>
      x!.data,
  requantize: (op, [input], output) =>
    fromSums(
      createRequantizer(NO_ACTIVATION, op.format),
      () => fractionBits(input!.format),
      output[2],
      ([x]) => Float64Array.from(x!.data),
    ),
  table:
    ({ table, first }) =>
    ([x]) =>
      x!.data.map((q) => table[q - first]!),
};

/** Sees a tensor of mantissas as soon as it is there, and the elements of it that were clipped when asked for. */
export type MantissaVisitor = (
  id: NodeId,
  mantissas: Int32Array,
  shape: Shape,
  clipped: readonly number[],
) => void;

export interface FixedEvaluator {
  readonly graph: FixedGraph;
  /** Shows every tensor of `frame` in graph order; returns the logits' mantissas. */
  visit(frame: Uint16Array, look: MantissaVisitor, withClipping?: boolean): Int32Array;
  decide(frame: Uint16Array): { readonly logits: Int32Array; readonly score: number; readonly keep: boolean };
}

function compileSteps(graph: FixedGraph, shapes: ReadonlyMap<NodeId, Shape>): readonly (Step | null)[] {
  const formats = new Map(graph.nodes.map((n) => [n.id, n.format]));
  return graph.nodes.map((node) => {
    if (isPreprocess(node)) return null;
    const inputs = node.inputs.map((id) => ({ shape: shapes.get(id)!, format: formats.get(id)! }));
    return dispatch(compile, node, inputs, shapes.get(node.id)!);
  });
}

/** Prepares `graph`. Running throws `UserError` for a frame of another size. */
export function createFixedEvaluator(graph: FixedGraph): FixedEvaluator {
  const shapes = fixedShapes(graph);
  const { size } = inputNode(graph);
  const steps = compileSteps(graph, shapes);
  const last = new Map<NodeId, number>();
  graph.nodes.forEach((node, i) => {
    for (const id of node.inputs) last.set(id, i);
  });

  function visit(frame: Uint16Array, look: MantissaVisitor, withClipping = false): Int32Array {
    if (frame.length !== size[0] * size[1])
      throw new UserError(`a frame of ${frame.length} pixels where the network takes ${size.join('×')}`, {
        remedy: 'use frames of the size that the network was trained on',
      });
    const values = new Map<NodeId, Value>();
    let logits: Int32Array | undefined;
    graph.nodes.forEach((node, i) => {
      const shape = shapes.get(node.id)!;
      const inputs = node.inputs.map((id) => values.get(id)!);
      const clipped: number[] = [];
      const data =
        node.kind === 'input'
          ? Int32Array.from(frame)
          : isPreprocess(node)
            ? preprocess(node, inputs[0]!.data, inputs[0]!.shape, shape)
            : steps[i]!(inputs, withClipping ? (element) => clipped.push(element) : null);
      values.set(node.id, { data, shape });
      if (node.id === graph.output) logits = data;
      look(node.id, data, shape, clipped);
      for (const id of node.inputs) if (last.get(id) === i) values.delete(id);
    });
    invariant(logits !== undefined, `${graph.name}: no output ${graph.output}`);
    return logits;
  }

  return {
    graph,
    visit,
    decide(frame) {
      const logits = visit(frame, () => undefined);
      const score = veto(logits, graph.hitClasses);
      return { logits, score, keep: score >= graph.threshold };
    },
  };
}
