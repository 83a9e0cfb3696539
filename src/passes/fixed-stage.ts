/**
 * One stage of the fixed graph from one of the float graph: weights by least squares or as they are, biases at accumulator
 * resolution, one rounding.
 */
import { UserError } from '../core/errors.js';
import { roundHalfEven } from '../fixed/cast.js';
import { fractionBits, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import { NO_ACTIVATION, type Activation } from '../ir/activations.js';
import type { FixedGraphBuilder, UnprovenNode } from '../ir/build.js';
import { windowShape, type NodeId, type QuantizedWeights } from '../ir/common.js';
import { dispatch, type Table } from '../ir/dispatch.js';
import { sameModules } from '../ir/modules.js';
import { countMap } from '../ir/ops/counted.js';
import type { FloatGraph } from '../ir/graph.js';
import {
  factsOfPart,
  isPreprocess,
  isTabled,
  partsOf,
  type FloatNodeOf,
  type FusedNode,
  type PreprocessNode,
  type TabledNode,
} from '../ir/ops/index.js';
import { tableOf } from '../ir/ops/table.js';
import { magnitude, type StageInput } from '../ir/prove.js';
import type { Widths } from './assign-formats.js';
import type { WeightChooser } from './choose-weights.js';
import { quantizeBias } from './quantize-weights.js';
import { reciprocalWithoutTies, slopesWithoutTies, withoutTies } from './no-ties.js';
import { averageReciprocal, countedReciprocals } from './reciprocal.js';
import type { WeightedNode } from './rewrite.js';
import type { Stage, StageNode } from './stages.js';
import { roundingReciprocal } from './stated-average.js';
import type { StatedStages } from './stated-stages.js';

/** What every stage of one graph is made with. */
export interface Context {
  readonly graph: FloatGraph;
  readonly builder: FixedGraphBuilder;
  /** By calibration; asked for where the network's file does not say. */
  readonly formats: () => ReadonlyMap<NodeId, Format>;
  /** No sum may lie halfway between two results. */
  readonly noTies: boolean;
  /** What the network's file states; null where it is not asked. */
  readonly stated: StatedStages | null;
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

/**
 * Slopes of one fraction: the fewest bits with which none is off by more than half a step of a result of `width` bits at
 * its largest.
 */
function slopes(alpha: Float32Array, width: number): Activation {
  let alphaFraction = 0;
  const rounded = (a: number): number => roundHalfEven(a * 2 ** alphaFraction);
  const isFar = (a: number): boolean => Math.abs(rounded(a) * 2 ** -alphaFraction - a) > 2 ** -width;
  while (alphaFraction < 15 && alpha.some(isFar)) alphaFraction += 1;
  return { kind: 'prelu', alphaMantissas: Array.from(alpha, rounded), alphaFraction };
}

/** What an activation of the float graph is inside a stage whose output has format `to`. */
const inFormat: Table<FusedNode, [to: Format], Activation> = {
  relu: () => ({ kind: 'relu' }),
  leakyRelu: ({ alpha }, to) => ({ kind: 'leakyRelu', ...slope(alpha, to.width) }),
  prelu: ({ alpha }, to) => slopes(alpha, to.width),
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
  to: Format,
): QuantizedWeights {
  const exact = context.stated?.weightsOf(stage, node, input) ?? null;
  if (exact !== null) {
    const { mantissas, width, fraction, bias } = exact;
    const own = { mantissas, width, fraction, bias };
    return context.noTies ? withoutTies(own, node.bias, fractionBits(input.format), to) : own;
  }
  const { weightBits } = context.widths.get(stage.id)!;
  const { mantissas, fraction, bias } = context.choose(node, node.inputs[0]!, input, weightBits);
  const inputFraction = fractionBits(input.format);
  const weights = {
    mantissas,
    width: weightBits,
    fraction,
    bias: quantizeBias(bias, fraction, inputFraction),
  };
  return context.noTies ? withoutTies(weights, bias, inputFraction, to) : weights;
}

/** Bits that a reciprocal must have: as the result calls for, unless float32 sets the limit. */
const reciprocalBits = (context: Context, format: Format): number =>
  context.exactness.float32 ? 0 : format.width;

interface Place {
  readonly context: Context;
  readonly stage: Stage;
  /** The id and inputs of the fixed node. */
  readonly base: { readonly id: NodeId; readonly inputs: readonly NodeId[]; readonly modules?: number };
  readonly read: readonly StageInput[];
  readonly format: Format;
}

type Rules = Table<Exclude<StageNode, PreprocessNode | TabledNode>, [place: Place], UnprovenNode>;

const weighted = (node: WeightedNode, { context, stage, base, read, format }: Place) => ({
  ...base,
  weights: stageWeights(context, stage, node, read[0]!, format),
  activation: stageActivation(context, stage, format),
  format,
});

/** The slopes of `activation` that are not the very ones of `stage`, in words; null where all are. */
function otherSlopes({ activation: given }: Stage, fixed: Activation): string | null {
  if (given?.kind === 'leakyRelu' && fixed.kind === 'leakyRelu') {
    const { alphaMantissa, alphaFraction } = fixed;
    const isSame = alphaMantissa * 2 ** -alphaFraction === given.alpha;
    return isSame ? null : `its slope of ${given.alpha} is ${alphaMantissa}/2^${alphaFraction}`;
  }
  if (given?.kind !== 'prelu' || fixed.kind !== 'prelu') return null;
  const { alphaMantissas, alphaFraction } = fixed;
  return alphaMantissas.every((m, c) => m * 2 ** -alphaFraction === given.alpha[c])
    ? null
    : `its slopes are rounded to steps of 2^-${alphaFraction}`;
}

/** The activation of `stage` in `format`; slopes that are not the very ones are noted. */
function stageActivation({ stated, noTies }: Context, stage: Stage, format: Format): Activation {
  const nearest = quantizeActivation(stage.activation, format);
  const fixed = noTies ? slopesWithoutTies(stage.activation, nearest) : nearest;
  const other = otherSlopes(stage, fixed);
  if (other !== null) stated?.note(stage, other);
  return fixed;
}

function reciprocal({ context, stage, read: [input], format }: Place, count: number) {
  const { stated } = context;
  if (context.noTies) return reciprocalWithoutTies(count, input!, format);
  const usual = averageReciprocal(count, count * magnitude(input!.range), reciprocalBits(context, format));
  if (stated === null || Number.isInteger(Math.log2(count))) return usual;
  const found = stated.formatOf(stage) === null ? null : roundingReciprocal(count, input!, format);
  if (found?.wrong !== 0)
    stated.note(
      stage,
      found === null
        ? `its mean of ${count} is a product with a reciprocal`
        : `its mean of ${count} is a product with a reciprocal, which rounds ${found.wrong} of all sums the other way`,
    );
  return found === null
    ? usual
    : { reciprocal: found.reciprocal, reciprocalFraction: found.reciprocalFraction };
}

/** Of windows that do not all count as many elements. */
function countedReciprocal(node: FloatNodeOf<'avgPool'>, { context, stage, read: [input], format }: Place) {
  const { shape, range } = input!;
  if (context.noTies)
    throw new UserError(`${node.id} averages windows that differ in what they count, which can tie`, {
      field: 'quantization.noTies',
      remedy: 'leave the option out, or count the padding (count_include_pad)',
    });
  context.stated?.note(stage, 'the means of its windows are products with reciprocals');
  const counts = countMap(node, shape, windowShape(shape, node, shape[2]));
  const whole = node.kernel[0] * node.kernel[1];
  return countedReciprocals(counts, whole, magnitude(range), reciprocalBits(context, format));
}

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
  add: (_node, { context, stage, base, format }) => ({
    ...base,
    kind: 'add',
    activation: stageActivation(context, stage, format),
    format,
  }),
  multiply: (_node, { context, stage, base, format }) => ({
    ...base,
    kind: 'multiply',
    activation: stageActivation(context, stage, format),
    format,
  }),
  avgPool(node, place) {
    const whole = node.kernel[0] * node.kernel[1];
    const factor = node.counted === undefined ? reciprocal(place, whole) : countedReciprocal(node, place);
    return { ...node, ...place.base, ...factor, format: place.format };
  },
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
  upsample: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
  flatten: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
  concat: (node, { base, read }) => ({ ...node, ...base, format: read[0]!.format }),
};

/** The fixed node for `stage`, without its proof. */
export function fixedNode(
  context: Context,
  stage: Stage,
  inputs: readonly NodeId[],
  format: Format,
): UnprovenNode {
  const { node, id } = stage;
  if (isPreprocess(node)) return { ...node, inputs };
  const read = factsOfPart(
    partsOf(node),
    inputs.map((i) => context.builder.output(i)),
  );
  const base = { id, inputs, ...sameModules(node) };
  if (isTabled(node)) {
    const { id: _id, inputs: _inputs, modules: _modules, ...of } = node;
    return { ...base, kind: 'table', of, ...tableOf(of, read[0]!.format, format), format };
  }
  return dispatch(rules, node, { context, stage, base, read, format });
}
