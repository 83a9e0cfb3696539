/** A scale and an offset for each channel: a node of its own, which joins the layer before it where that is alone. */
import type { Activation, Op, Target } from './values.js';

type Floats = Float32Array<ArrayBuffer>;

/** `x · scale + offset`, values for each channel of the node. */
export function affineNode(op: Op, x: Activation, scale: Floats, offset: Floats, into: Target): Activation {
  if (scale.every((s) => s === 1) && offset.every((o) => o === 0)) return x;
  const channels = scale.length;
  const id = into.add(op, (id) => ({
    id,
    kind: 'batchNorm',
    inputs: [x.id],
    gamma: scale,
    beta: offset,
    mean: new Float32Array(channels),
    variance: new Float32Array(channels).fill(1),
    // Adds nothing to a variance of 1.
    epsilon: 1e-30,
  }));
  into.joins(id);
  return { ...x, id };
}
