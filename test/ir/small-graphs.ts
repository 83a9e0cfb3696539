/** A graph small enough to work out by hand: one op between a clamped frame and two logits. */
import { bitsFor, format, type Format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder, type FixedGraphBuilder, type UnprovenNode } from '../../src/ir/build.js';
import type { Activation } from '../../src/ir/activations.js';
import { nodeId, type NodeId, type QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';

export const counts = (bits: number): Format => format(false, bits, bits);
/** Whole numbers of `bits` bits, the sign included. */
export const integers = (bits: number): Format => format(true, bits, bits);

/** Weights of fraction 0 unless said otherwise; one bias for each channel. */
export const weights = (
  mantissas: readonly number[],
  bias: readonly number[],
  fraction: readonly number[] = bias.map(() => 0),
  width = 8,
): QuantizedWeights => ({
  mantissas: Int32Array.from(mantissas),
  width,
  fraction: Int32Array.from(fraction),
  bias: Float64Array.from(bias),
});

export const NONE: Activation = { kind: 'none' };

/** An input of `height × width` pixels, limited to 0…`top`: ids `input` and `clamp`. */
export function clampedInput(builder: FixedGraphBuilder, height: number, width: number, top: number): NodeId {
  const input = builder.add({
    id: nodeId('input'),
    kind: 'input',
    inputs: [],
    size: [height, width],
    format: counts(16),
  });
  return builder.add({
    id: nodeId('clamp'),
    kind: 'clamp',
    inputs: [input],
    min: 0,
    max: top,
    format: counts(bitsFor(0, top)),
  });
}

/** The clamped input, the nodes of `middle`, then a flatten and two logits that are each the sum of it all. */
export function smallGraph(
  size: readonly [number, number],
  top: number,
  middle: readonly UnprovenNode[],
  reloadable = false,
): FixedGraph {
  const builder = createFixedGraphBuilder(reloadable);
  let last = clampedInput(builder, size[0], size[1], top);
  for (const node of middle) last = builder.add(node);
  const { format: from } = builder.output(last);
  const flat = builder.add({ id: nodeId('flat'), kind: 'flatten', inputs: [last], format: from });
  const { shape } = builder.output(flat);
  const logits = builder.add({
    id: nodeId('logits'),
    kind: 'dense',
    inputs: [flat],
    weights: weights(new Array<number>(shape[2] * 2).fill(1), [0, 0]),
    activation: NONE,
    format: integers(30),
  });
  return builder.build({
    name: 'small',
    output: logits,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 0,
  });
}
