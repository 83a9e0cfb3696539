/**
 * What an import makes of one operator at a time, made one where it is one: a scale behind a layer goes into the layer,
 * limits behind limits are limits, means in steps are one mean. Only where nobody else reads what is in between:
 * whoever reads a value under another name of the file reads the same node, so that readers are counted here, by node.
 */
import { NO_PADDING, type NodeId, type Shape } from '../../ir/common.js';
import type { FloatNode, FloatNodeOf } from '../../ir/ops/index.js';
import { roundHalfEven } from '../../fixed/cast.js';
import { fractionBits, format, lsb } from '../../fixed/format.js';
import { isPowerOfTwo } from './quantization.js';
import type { Quantizer } from '../../ir/graph.js';
import { reachedFrom } from '../reached.js';
import { withoutIdleQuantizers } from './idle-quantizers.js';

const LARGEST_FLOAT32 = (2 - 2 ** -23) * 2 ** 127;

/** `before` with the scale and offset of `node` behind it; null where they do not go in. */
function withAffine(before: FloatNode, { gamma, beta }: FloatNodeOf<'batchNorm'>): FloatNode | null {
  if (before.kind === 'batchNorm')
    return {
      ...before,
      gamma: before.gamma.map((g, c) => g * gamma[c]!),
      beta: before.beta.map((b, c) => b * gamma[c]! + beta[c]!),
    };
  const isWeighted = before.kind === 'conv2d' || before.kind === 'depthwiseConv2d' || before.kind === 'dense';
  if (!isWeighted || !gamma.every((scale) => scale === 1)) return null;
  return { ...before, bias: before.bias.map((b, c) => b + beta[c]!) };
}

/** What `before`, an activation, leaves of every value: all between two limits; null where it is no limit. */
function limitsOf(before: FloatNode): readonly [number, number] | null {
  if (before.kind === 'relu') return [0, LARGEST_FLOAT32];
  return before.kind === 'clip' ? [before.min, before.max] : null;
}

/** `before`, limits, with the limits of `node` behind it; null where it is none. */
function withLimits(before: FloatNode, { min, max }: FloatNodeOf<'clip'>): FloatNode | null {
  const own = limitsOf(before);
  if (own === null) return null;
  const within = (v: number): number => Math.min(Math.max(v, min), max);
  return { id: before.id, kind: 'clip', inputs: before.inputs, min: within(own[0]), max: within(own[1]) };
}

/** A pooling over all rows of what is a pooling over all columns, or the other way about: one over both. */
function asOnePool(node: FloatNode, before: FloatNode, shape: (id: NodeId) => Shape): FloatNode | null {
  const isMean = node.kind === 'globalAvgPool' && before.kind === 'avgPool';
  const isMaximum = node.kind === 'globalMaxPool' && before.kind === 'maxPool';
  if (!isMean && !isMaximum) return null;
  const { kernel, strides, padding } = before;
  const [height, width] = shape(before.inputs[0]!);
  const isWholeAxis = kernel.join() === `1,${width}` || kernel.join() === `${height},1`;
  // Windows beside each other that leave nothing out: a mean of means of as many values each.
  const isParted = kernel.join() === strides.join() && padding.every((p) => p === 0);
  return isWholeAxis && isParted ? { ...node, inputs: before.inputs } : null;
}

/**
 * The sum that `node`, a factor, makes of the mean before it, as a convolution of ones; null where it is none. A sum of
 * integers is exact, a mean times a count is not: what cuts bits off behind it tells the two apart.
 */
function asSum(
  { gamma, beta }: FloatNodeOf<'batchNorm'>,
  before: FloatNode,
  shape: (id: NodeId) => Shape,
): FloatNode | null {
  if (before.kind !== 'avgPool' && before.kind !== 'globalAvgPool') return null;
  const [height, width, channels] = shape(before.inputs[0]!);
  const { kernel, strides, padding } =
    before.kind === 'avgPool'
      ? before
      : { kernel: [height, width] as const, strides: [1, 1] as const, padding: NO_PADDING };
  const count = kernel[0] * kernel[1];
  if (!gamma.every((factor) => factor === count) || !beta.every((b) => b === 0)) return null;
  return {
    id: before.id,
    kind: 'depthwiseConv2d',
    inputs: before.inputs,
    kernel,
    strides,
    padding,
    weights: new Float32Array(count * channels).fill(1),
    bias: new Float32Array(channels),
  };
}

/** The table `before` with its values rounded by `quantizer`, a power of two; null where that cannot be. */
function roundedTable(before: FloatNode, { scale, min, max }: Quantizer): FloatNode | null {
  if (before.kind !== 'lut' || !isPowerOfTwo(scale) || min > 0) return null;
  const unit = lsb(before.format);
  const largestValue = before.table.reduce((a, b) => Math.max(a, b), 0) * unit;
  // Finer than the table: nothing is rounded.
  if (scale <= unit && largestValue <= max) return null;
  const most = Math.round(max / scale);
  const table = before.table.map((q) => Math.min(roundHalfEven((q * unit) / scale), most));
  const largest = table.reduce((a, b) => Math.max(a, b), 1);
  const bits = Math.max(2, Math.floor(Math.log2(largest)) + 1);
  const rounded = format(false, bits, bits + Math.log2(scale));
  return fractionBits(rounded) > 30 ? null : { ...before, table, format: rounded };
}

/** Whether the limits change nothing of what `before` holds. */
function isIdle(before: FloatNode, { min, max }: FloatNodeOf<'clip'>): boolean {
  if (before.kind === 'lut')
    return min <= 0 && max >= lsb(before.format) * before.table.reduce((a, b) => Math.max(a, b), 0);
  const own = limitsOf(before);
  return own !== null && own[0] >= min && own[1] <= max;
}

interface Context {
  /** Scales, offsets and limits that may go into the node before them. */
  readonly joining: ReadonlySet<NodeId>;
  /** How the file rounds the values of a node. */
  readonly quantizers: ReadonlyMap<NodeId, Quantizer>;
  readonly output: NodeId;
  /** The preprocessing: stays whether it is read or not. */
  readonly given: ReadonlySet<NodeId>;
  readonly shape: (id: NodeId) => Shape;
}

export interface Joined {
  readonly nodes: readonly FloatNode[];
  /** The node that holds the values of one of the nodes given. */
  readonly holder: (id: NodeId) => NodeId;
  readonly quantizers: ReadonlyMap<NodeId, Quantizer>;
}

/** One node for `before` and `node`, the only one that reads it; null where they stay two. */
function oneNode(before: FloatNode, node: FloatNode, context: Context): FloatNode | null {
  const { joining, quantizers } = context;
  if (!joining.has(node.id)) return null;
  if (node.kind === 'batchNorm')
    return (quantizers.size > 0 ? asSum(node, before, context.shape) : null) ?? withAffine(before, node);
  if (node.kind !== 'clip') return null;
  const quantizer = quantizers.get(node.id);
  // Rounded there already: whatever comes behind works on what is rounded.
  if (quantizers.has(before.id)) return null;
  const table = quantizer === undefined ? null : roundedTable(before, quantizer);
  return table ?? (isIdle(before, node) ? before : withLimits(before, node));
}

/** `nodes` with all in one that is one. */
export function joinNodes(all: readonly FloatNode[], context: Context): Joined {
  const nodes = reachedFrom(all, context.output, context.given);
  const readers = new Map<NodeId, number>();
  for (const { inputs } of nodes) for (const id of inputs) readers.set(id, (readers.get(id) ?? 0) + 1);
  const isAlone = (id: NodeId): boolean => readers.get(id) === 1 && id !== context.output;
  const holders = new Map<NodeId, NodeId>();
  const holder = (id: NodeId): NodeId => holders.get(id) ?? id;
  const joined = new Map<NodeId, FloatNode>();
  const kept = new Set(nodes.map(({ id }) => id));
  const rounding = new Map([...context.quantizers].filter(([id]) => kept.has(id)));
  for (const raw of nodes) {
    const node = { ...raw, inputs: raw.inputs.map(holder) } as FloatNode;
    const [from] = raw.inputs;
    const before = from !== undefined && isAlone(from) ? joined.get(holder(from)) : undefined;
    const one = before === undefined ? null : oneNode(before, node, { ...context, quantizers: rounding });
    const pool = before === undefined ? null : asOnePool(node, before, context.shape);
    if (before !== undefined && one !== null) {
      joined.set(before.id, one);
      holders.set(node.id, before.id);
      const quantizer = rounding.get(node.id);
      if (quantizer !== undefined) rounding.set(before.id, quantizer);
      rounding.delete(node.id);
    } else {
      if (before !== undefined && pool !== null) joined.delete(before.id);
      joined.set(node.id, pool ?? node);
    }
  }
  const rounded = withoutIdleQuantizers([...joined.values()], rounding);
  return { ...rounded, holder: (id) => rounded.holder(holder(id)) };
}
