/**
 * Hard-swish as exporters without the operator write it: `x · min(max(x + 3, 0), 6) / 6`, in whatever order factors and limits come.
 * The gate is followed back to `x` through scales, offsets and limits, and looked at as the one bent line that it is.
 */
import type { FloatNode } from '../../ir/ops/index.js';
import type { NodeId } from '../../ir/common.js';
import { affineNode } from './affine.js';
import { behind, type Activation, type Op, type Target } from './values.js';

/** `min(max(slope · x + offset, low), high)`, the slope above 0. */
interface Bent {
  readonly slope: number;
  readonly offset: number;
  readonly low: number;
  readonly high: number;
}

/** What float32 leaves open of constants such as 1/6. */
const ROUNDING = 2 ** -20;
const isNear = (a: number, b: number): boolean => Math.abs(a - b) <= ROUNDING * Math.abs(b);

/** The scale and offset of `node` where they are the same for every channel; null where they are not, or it has none. */
function lineOf(node: FloatNode): { readonly scale: number; readonly offset: number } | null {
  if (node.kind !== 'batchNorm') return null;
  const [[scale], [offset]] = [node.gamma, node.beta];
  const isOne =
    node.gamma.every((g) => g === scale) &&
    node.beta.every((b) => b === offset) &&
    node.mean.every((m) => m === 0) &&
    node.variance.every((v) => v === 1);
  return isOne ? { scale: scale!, offset: offset! } : null;
}

const limited = (of: Bent, min: number, max: number): Bent => ({
  ...of,
  low: Math.min(Math.max(of.low, min), max),
  high: Math.min(Math.max(of.high, min), max),
});
const moved = (of: Bent, scale: number, offset: number): Bent => ({
  slope: of.slope * scale,
  offset: of.offset * scale + offset,
  low: of.low * scale + offset,
  high: of.high * scale + offset,
});

/** What `id` is of the node `x`; null where it is no rising bent line of it. */
function bentOf(id: NodeId, x: NodeId, into: Target): Bent | null {
  if (id === x) return { slope: 1, offset: 0, low: -Infinity, high: Infinity };
  const node = into.nodeOf(id);
  const [input] = node.inputs;
  const line = lineOf(node);
  const isPart = line !== null || node.kind === 'clip' || node.kind === 'relu' || node.kind === 'hardSigmoid';
  if (input === undefined || !isPart) return null;
  const of = bentOf(input, x, into);
  if (of === null) return null;
  if (line !== null) return line.scale > 0 ? moved(of, line.scale, line.offset) : null;
  if (node.kind === 'clip') return limited(of, node.min, node.max);
  if (node.kind === 'relu') return limited(of, 0, Infinity);
  return node.kind === 'hardSigmoid' && node.alpha > 0
    ? limited(moved(of, node.alpha, node.beta), 0, 1)
    : null;
}

/** `a · b` where one of them is the gate of a hard-swish of the other, times a factor; null where it is another product. */
export function hardGated(op: Op, a: Activation, b: Activation, into: Target): Activation | null {
  for (const [x, gate] of [
    [a, b],
    [b, a],
  ] as const) {
    if (x.head !== 'logits' || x.view !== gate.view || x.id === gate.id) continue;
    const bent = bentOf(gate.id, x.id, into);
    if (bent === null || bent.low !== 0 || !Number.isFinite(bent.high)) continue;
    const { high } = bent;
    if (!isNear(bent.slope, high / 6) || !isNear(bent.offset, high / 2)) continue;
    const value = behind(op, x, into, (id) => ({ id, kind: 'hardSwish', inputs: [x.id] }));
    const channels = into.shape(x.id)[2];
    const factor = isNear(high, 1) ? 1 : high;
    return affineNode(op, value, new Float32Array(channels).fill(factor), new Float32Array(channels), into);
  }
  return null;
}

/** What `x` was before a factor that `scale` takes back; null where it is not so: a 6 of a gate and a division by it. */
export function takenBack(x: Activation, scale: Float32Array, into: Target): Activation | null {
  const node = into.nodeOf(x.id);
  const line = lineOf(node);
  if (line === null || line.offset !== 0 || !scale.every((s) => isNear(s * line.scale, 1))) return null;
  const [before] = node.inputs;
  return before !== undefined && into.nodeOf(before).kind === 'hardSwish' ? { ...x, id: before } : null;
}
