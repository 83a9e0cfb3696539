/**
 * From a prepared float graph and its ranges to the fixed graph: weights by least squares, biases at accumulator
 * resolution, one rounding a stage, every accumulator proved. Pure: the same input gives the same bits.
 */
import { assertExhaustive } from '../core/errors.js';
import type { Ranges } from '../calibrate/ranges.js';
import { fractionBits, maxMantissa, minMantissa, sameFormat, type Format } from '../fixed/format.js';
import { createFixedGraphBuilder, type FixedGraphBuilder, type UnprovenNode } from '../ir/build.js';
import type { Activation, NodeId, QuantizedWeights } from '../ir/common.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import type { ProvenNode, StageInput } from '../ir/prove.js';
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
import { freshId, type ActivationNode, type WeightedNode } from './rewrite.js';
import { fuseStages, type Stage } from './stages.js';

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

function quantizeActivation(activation: ActivationNode | null, to: Format): Activation {
  if (activation === null) return { kind: 'none' };
  switch (activation.kind) {
    case 'relu':
      return { kind: 'relu' };
    case 'leakyRelu':
      return { kind: 'leakyRelu', ...slope(activation.alpha, to.width) };
    case 'clip': {
      const limit = (value: number): number =>
        Math.min(Math.max(roundHalfEven(value * 2 ** fractionBits(to)), minMantissa(to)), maxMantissa(to));
      const min = limit(activation.min);
      const max = limit(activation.max);
      // Saturation is the upper limit already: a plain ReLU is cheaper in hardware.
      return min === 0 && max === maxMantissa(to) && to.overflow.startsWith('AP_SAT')
        ? { kind: 'relu' }
        : { kind: 'clip', min, max };
    }
  }
}

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

/** The fixed node for `stage`, without its proof. */
function fixedNode(context: Context, stage: Stage, inputs: readonly NodeId[], format: Format): UnprovenNode {
  const { node, id } = stage;
  const read = inputs.map((i) => context.builder.output(i));
  const base = { id, inputs };
  const largest = (input: StageInput): number =>
    Math.max(Math.abs(input.range.low), Math.abs(input.range.high));
  switch (node.kind) {
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'dense': {
      const weights = stageWeights(context, stage, node, read[0]!);
      const stageFields = {
        ...base,
        weights,
        activation: quantizeActivation(stage.activation, format),
        format,
      };
      if (node.kind === 'dense') return { ...stageFields, kind: 'dense' };
      const window = { kernel: node.kernel, strides: node.strides, padding: node.padding };
      if (node.kind === 'depthwiseConv2d') return { ...stageFields, ...window, kind: 'depthwiseConv2d' };
      return { ...stageFields, ...window, kind: 'conv2d', groups: node.groups };
    }
    case 'add':
      return { ...base, kind: 'add', activation: quantizeActivation(stage.activation, format), format };
    case 'avgPool': {
      const count = node.kernel[0] * node.kernel[1];
      return {
        ...node,
        ...base,
        ...averageReciprocal(count, count * largest(read[0]!), reciprocalBits(context, format)),
        format,
      };
    }
    case 'globalAvgPool': {
      const count = read[0]!.shape[0] * read[0]!.shape[1];
      return {
        ...base,
        kind: 'globalAvgPool',
        ...averageReciprocal(count, count * largest(read[0]!), reciprocalBits(context, format)),
        format,
      };
    }
    case 'maxPool':
    case 'globalMaxPool':
    case 'flatten':
    case 'concat':
      return { ...node, ...base, format: read[0]!.format };
    case 'input':
    case 'crop':
    case 'mask':
    case 'bin':
    case 'contrast':
    case 'clamp':
    case 'lut':
      return { ...node, inputs };
    default:
      return assertExhaustive(node);
  }
}

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
  const node = fixedNode(context, stage, inputs, format);
  const read = inputs.map((id) => context.builder.output(id));
  if ('activation' in node || 'reciprocal' in node)
    checkExactness(node as Omit<ProvenNode, 'proof'>, read, context.exactness);
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
