/**
 * A fixed graph run exactly and fast, for what needs many frames: comparison with the float reference, bias
 * correction, adaptive rounding, the search over widths. It also tells which values were clipped.
 *
 * Not a witness: verification asks the interpreter, which shares no code with this file (a test holds them equal).
 */
import { invariant } from '../core/errors.js';
import { fractionBits } from '../fixed/format.js';
import { elements, type NodeId, type QuantizedWeights, type Shape } from '../ir/common.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import { mapOf, NO_MAPS, type FrameMaps } from '../ir/frame-maps.js';
import { decide, fixedShapes, type FixedGraph } from '../ir/graph.js';
import { moduleShape } from '../ir/modules.js';
import { countMap, reciprocalOf } from '../ir/ops/counted.js';
import {
  factsOfPart,
  isPreprocess,
  isSumming,
  partsOf,
  sumOf,
  type FixedNetworkNode,
} from '../ir/ops/index.js';
import type { SourceFacts } from '../ir/ops/record.js';
import { activationOf } from '../ir/prove.js';
import { calibration } from './calibration.js';
import { commonMode } from './common-mode.js';
import { walkOf } from './in-order.js';
import { wholeImage } from './kernels.js';
import * as layers from './layers.js';
import { preprocess } from './preprocess-kernels.js';
import { createRequantizer, type OnClip } from './requantizer.js';

interface Value extends layers.Tensor {
  readonly data: Int32Array;
}
type Step = (inputs: readonly Value[], onClip: OnClip | null) => Int32Array;
/** A frame and what comes with it. */
type Given = readonly [frame: Uint16Array, maps: FrameMaps];

/** What a node computes: sums that its format rounds, values as they are, or a step of its own. */
export type FixedLayer =
  { readonly sums: layers.Sums } | { readonly moves: layers.Moves } | { readonly step: Step };
type Layers = Table<FixedNetworkNode, [inputs: readonly SourceFacts[], output: Shape], FixedLayer>;

const plain = ({ mantissas, bias }: QuantizedWeights): layers.PlainWeights => ({ weights: mantissas, bias });

const layerOf: Layers = {
  conv2d: (op, [input], output) => ({
    sums: layers.convolution(op, plain(op.weights), input!.shape, output),
  }),
  depthwiseConv2d: (op, [input], output) => ({
    sums: layers.depthwise(op, plain(op.weights), input!.shape, output),
  }),
  dense: (op) => ({ sums: layers.dense(plain(op.weights)) }),
  maxPool: (op, [input], output) => ({ moves: layers.largest(op, input!.shape, output) }),
  globalMaxPool: (_op, [input], output) => ({
    moves: layers.largest(wholeImage(input!.shape), input!.shape, output),
  }),
  avgPool(op, [input], output) {
    const factors = countMap(op, input!.shape, output).map((count) => reciprocalOf(op, count));
    return { sums: layers.averages(op, input!.shape, output, (sum, i) => sum * factors[i]!) };
  },
  globalAvgPool: (op, [input], output) => ({
    sums: layers.averages(wholeImage(input!.shape), input!.shape, output, (sum) => sum * op.reciprocal),
  }),
  add(_op, [a, b]) {
    const finest = Math.max(fractionBits(a!.format), fractionBits(b!.format));
    return {
      sums: layers.weightedSum([
        2 ** (finest - fractionBits(a!.format)),
        2 ** (finest - fractionBits(b!.format)),
      ]),
    };
  },
  multiply: () => ({ sums: layers.products }),
  upsample: ({ factor }, [input]) => ({ moves: layers.upsampled(factor, input!.shape) }),
  concat: () => ({ moves: layers.joined }),
  flatten: () => ({ moves: layers.unchanged }),
  requantize: () => ({ sums: layers.values }),
  table: ({ table, first }) => ({ step: ([x]) => x!.data.map((q) => table[q - first]!) }),
};

/** What `node` computes of inputs of these shapes and formats. */
export function fixedLayer(
  node: FixedNetworkNode,
  inputs: readonly SourceFacts[],
  output: Shape,
): FixedLayer {
  const parts = partsOf(node);
  if (parts === 1) return dispatch(layerOf, node, inputs, output);
  const one = moduleShape(output, parts);
  const layer: FixedLayer = dispatch(layerOf, node, factsOfPart(parts, inputs), one);
  if ('sums' in layer) return { sums: layers.sumsOfParts(layer.sums, parts, elements(one)) };
  invariant('moves' in layer, `${node.id}: ${node.kind} of parts`);
  return { moves: layers.movesOfParts(layer.moves, parts, elements(one)) };
}

function compile(node: FixedNetworkNode, inputs: readonly SourceFacts[], output: Shape): Step {
  const layer = fixedLayer(node, inputs, output);
  if ('step' in layer) return layer.step;
  if ('moves' in layer)
    return (x) => {
      const result = new Int32Array(elements(output));
      layer.moves(x, result);
      return result;
    };
  const sum = sumOf(node, inputs);
  invariant(sum !== undefined && isSumming(node), `${node.id}: the record of ${node.kind} states no sum`);
  const requantizer = createRequantizer(activationOf(node), node.format);
  return (x, onClip) => {
    const result = new Int32Array(elements(output));
    layer.sums(x, (sums, first) => {
      requantizer.run(sums, sum.fraction, output[2], result, first, onClip);
    });
    return result;
  };
}

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
  visit(frame: Uint16Array, look: MantissaVisitor, withClipping?: boolean, maps?: FrameMaps): Int32Array;
  decide(
    frame: Uint16Array,
    maps?: FrameMaps,
  ): { readonly logits: Int32Array; readonly score: number; readonly keep: boolean };
}

/** Prepares `graph`. Running throws `UserError` for a frame of another size. */
export function createFixedEvaluator(graph: FixedGraph): FixedEvaluator {
  const shapes = fixedShapes(graph);
  const formats = new Map(graph.nodes.map((n) => [n.id, n.format]));
  const walk = walkOf<Value>(graph);
  const steps = graph.nodes.map((node): ((...given: [...Parameters<Step>, ...Given]) => Int32Array) => {
    const shape = shapes.get(node.id)!;
    if (node.kind === 'input') return (_inputs, _onClip, frame) => new Int32Array(frame);
    if (node.kind === 'maps') return (_inputs, _onClip, _frame, maps) => mapOf(node, maps);
    if (isPreprocess(node)) return ([x]) => preprocess(node, x!.data, x!.shape, shape);
    const inputs = node.inputs.map((id) => ({ shape: shapes.get(id)!, format: formats.get(id)! }));
    if (node.kind === 'calibrate') {
      const run = calibration(node, inputs[1]!.format, inputs[2]!.format);
      return ([words, ...maps]) =>
        run(
          words!.data,
          maps.map(({ data }) => data),
          new Int32Array(elements(shape)),
        );
    }
    if (node.kind === 'commonMode') {
      const run = commonMode(node, inputs[0]!.format, node.format);
      return ([x]) => run(x!.data, new Int32Array(elements(shape)));
    }
    return compile(node, inputs, shape);
  });

  function visit(
    frame: Uint16Array,
    look: MantissaVisitor,
    withClipping = false,
    maps = NO_MAPS,
  ): Int32Array {
    return walk(frame, (i, inputs) => {
      const { id } = graph.nodes[i]!;
      const shape = shapes.get(id)!;
      const clipped: number[] = [];
      const onClip = withClipping ? (element: number) => clipped.push(element) : null;
      const data = steps[i]!(inputs, onClip, frame, maps);
      look(id, data, shape, clipped);
      return { data, shape };
    }).data;
  }

  return {
    graph,
    visit,
    decide(frame, maps) {
      const logits = visit(frame, () => undefined, false, maps);
      return { logits, ...decide(graph, logits) };
    },
  };
}
