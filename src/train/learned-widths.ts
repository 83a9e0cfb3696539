/**
 * Widths by gradient: while a network trains in fixed point, the bits of every layer's weights and outputs are real numbers that move
 * with the weights, and are rounded to compute with. What rounding takes away halves with each bit, so the derivative of the loss by
 * the bits is ln 2 times the sum of its gradient times what was taken away. Against it pulls the cost: the bit operations of a
 * frame (of every product the width of the weight times that of the activation, of all else that is read its width), as a share of
 * those at the start.
 *
 * Source: Sun et al., arXiv:2405.00645 (HGQ), which learns a width for every weight; here layers have them.
 */
import type { Ranges } from '../calibrate/ranges.js';
import { elements, type NodeId, type Shape } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { isWeighted } from '../ir/ops/index.js';
import { assignFormats, assignWidths, type QuantizeOptions } from '../passes/assign-formats.js';
import { knobsOf, turned, type Knob } from '../passes/mixed-precision.js';
import { LEAST_BITS, type Quantization } from '../passes/recipe.js';
import { fuseStages, type Stage } from '../passes/stages.js';
import { createQuantizer, type Quantizer, type WidthLearner } from './quantizer.js';
import { optimizerStep } from './optimizer.js';
import { parameterLayout, type ParameterSlot } from './parameters.js';

/** Bits that a width moves at most in a step. */
const RATE = 0.02;
/** Widths step as weights do, without decay, clipping and averages. */
const STEPS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 0, averaging: 0 };
const NO_AVERAGE = new Float32Array(0);

export interface LearningQuantizer extends Quantizer {
  readonly learner: WidthLearner;
  /** Whose widths are learned. */
  readonly knobs: readonly Knob[];
  /** The quantization at the widths that it has come to. */
  quantization(): Quantization;
}

/** What a knob does to the network at the widths that it has. */
interface Effect {
  /** By a bit more, of the cost. */
  readonly cost: number;
  /** Of which the width follows. */
  readonly tensors: readonly NodeId[];
}

/** At rounded widths. */
interface Rounded {
  readonly bits: readonly number[];
  readonly quantization: Quantization;
  readonly quantizer: Quantizer;
  readonly effects: readonly Effect[];
}

/** Bit operations of a frame, and the width of every stage's output. */
function costOf(
  graph: FloatGraph,
  stages: readonly Stage[],
  shapes: ReadonlyMap<NodeId, Shape>,
  ranges: Ranges,
  options: QuantizeOptions,
): { readonly operations: number; readonly widths: ReadonlyMap<NodeId, number> } {
  const formats = assignFormats(graph, stages, ranges, options);
  const widths = assignWidths(stages, options.quantization);
  let operations = 0;
  for (const { id, node, inputs } of stages) {
    const output = shapes.get(id)!;
    if (isWeighted(node)) {
      const products = (node.weights.length * elements(output)) / output[2];
      operations += products * widths.get(id)!.weightBits * formats.get(inputs[0]!)!.width;
    } else for (const input of inputs) operations += elements(shapes.get(input)!) * formats.get(input)!.width;
  }
  return { operations, widths: new Map(stages.map(({ id, tensor }) => [tensor, formats.get(id)!.width])) };
}

/** Starts at the widths of `options`, which are also the most that it comes to; `cost` is the weight of the bit operations in the loss. */
export function createLearningQuantizer(
  prepared: FloatGraph,
  ranges: Ranges,
  options: QuantizeOptions,
  cost: number,
): LearningQuantizer {
  const stages = fuseStages(prepared);
  const shapes = floatShapes(prepared);
  const at = (quantization: Quantization) =>
    costOf(prepared, stages, shapes, ranges, { ...options, quantization });
  const { operations: whole } = at(options.quantization);
  const effectOf = (quantization: Quantization, knob: Knob, bits: number): Effect => {
    const other = bits > LEAST_BITS ? bits - 1 : bits + 1;
    const [here, there] = [at(quantization), at(turned(quantization, knob, other))];
    return {
      cost: (there.operations - here.operations) / (other - bits) / whole,
      tensors: [...here.widths].flatMap(([id, width]) => (there.widths.get(id) === width ? [] : [id])),
    };
  };
  // What is made in the format of its reader at once has no width of its own.
  const knobs = knobsOf(prepared, options.quantization).filter(
    (knob) =>
      knob.part === 'weightBits' || effectOf(options.quantization, knob, knob.bits).tensors.length > 0,
  );
  /** The widths, their first and second moments, and the steps taken. */
  const state = new Float32Array(3 * knobs.length + 1);
  const [widths, first, second] = [0, 1, 2].map((k) =>
    state.subarray(k * knobs.length, (k + 1) * knobs.length),
  ) as [Float32Array, Float32Array, Float32Array];
  const steps = state.subarray(3 * knobs.length);
  widths.set(knobs.map(({ bits }) => bits));

  let latest: Rounded | null = null;
  const rounded = (): Rounded => {
    const bits = Array.from(widths, Math.round);
    if (latest?.bits.every((b, i) => b === bits[i]) === true) return latest;
    const quantization = knobs.reduce((q, knob, i) => turned(q, knob, bits[i]!), options.quantization);
    const quantizer = createQuantizer(prepared, ranges, { ...options, quantization });
    const effects = knobs.map((knob, i) => effectOf(quantization, knob, bits[i]!));
    latest = { bits, quantization, quantizer, effects };
    return latest;
  };

  const slots = new Map<NodeId, ParameterSlot>();
  for (const slot of parameterLayout(prepared).trainable)
    if (slot.field === 'weights') slots.set(slot.node, slot);
  const slotOf = ({ layer }: Knob): ParameterSlot =>
    slots.get(stages.find(({ id, tensor }) => id === layer || tensor === layer)!.id)!;
  const layout = { trainable: [{ offset: 0, length: knobs.length, decays: false }] };

  const learner: WidthLearner = {
    state,
    follow(parameters, quantized, { gradient, rounding }) {
      const { effects } = rounded();
      const slopes = Float32Array.from(knobs, (knob, i) => {
        const { cost: share, tensors } = effects[i]!;
        let sum = 0;
        if (knob.part === 'weightBits') {
          const { offset, length } = slotOf(knob);
          for (let k = offset; k < offset + length; k++)
            sum += gradient[k]! * (parameters[k]! - quantized[k]!);
        } else for (const id of tensors) sum += rounding.get(id) ?? 0;
        return Math.LN2 * sum + cost * share;
      });
      const optimizer = { first, second, average: NO_AVERAGE, step: steps[0]! };
      optimizerStep(widths, slopes, optimizer, layout, STEPS, RATE);
      steps[0] = optimizer.step;
      for (const [i, { bits }] of knobs.entries())
        widths[i] = Math.min(bits, Math.max(LEAST_BITS, widths[i]!));
    },
  };
  return {
    mark: JSON.stringify([rounded().quantizer.mark, 'widths', cost]),
    learner,
    knobs,
    quantization: () => rounded().quantization,
    apply(parameters) {
      const { parameters: flat, fake } = rounded().quantizer.apply(parameters);
      return { parameters: flat, fake: { ...fake, learned: true } };
    },
    fixed: (parameters, threshold) => rounded().quantizer.fixed(parameters, threshold),
  };
}
