/** Roundings that change nothing: of values that lie on the very steps already, behind what only picks or moves them. */
import { lsb } from '../../fixed/format.js';
import type { NodeId } from '../../ir/common.js';
import type { Quantizer } from '../../ir/graph.js';
import { traitsOf, type FloatNode } from '../../ir/ops/index.js';

/** Values are whole steps of `scale` from `min` to `max`. */
interface Grid {
  readonly scale: number;
  readonly min: number;
  readonly max: number;
}

const within = (v: number, { min, max }: { readonly min: number; readonly max: number }): number =>
  Math.min(Math.max(v, min), max);

const isOn = (value: number, scale: number): boolean => Number.isInteger(Math.fround(value / scale));

/** The steps on which the values of `node` lie; null where that is not known. */
function gridOf(node: FloatNode, inputs: readonly (Grid | null)[], own: Quantizer | undefined): Grid | null {
  if (node.kind === 'clip' && own !== undefined)
    return { scale: own.scale, min: within(own.min, node), max: within(own.max, node) };
  if (node.kind === 'lut') {
    const unit = lsb(node.format);
    return { scale: unit, min: 0, max: unit * node.table.reduce((a, b) => Math.max(a, b), 0) };
  }
  const known = inputs.filter((grid) => grid !== null);
  const [x] = known;
  if (x === undefined || known.length < inputs.length || known.some(({ scale }) => scale !== x.scale))
    return null;
  const [min, max] = [Math.min(...known.map((g) => g.min)), Math.max(...known.map((g) => g.max))];
  if (node.kind === 'relu') return { ...x, min: Math.max(min, 0), max: Math.max(max, 0) };
  if (node.kind === 'clip')
    return isOn(node.min, x.scale) && isOn(node.max, x.scale)
      ? { ...x, min: within(min, node), max: within(max, node) }
      : null;
  // What picks and moves values leaves them on their steps.
  return traitsOf(node).keepsFormat === true ? { ...x, min, max } : null;
}

/** Whether rounding values on `grid` by `node` changes none. */
function changesNothing(node: FloatNode, grid: Grid, { scale }: Quantizer): boolean {
  if (node.kind !== 'clip' || node.min > grid.min || node.max < grid.max) return false;
  if (grid.scale === scale) return isOn(grid.min, scale) && isOn(grid.max, scale);
  const [coarse, fine] = [Math.log2(grid.scale), Math.log2(scale)];
  return Number.isInteger(coarse) && Number.isInteger(fine) && coarse >= fine;
}

export interface WithoutIdle {
  readonly nodes: readonly FloatNode[];
  readonly quantizers: ReadonlyMap<NodeId, Quantizer>;
  readonly holder: (id: NodeId) => NodeId;
}

/** `nodes` without roundings that change nothing. */
export function withoutIdleQuantizers(
  nodes: readonly FloatNode[],
  quantizers: ReadonlyMap<NodeId, Quantizer>,
): WithoutIdle {
  const grids = new Map<NodeId, Grid | null>();
  const holders = new Map<NodeId, NodeId>();
  const holder = (id: NodeId): NodeId => holders.get(id) ?? id;
  const kept: FloatNode[] = [];
  const rounding = new Map<NodeId, Quantizer>();
  for (const raw of nodes) {
    const node = { ...raw, inputs: raw.inputs.map(holder) } as FloatNode;
    const own = quantizers.get(node.id);
    const before = node.inputs[0] === undefined ? null : (grids.get(node.inputs[0]) ?? null);
    if (own !== undefined && before !== null && changesNothing(node, before, own)) {
      holders.set(node.id, node.inputs[0]!);
      continue;
    }
    kept.push(node);
    const grid = gridOf(
      node,
      node.inputs.map((id) => grids.get(id) ?? null),
      own,
    );
    grids.set(node.id, grid);
    // A table in steps as coarse is rounded already.
    const isIdle = node.kind === 'lut' && own !== undefined && isOn(grid!.scale, own.scale);
    if (own !== undefined && !(isIdle && Number.isInteger(Math.log2(own.scale)))) rounding.set(node.id, own);
  }
  return { nodes: kept, quantizers: rounding, holder };
}
