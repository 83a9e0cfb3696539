/** A float network with the roundings of the file that it comes from: what that file computes. */
import { roundReal } from '../fixed/cast.js';
import type { NodeId } from '../ir/common.js';
import type { FloatGraph, Quantizer } from '../ir/graph.js';
import { createFloatReference, type FloatReference } from './float-reference.js';

/** Rounds `values` in place as QuantizeLinear and Quant do: the quotient in float32, then to limits. */
export function roundValues(values: Float32Array, { scale, min, max, rounding }: Quantizer): void {
  for (let i = 0; i < values.length; i++) {
    const steps = roundReal(Math.fround(values[i]! / scale), rounding);
    values[i] = Math.min(Math.max(steps * scale, min), max);
  }
}

/** Changes the values of a node, in place, before they are rounded. */
export type Disturb = (id: NodeId, values: Float32Array, quantizer: Quantizer | null) => void;

/** Like `createFloatReference`, its tensors rounded where `graph.quantizers` says so. */
export function createRoundedReference(
  graph: FloatGraph,
  disturb: Disturb = () => undefined,
): Pick<FloatReference, 'visit'> {
  const reference = createFloatReference(graph);
  const quantizers = new Map(Object.entries(graph.quantizers ?? {}));
  return {
    visit: (frame, look, instead) =>
      reference.visit(
        frame,
        (id, values, shape) => {
          const quantizer = quantizers.get(id) ?? null;
          // What follows reads this very array.
          if (instead?.has(id) !== true) {
            disturb(id, values, quantizer);
            if (quantizer !== null) roundValues(values, quantizer);
          }
          look(id, values, shape);
        },
        instead,
      ),
  };
}
