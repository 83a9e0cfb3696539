/**
 * The definition of the arithmetic: a fixed graph run in plain integers, slow and obvious.
 *
 * Every other simulator must equal this one with `===` and shares no code with it. Mantissas are integers in
 * `number`; the graph's proofs keep every partial sum below 2^53.
 */
import { invariant } from '../core/errors.js';
import { castNumber } from '../fixed/cast.js';
import { fractionBits } from '../fixed/format.js';
import { elements, type NodeId, type Shape, type Window } from '../ir/common.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import { decide, fixedShapes, inputNode, type FixedGraph } from '../ir/graph.js';
import { mapOf, NO_MAPS, type FrameMaps } from '../ir/frame-maps.js';
import { isGiven, partsOf, type ComputedNode, type FixedNodeOf } from '../ir/ops/index.js';
import { prescaled, type PrescaleQuestion } from '../ir/prescale.js';
import { rawRules } from './interpret-raw.js';
import { convolve, fill, partOf, requantize, type Value } from './interpret-sums.js';
import type { Drill, DrillResult, FrameResult } from './witness.js';

type Rules = Table<ComputedNode, [inputs: readonly Value[], output: Int32Array, shape: Shape], void>;

/** Calls `visit` for each input position that the window at output (oy, ox) covers and that is not padding. */
function overWindow(
  w: Window,
  input: Shape,
  oy: number,
  ox: number,
  visit: (iy: number, ix: number, ky: number, kx: number) => void,
): void {
  for (let ky = 0; ky < w.kernel[0]; ky++) {
    const iy = oy * w.strides[0] + ky - w.padding[0];
    if (iy < 0 || iy >= input[0]) continue;
    for (let kx = 0; kx < w.kernel[1]; kx++) {
      const ix = ox * w.strides[1] + kx - w.padding[1];
      if (ix >= 0 && ix < input[1]) visit(iy, ix, ky, kx);
    }
  }
}

const at = (v: Value, y: number, x: number, c: number): number =>
  v.data[(y * v.shape[1] + x) * v.shape[2] + c]!;

const isInside = ([height, width]: Shape, y: number, x: number): boolean =>
  y >= 0 && y < height && x >= 0 && x < width;

function average(
  op: FixedNodeOf<'avgPool'> | FixedNodeOf<'globalAvgPool'>,
  sum: number,
  input: Value,
): number {
  return castNumber(sum * op.reciprocal, fractionBits(input.format) + op.reciprocalFraction, op.format);
}

const rules: Rules = {
  ...rawRules,
  crop: (op, [x], output, shape) => {
    fill(output, shape, (row, column, c) => at(x!, row + op.offset[0], column + op.offset[1], c));
  },
  mask: (op, [x], output) => {
    for (let i = 0; i < output.length; i++) output[i] = op.live[i] === 1 ? x!.data[i]! : 0;
  },
  bin: (op, [x], output, shape) => {
    fill(output, shape, (row, column, c) => {
      const block: number[] = [];
      for (let dy = 0; dy < op.factor[0]; dy++)
        for (let dx = 0; dx < op.factor[1]; dx++)
          block.push(at(x!, row * op.factor[0] + dy, column * op.factor[1] + dx, c));
      if (op.mode === 'sum') return block.reduce((sum, pixel) => sum + pixel);
      return block.sort((a, b) => b - a)[op.mode === 'max' ? 0 : 1]!;
    });
  },
  contrast: ({ distance: d }, [x], output, shape) => {
    fill(output, shape, (row, column, c) => {
      const look = (iy: number, ix: number): number => (isInside(x!.shape, iy, ix) ? at(x!, iy, ix, c) : 0);
      const level = Math.max(
        Math.min(look(row, column - d), look(row, column + d)),
        Math.min(look(row - d, column), look(row + d, column)),
        Math.min(look(row - d, column - d), look(row + d, column + d)),
        Math.min(look(row - d, column + d), look(row + d, column - d)),
      );
      return Math.max(0, look(row, column) - level);
    });
  },
  clamp: (op, [x], output) => {
    for (let i = 0; i < output.length; i++) output[i] = Math.min(Math.max(x!.data[i]!, op.min), op.max);
  },
  lut: (op, [x], output) => {
    for (let i = 0; i < output.length; i++) output[i] = op.table[x!.data[i]! - op.first]!;
  },
  conv2d: (op, [x], output, shape) => {
    convolve(op, x!, output, shape);
  },
  depthwiseConv2d: (op, [x], output, shape) => {
    convolve(op, x!, output, shape);
  },
  dense: (op, [x], output) => {
    const { mantissas, fraction, bias } = op.weights;
    for (let c = 0; c < output.length; c++) {
      let accumulator = bias[c]!;
      for (let k = 0; k < x!.data.length; k++) accumulator += mantissas[k * output.length + c]! * x!.data[k]!;
      output[c] = requantize(
        accumulator,
        fractionBits(x!.format) + fraction[c]!,
        op.activation,
        op.format,
        c,
      );
    }
  },
  maxPool: (op, [x], output, shape) => {
    fill(output, shape, (oy, ox, c) => {
      let best = -Infinity;
      overWindow(op, x!.shape, oy, ox, (iy, ix) => (best = Math.max(best, at(x!, iy, ix, c))));
      return best;
    });
  },
  avgPool: (op, [x], output, shape) => {
    const [height, width] = x!.shape;
    const [top, left, bottom, right] = op.counted ?? op.padding;
    fill(output, shape, (oy, ox, c) => {
      let sum = 0;
      overWindow(op, x!.shape, oy, ox, (iy, ix) => (sum += at(x!, iy, ix, c)));
      let count = 0;
      for (let ky = 0; ky < op.kernel[0]; ky++)
        for (let kx = 0; kx < op.kernel[1]; kx++) {
          const iy = oy * op.strides[0] + ky - op.padding[0];
          const ix = ox * op.strides[1] + kx - op.padding[1];
          if (iy >= -top && iy < height + bottom && ix >= -left && ix < width + right) count += 1;
        }
      const reciprocal = op.reciprocals === undefined ? op.reciprocal : op.reciprocals[count]!;
      return average({ ...op, reciprocal }, sum, x!);
    });
  },
  globalAvgPool: (op, [x], output) => {
    for (let c = 0; c < output.length; c++) {
      let sum = 0;
      for (let i = c; i < x!.data.length; i += output.length) sum += x!.data[i]!;
      output[c] = average(op, sum, x!);
    }
  },
  globalMaxPool: (_op, [x], output) => {
    for (let c = 0; c < output.length; c++) {
      let best = -Infinity;
      for (let i = c; i < x!.data.length; i += output.length) best = Math.max(best, x!.data[i]!);
      output[c] = best;
    }
  },
  add: (op, [a, b], output, shape) => {
    const fraction = Math.max(fractionBits(a!.format), fractionBits(b!.format));
    const scaleA = 2 ** (fraction - fractionBits(a!.format));
    const scaleB = 2 ** (fraction - fractionBits(b!.format));
    for (let i = 0; i < output.length; i++) {
      const sum = a!.data[i]! * scaleA + b!.data[i]! * scaleB;
      output[i] = requantize(sum, fraction, op.activation, op.format, i % shape[2]);
    }
  },
  multiply: (op, [x, vector], output, shape) => {
    const fraction = fractionBits(x!.format) + fractionBits(vector!.format);
    for (let i = 0; i < output.length; i++) {
      const channel = i % shape[2];
      const product = x!.data[i]! * vector!.data[channel]!;
      output[i] = requantize(product, fraction, op.activation, op.format, channel);
    }
  },
  upsample: ({ factor }, [x], output, shape) => {
    fill(output, shape, (row, column, c) =>
      at(x!, Math.floor(row / factor[0]), Math.floor(column / factor[1]), c),
    );
  },
  concat: (_op, inputs, output, shape) => {
    let first = 0;
    for (const input of inputs) {
      const channels = input.shape[2];
      for (let i = 0; i < input.data.length; i++)
        output[Math.floor(i / channels) * shape[2] + first + (i % channels)] = input.data[i]!;
      first += channels;
    }
  },
  flatten: (_op, [x], output) => {
    output.set(x!.data);
  },
  requantize: (op, [x], output) => {
    for (let i = 0; i < output.length; i++)
      output[i] = castNumber(x!.data[i]!, fractionBits(x!.format), op.format);
  },
  table: (op, [x], output) => {
    for (let i = 0; i < output.length; i++) output[i] = op.table[x!.data[i]! - op.first]!;
  },
};

function evaluate(node: ComputedNode, inputs: readonly Value[], shape: Shape): Value {
  const all: Value = { shape, format: node.format, data: new Int32Array(elements(shape)) };
  const parts = partsOf(node);
  for (let k = 0; k < parts; k++) {
    const own = partOf(all, k, parts);
    const parted = inputs.map((x) => partOf(x, k, parts));
    dispatch(rules, node, parted, own.data, own.shape);
  }
  return all;
}

/** All tensors of `graph` on one raw frame of `height * width` pixels, with its maps where the graph has such. */
export function interpretTensors(
  graph: FixedGraph,
  frame: Uint16Array,
  maps: FrameMaps = NO_MAPS,
): ReadonlyMap<NodeId, Int32Array> {
  const shapes = fixedShapes(graph);
  const input = inputNode(graph);
  invariant(
    frame.length === input.size[0] * input.size[1],
    `a frame of ${frame.length} pixels for ${input.size.join('×')}`,
  );
  const values = new Map<NodeId, Value>([
    [input.id, { shape: shapes.get(input.id)!, format: input.format, data: Int32Array.from(frame) }],
  ]);
  for (const node of graph.nodes) {
    if (node.kind === 'input') continue;
    if (node.kind === 'maps') {
      values.set(node.id, { shape: shapes.get(node.id)!, format: node.format, data: mapOf(node, maps) });
      continue;
    }
    values.set(
      node.id,
      evaluate(
        node,
        node.inputs.map((id) => values.get(id)!),
        shapes.get(node.id)!,
      ),
    );
  }
  return new Map([...values].map(([id, value]) => [id, value.data]));
}

const NO_TENSORS: ReadonlyMap<NodeId, Int32Array> = new Map();

/** Runs `graph` on one raw frame, with its maps; where `prescale` is given, decides with that as well. */
export function interpret(
  graph: FixedGraph,
  frame: Uint16Array,
  tensors = false,
  prescale?: PrescaleQuestion,
  maps?: FrameMaps,
): FrameResult {
  const all = interpretTensors(graph, frame, maps);
  const logits = all.get(graph.output)!;
  const { score, keep } = decide(graph, logits);
  return {
    logits,
    score,
    keep,
    ...(prescale === undefined ? {} : { prescaled: prescaled(keep, prescale) }),
    tensors: tensors ? all : NO_TENSORS,
  };
}

/** What the nodes that `drill` asks make of the values that their inputs are given. */
export function interpretDrill(graph: FixedGraph, { given, stages }: Drill): DrillResult {
  const shapes = fixedShapes(graph);
  const values = new Map(
    graph.nodes.map((n) => [n.id, { shape: shapes.get(n.id)!, format: n.format, data: given.get(n.id)! }]),
  );
  const tensors = graph.nodes.flatMap((n): [NodeId, Int32Array][] => {
    if (isGiven(n) || !stages.has(n.id)) return [];
    const inputs = n.inputs.map((id) => values.get(id)!);
    return [[n.id, evaluate(n, inputs, shapes.get(n.id)!).data]];
  });
  return { tensors: new Map(tensors), ...decide(graph, given.get(graph.output)!) };
}
