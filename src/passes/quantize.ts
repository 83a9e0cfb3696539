/**
 * From a prepared float graph and its ranges to the fixed graph: weights by least squares, biases at accumulator
 * resolution, one rounding a stage, every accumulator proved. Pure: the same input gives the same bits.
 */
import type { Ranges } from '../calibrate/ranges.js';
import { fractionBits, maxMantissa, minMantissa, sameFormat, type Format } from '../fixed/format.js';
import { NO_ACTIVATION, type Activation } from '../ir/activations.js';
import {
  createFixedGraphBuilder,
  isUnproven,
  type FixedGraphBuilder,
  type UnprovenNode,
} from '../ir/build.js';
import type { NodeId, QuantizedWeights } from '../ir/common.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { magnitude, type StageInput } from '../ir/prove.js';
import {
  assignFormats,
  assignWidths,
  preservesFormat,
  type QuantizeOptions,
  type Widths,
} from './assign-formats.js';
import { checkExactness } from './check-exactness.js';
import { nearestWeights, type WeightChooser } from './choose-weights.js';
import { quantizeBias, roundHalfEven } from './quantize-weights.js';
import { averageReciprocal } from './reciprocal.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import {
  isPreprocess,
  isTabled,
  type FusedNode,
  type PreprocessNode,
  type TabledNode,
} from '../ir/ops/index.js';
import { MOST_TABLE_BITS, tableOf } from '../ir/ops/table.js';
import { freshId, type WeightedNode } from './rewrite.js';
import { fuseStages, type Stage, type StageNode } from './stages.js';

interface Context {
  readonly builder: FixedGraphBuilder;
  readonly formats: ReadonlyMap<NodeId, Format>;
  readonly widths: ReadonlyMap<NodeId, Widths>;
  readonly choose: WeightChooser;
  readonly exactness: { readonly reloadable: boolean; readonly float32: boolean };
  /** The fixed node that holds each stage's output: the stage itself, or the `requantize` behind it. */
  readonly holder: Map<NodeId, NodeId>;
  readonly taken: Set<string>;
}

/** The slope with the fewest fraction bits whose relative error is below half a step of a result of `width` bits. */
function slope(
  alpha: number,
  width: number,
): { readonly alphaMantissa: number; readonly alphaFraction: number } {
  for (let alphaFraction = 0; alphaFraction < 15; alphaFraction++) {
    const alphaMantissa = roundHalfEven(alpha * 2 ** alphaFraction);
    if (Math.abs(alphaMantissa * 2 ** -alphaFraction - alpha) <= alpha * 2 ** -width)
      return { alphaMantissa, alphaFraction };
  }
  return { alphaMantissa: roundHalfEven(alpha * 2 ** 15), alphaFraction: 15 };
}

/** What an activation of the float graph is inside a stage whose output has format `to`. */
const inFormat: Table<FusedNode, [to: Format], Activation> = {
  relu: () => ({ kind: 'relu' }),
  leakyRelu: ({ alpha }, to) => ({ kind: 'leakyRelu', ...slope(alpha, to.width) }),
  clip(node, to) {
    const limit = (value: number): number =>
      Math.min(Math.max(roundHalfEven(value * 2 ** fractionBits(to)), minMantissa(to)), maxMantissa(to));
    const min = limit(node.min);
    const max = limit(node.max);
    // Saturation is the upper limit already: a plain ReLU is cheaper in hardware.
    return min === 0 && max === maxMantissa(to) && to.overflow.startsWith('AP_SAT')
      ? { kind: 'relu' }
      : { kind: 'clip', min, max };
  },
};

const quantizeActivation = (activation: FusedNode | null, to: Format): Activation =>
  activation === null ? NO_ACTIVATION : dispatch(inFormat, activation, to);

function stageWeights(
  context: Context,
  stage: Stage,
  node: WeightedNode,
  input: StageInput,
): QuantizedWeights {
  const { weightBits } = context.widths.get(stage.id)!;
  const { mantissas, fraction, bias } = context.choose(node, node.inputs[0]!, input, weightBits);
  return {
    mantissas,
    width: weightBits,
    fraction,
    bias: quantizeBias(bias, fraction, fractionBits(input.format)),
  };
}

/** Bits that a reciprocal must have: as the result calls for, unless float32 sets the limit. */
const reciprocalBits = (context: Context, format: Format): number =>
  context.exactness.float32 ? 0 : format.width;

interface Place {
  readonly context: Context;
  readonly stage: Stage;
  /** The id and inputs of the fixed node. */
  readonly base: { readonly id: NodeId; readonly inputs: readonly NodeId[] };
  readonly read: readonly StageInput[];
  readonly format: Format;
}

type Rules = Table<Exclude<StageNode, PreprocessNode | TabledNode>, [place: Place], UnprovenNode>;

const weighted = (node: WeightedNode, { context, stage, base, read, format }: Place) => ({
  ...base,
  weights: stageWeights(context, stage, node, read[0]!),
  activation: quantizeActivation(stage.activation, format),
  format,
});

const reciprocal = ({ context, read: [input], format }: Place, count: number) =>
  averageReciprocal(count, count * magnitude(input!.range), reciprocalBits(context, format));

const rules: Rules = {
  dense: (node, place) => ({ ...weighted(node, place), kind: 'dense' }),
  depthwiseConv2d(node, place) {
    const { kernel, strides, padding } = node;
    return { ...weighted(node, place), kernel, strides, padding, kind: 'depthwiseConv2d' };
  },
  conv2d(node, place) {
    const { kernel, strides, padding, groups } = node;
    return { ...weighted(node, place), kernel, strides, padding, kind: 'conv2d', groups };
  },
  add: (_node, { stage, base, format }) => ({
    ...base,
    kind: 'add',
    activation: quantizeActivation(stage.activation, format),
    format,
  }),
  avgPool: (node, place) => ({
    ...node,
    ...place.base,
    ...reciprocal(place, node.kernel[0] * node.kernel[1]),
    format: place.format,
  }),
  globalAvgPool(_node, place) {
    const [height, width] = place.read[0]!.shape;
    return {
      ...place.base,
      kind: 'globalAvgPool',
      ...reciprocal(place, height * width),
      format: place.format,
    };
  },
  maxPool: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
  globalMaxPool: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
  flatten: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
  concat: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
};

/** The fixed node for `stage`, without its proof. */
function fixedNode(context: Context, stage: Stage, inputs: readonly NodeId[], format: Format): UnprovenNode {
  const { node, id } = stage;
  if (isPreprocess(node)) return { ...node, inputs };
  const read = inputs.map((i) => context.builder.output(i));
  const base = { id, inputs };
  if (isTabled(node)) {
    const { id: _id, inputs: _inputs, ...of } = node;
    return { ...base, kind: 'table', of, ...tableOf(of, read[0]!.format, format), format };
  }
  return dispatch(rules, node, { context, stage, base, read, format });
}

/** `from` with no more bits than a table can be asked with, the lowest of them dropped. */
const forTable = (from: Format): Format =>
  from.width <= MOST_TABLE_BITS ? from : { ...from, width: MOST_TABLE_BITS };

/** `id` in `format`: itself, or a new `requantize` node behind it. */
function requantized(context: Context, id: NodeId, format: Format): NodeId {
  if (sameFormat(context.builder.output(id).format, format)) return id;
  const cast = freshId(context.taken, `${id}_cast`);
  context.taken.add(cast);
  return context.builder.add({ id: cast, kind: 'requantize', inputs: [id], format });
}

function addStage(context: Context, stage: Stage): void {
  const format = context.formats.get(stage.id)!;
  let inputs = stage.inputs.map((id) => context.holder.get(id)!);
  if (stage.node.kind === 'concat') inputs = inputs.map((id) => requantized(context, id, format));
  if (isTabled(stage.node))
    inputs = inputs.map((id) => requantized(context, id, forTable(context.builder.output(id).format)));
  const node = fixedNode(context, stage, inputs, format);
  const read = inputs.map((id) => context.builder.output(id));
  if (isUnproven(node)) checkExactness(node, read, context.exactness);
  context.builder.add(node);
  context.holder.set(stage.id, preservesFormat(stage) ? requantized(context, stage.id, format) : stage.id);
}

/**
 * The fixed graph of a prepared float graph (see `prepareGraph`) under `ranges`. Throws `UserError` for widths
 * outside 2–16, unknown layer names, ranges of another network, and a stage that cannot be exact in float32.
 */
export function quantizeGraph(
  graph: FloatGraph,
  ranges: Ranges,
  options: QuantizeOptions,
  choose: WeightChooser = nearestWeights,
): FixedGraph {
  const stages = fuseStages(graph);
  const { reloadable, float32 } = options.quantization;
  const context: Context = {
    builder: createFixedGraphBuilder(reloadable),
    formats: assignFormats(graph, stages, ranges, options),
    widths: assignWidths(stages, options.quantization),
    choose,
    exactness: { reloadable, float32 },
    holder: new Map(),
    taken: new Set(graph.nodes.map((n) => n.id)),
  };
  for (const stage of stages) addStage(context, stage);
  const outputStage = stages.find((s) => s.tensor === graph.output)!;
  const output = context.holder.get(outputStage.id)!;
  const unit = 2 ** -fractionBits(context.builder.output(output).format);
  return context.builder.build({
    name: graph.name,
    output,
    classNames: graph.classNames,
    hitClasses: graph.hitClasses,
    // The least integer score that is a real score of at least the threshold; `+ 0` turns -0 into 0.
    threshold: Math.ceil(graph.threshold / unit) + 0,
  });
}
