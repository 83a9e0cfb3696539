/**
 * Fake quantization: the forward pass of a float graph in the very values of its fixed graph.
 *
 * Weights and biases become the real numbers that their mantissas stand for, every stage's output is rounded half to
 * even and saturated to its format, average pools multiply their exact sum with the fixed reciprocal. Where no partial
 * sum of a stage leaves 24 bits (`proof`), float32 sums are exact too; other stages are summed again in double precision.
 * So the logits are the interpreter's mantissas times their least significant bit. The gradient goes through rounding as
 * if it were not there and stops where a value saturates (Bengio et al., arXiv:1308.3432; Jacob et al., CVPR 2018).
 */
import type { Ranges } from '../calibrate/ranges.js';
import { UserError } from '../core/errors.js';
import { multiplies, slopesOf } from '../ir/activations.js';
import { roundHalfEven } from '../fixed/cast.js';
import { fractionBits, lsb, maxMantissa, minMantissa, type Format } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import { findNode, floatShapes, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { moduleShape } from '../ir/modules.js';
import { countMap, reciprocalOf } from '../ir/ops/counted.js';
import {
  applyActivation,
  isFused,
  isPreprocess,
  partsOf,
  type FixedNode,
  type FloatNode,
} from '../ir/ops/index.js';
import { assignFormats, type QuantizeOptions } from '../passes/assign-formats.js';
import { quantizeGraph } from '../passes/quantize.js';
import { fuseStages, type Stage } from '../passes/stages.js';
import { exactSums } from './exact-sums.js';
import type { Replace } from './forward.js';
import { parameterLayout, withParameters, type ParameterSlot } from './parameters.js';
import { checkTrainable } from './trainable.js';
import { elementwise, straightThrough } from './straight-through.js';
import { tf } from '../tensorflow/tf.js';

/**
 * The average of `count` mantissas of `inputFraction` fraction bits is their sum times `factor`: one of each for all pixels,
 * or for every pixel.
 */
interface Average {
  readonly counts: readonly number[];
  readonly inputFraction: number;
  readonly factors: readonly number[];
}

/** Of the pixel of element `i` of a tensor of `channels`. */
const ofPixel = (values: readonly number[], i: number, channels: number): number =>
  values[Math.floor(i / channels) % values.length]!;

/** A stage whose sums leave float32. */
interface WideStage {
  /** The node whose tensor it computes: its activation, or itself. */
  readonly tensor: NodeId;
  /** In real units, more exact than the parameter in float32; null where there is none. */
  readonly bias: Float64Array | null;
}

/** A stage that is a table: the format of what it is asked with, and its entries. */
interface TableStage {
  readonly from: Format;
  readonly table: Int32Array;
}

/** What a forward pass must know to compute as the fixed graph does. Plain data, for worker threads. */
export interface FakeQuantization {
  /** By the float node whose tensor a stage computes. */
  readonly formats: ReadonlyMap<NodeId, Format>;
  readonly averages: ReadonlyMap<NodeId, Average>;
  readonly tables: ReadonlyMap<NodeId, TableStage>;
  /** Slopes below zero as the firmware has them, one for all channels or each, by the node whose tensor a stage computes. */
  readonly slopes: ReadonlyMap<NodeId, readonly number[]>;
  /** By the node that heads the stage. */
  readonly wide: ReadonlyMap<NodeId, WideStage>;
}

export interface QuantizedParameters {
  /** The flat parameters of the graph, in the values that the firmware has. */
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly fake: FakeQuantization;
}

export interface Quantizer {
  /** What decides its results besides the parameters, for the fingerprint of a checkpoint. */
  readonly mark: string;
  /** The trainable parameters of the prepared graph as the firmware would have them. */
  apply(parameters: Float32Array): QuantizedParameters;
  /** The fixed graph of the same parameters. */
  fixed(parameters: Float32Array, threshold: number): FixedGraph;
}

/** A function to the value in `format` that is nearest to what `exact` makes of a number. */
function rounder(format: Format, exact: (x: number) => number = (x) => x): (x: number) => number {
  const unit = lsb(format);
  const scale = 1 / unit;
  const low = minMantissa(format);
  const high = maxMantissa(format);
  return (x) => {
    const q = roundHalfEven(exact(x) * scale);
    return (q < low ? low : q > high ? high : q) * unit;
  };
}

/** The activation at the end of a stage as the firmware has it, a function of the exact accumulator. */
type Activate = (x: number, channel: number) => number;

/** What stands at the end of a stage, by the node whose tensor it computes. */
function activateOf(node: FloatNode, slopes: readonly number[] | undefined): Activate {
  if (slopes !== undefined) return (x, c) => (x < 0 ? x * slopes[c % slopes.length]! : x);
  return isFused(node) ? (x, c) => applyActivation(node, x, c) : (x) => x;
}

/** The values of a table for real inputs, which are rounded to its input's format first. */
function lookUp({ from, table }: TableStage, to: Format): (x: number) => number {
  const toIndex = rounder(from);
  const scale = 1 / lsb(from);
  const first = minMantissa(from);
  const unit = lsb(to);
  return (x) => table[toIndex(x) * scale - first]! * unit;
}

/** For `ForwardOptions.replace`: stage outputs in their formats. */
export function fakeQuantize({ formats, averages, tables, slopes, wide }: FakeQuantization): Replace {
  /** Sums of wide stages, by the node that rounds them. */
  const waiting = new Map<NodeId, Float64Array>();
  return (node, value, inputs, parameter) => {
    const stage = wide.get(node.id);
    if (stage !== undefined) {
      const [, ...output] = value.shape;
      waiting.set(stage.tensor, exactSums(node, inputs, output, parameter('weights'), stage.bias));
    }
    const format = formats.get(node.id);
    if (format === undefined) return value;
    const low = (minMantissa(format) - 0.5) * lsb(format);
    const high = (maxMantissa(format) + 0.5) * lsb(format);
    const average = averages.get(node.id);
    const sums = waiting.get(node.id);
    if (sums !== undefined) {
      waiting.delete(node.id);
      const activate = activateOf(node, slopes.get(node.id));
      const channels = value.shape[3];
      const round = rounder(format);
      const end = (sum: number, i: number): number =>
        round(
          activate(average === undefined ? sum : sum * ofPixel(average.factors, i, channels), i % channels),
        );
      return straightThrough(value, () => tf.tensor(Float32Array.from(sums, end), value.shape), low, high);
    }
    const table = tables.get(node.id);
    const [input] = inputs;
    if (table !== undefined)
      return straightThrough(value, () => elementwise(lookUp(table, format))(input!), low, high);
    const ownSlopes = slopes.get(node.id);
    if (ownSlopes !== undefined) {
      const activate = activateOf(node, ownSlopes);
      const round = rounder(format);
      const channels = value.shape[3];
      const end = (x: number, i: number): number => round(activate(x, i % channels));
      return straightThrough(value, () => elementwise(end)(input!), low, high);
    }
    if (average === undefined) return straightThrough(value, elementwise(rounder(format)), low, high);
    // The float mean, times the count, is within half a unit of the exact sum of mantissas: rounding finds it.
    const { counts, inputFraction, factors } = average;
    const unit = 2 ** -inputFraction;
    const channels = value.shape[3];
    const round = rounder(format);
    const end = (mean: number, i: number): number => {
      const sum = roundHalfEven((mean * ofPixel(counts, i, channels)) / unit);
      return round(sum * ofPixel(factors, i, channels) * unit);
    };
    return straightThrough(value, elementwise(end), low, high);
  };
}

type FixedWeighted = Extract<FixedNode, { readonly weights: unknown }>;

/** The biases of a stage in real units. */
function realBias(fixed: FixedGraph, { weights, inputs }: FixedWeighted): Float64Array {
  const input = fractionBits(findNode(fixed, inputs[0]!).format);
  return Float64Array.from(weights.bias, (b, c) => b * 2 ** -(input + weights.fraction[c]!));
}

function realValues(
  fixed: FixedGraph,
  slopes: FakeQuantization['slopes'],
  { node, field, length }: ParameterSlot,
): Float32Array {
  const own = slopes.get(node);
  if (field === 'alpha' && own !== undefined)
    return Float32Array.from({ length }, (_, c) => own[c % own.length]!);
  const stage = findNode(fixed, node);
  if (!('weights' in stage)) throw new UserError(`${node} has no weights in the fixed graph`);
  const { mantissas, fraction } = stage.weights;
  if (field === 'weights')
    return Float32Array.from({ length }, (_, i) => mantissas[i]! * 2 ** -fraction[i % fraction.length]!);
  return Float32Array.from(realBias(fixed, stage));
}

function averagesOf(graph: FloatGraph, fixed: FixedGraph): ReadonlyMap<NodeId, Average> {
  const shapes = floatShapes(graph);
  const averages = new Map<NodeId, Average>();
  for (const node of fixed.nodes) {
    if (!('reciprocal' in node)) continue;
    const parts = partsOf(node);
    const input = moduleShape(shapes.get(findNode(graph, node.id).inputs[0]!)!, parts);
    const isWhole = node.kind === 'globalAvgPool' || node.counted === undefined;
    const whole = node.kind === 'avgPool' ? node.kernel[0] * node.kernel[1] : input[0] * input[1];
    const counts = isWhole ? [whole] : countMap(node, input, moduleShape(shapes.get(node.id)!, parts));
    averages.set(node.id, {
      counts,
      inputFraction: fractionBits(findNode(fixed, node.inputs[0]!).format),
      factors: counts.map((count) => reciprocalOf(node, count) * 2 ** -node.reciprocalFraction),
    });
  }
  return averages;
}

function tablesOf(fixed: FixedGraph): ReadonlyMap<NodeId, TableStage> {
  return new Map(
    fixed.nodes.flatMap((node) =>
      node.kind === 'table'
        ? [[node.id, { from: findNode(fixed, node.inputs[0]!).format, table: node.table }] as const]
        : [],
    ),
  );
}

function slopesOfStages(stages: readonly Stage[], fixed: FixedGraph): ReadonlyMap<NodeId, readonly number[]> {
  return new Map(
    stages.flatMap(({ id, tensor }) => {
      const node = findNode(fixed, id);
      if (!('activation' in node)) return [];
      if (!multiplies(node.activation)) return [];
      const { negative, positive } = slopesOf(node.activation);
      return [[tensor, negative.map((slope) => slope / positive)] as const];
    }),
  );
}

function wideStages(stages: readonly Stage[], fixed: FixedGraph): ReadonlyMap<NodeId, WideStage> {
  const wide = new Map<NodeId, WideStage>();
  for (const { id, tensor } of stages) {
    const node = findNode(fixed, id);
    if (!('proof' in node) || node.proof.float32Exact) continue;
    wide.set(id, { tensor, bias: 'weights' in node ? realBias(fixed, node) : null });
  }
  return wide;
}

/**
 * Quantizes the parameters of `prepared` (see `prepareGraph`: no batch normalisation left) under `ranges`, weights to
 * nearest. Throws as `checkTrainable` does.
 */
export function createQuantizer(prepared: FloatGraph, ranges: Ranges, options: QuantizeOptions): Quantizer {
  checkTrainable(options.quantization);
  const layout = parameterLayout(prepared);
  const stages = fuseStages(prepared);
  const assigned = assignFormats(prepared, stages, ranges, options);
  const formats = new Map(
    stages.flatMap(({ id, node, tensor }) =>
      isPreprocess(node) ? [] : [[tensor, assigned.get(id)!] as const],
    ),
  );
  const fixed = (parameters: Float32Array, threshold: number): FixedGraph => {
    const graph = withParameters(prepared, layout, parameters, new Float32Array(0));
    return quantizeGraph({ ...graph, threshold }, ranges, options);
  };
  return {
    mark: JSON.stringify([[...formats], options]),
    fixed,
    apply(parameters) {
      const quantized = fixed(parameters, 0);
      const flat = new Float32Array(layout.trainableLength);
      const slopes = slopesOfStages(stages, quantized);
      for (const slot of layout.trainable) flat.set(realValues(quantized, slopes, slot), slot.offset);
      const fake = {
        formats,
        averages: averagesOf(prepared, quantized),
        tables: tablesOf(quantized),
        slopes,
        wide: wideStages(stages, quantized),
      };
      return { parameters: flat, fake };
    },
  };
}
