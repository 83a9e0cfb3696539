/**
 * From the parameters of a float graph to those that its fixed graph has, and what a forward pass must know to compute as that does.
 */
import type { Ranges } from '../calibrate/ranges.js';
import { UserError } from '../core/errors.js';
import { multiplies, slopesOf } from '../ir/activations.js';
import { fractionBits } from '../fixed/format.js';
import type { NodeId } from '../ir/common.js';
import { findNode, floatShapes, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { moduleShape } from '../ir/modules.js';
import { countMap, reciprocalOf } from '../ir/ops/counted.js';
import { isPreprocess, partsOf, type FixedNode } from '../ir/ops/index.js';
import { assignFormats, type QuantizeOptions } from '../passes/assign-formats.js';
import { quantizeGraph } from '../passes/quantize.js';
import { fuseStages, type Stage } from '../passes/stages.js';
import type { Average, FakeQuantization, TableStage, WideStage } from './fake-quantize.js';
import type { GradientResult } from './gradient.js';
import { parameterLayout, withParameters, type ParameterSlot } from './parameters.js';
import { checkTrainable } from './trainable.js';

export interface QuantizedParameters {
  /** The flat parameters of the graph, in the values that the firmware has. */
  readonly parameters: Float32Array<ArrayBuffer>;
  readonly fake: FakeQuantization;
}

/** Widths that follow their gradient. */
export interface WidthLearner {
  /** All that changes while it learns, to be stored and restored. */
  readonly state: Float32Array;
  /** A step down the gradient of a batch that `quantized` (of the flat `parameters`) gave. */
  follow(parameters: Float32Array, quantized: Float32Array, gradient: GradientResult): void;
}

export interface Quantizer {
  /** What decides its results besides the parameters, for the fingerprint of a checkpoint. */
  readonly mark: string;
  /** Of one whose widths are learned with the parameters. */
  readonly learner?: WidthLearner;
  /** The trainable parameters of the prepared graph as the firmware would have them. */
  apply(parameters: Float32Array): QuantizedParameters;
  /** The fixed graph of the same parameters. */
  fixed(parameters: Float32Array, threshold: number): FixedGraph;
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
        learned: false,
      };
      return { parameters: flat, fake };
    },
  };
}
