/** Where on the raw frame each tensor position looks: what maps a Bragg peak to activations. */
import type { Spot } from '../data/frames.js';
import type { NodeId, Shape, Window } from '../ir/common.js';
import { inputNode, type FloatGraph } from '../ir/graph.js';
import { moduleShape, modulesOf } from '../ir/modules.js';
import { isActivation, type FloatNode } from '../ir/ops/index.js';

/**
 * Position `i` of an axis stands for a cell of `step` raw pixels centred on `step * i + origin` (pixel centres are
 * integers). `null`: the tensor has no positions left (after global pooling or flattening).
 */
export interface Axis {
  readonly step: number;
  readonly origin: number;
}
export type Placement = readonly [rows: Axis, columns: Axis] | null;

const slide = (a: Axis, w: Window, axis: 0 | 1): Axis => ({
  step: a.step * w.strides[axis],
  origin: a.origin + a.step * ((w.kernel[axis] - 1) / 2 - w.padding[axis]!),
});

function place(node: FloatNode, inputs: readonly Placement[]): Placement {
  const first = inputs[0] ?? null;
  if (node.kind === 'input')
    return [
      { step: 1, origin: 0 },
      { step: 1, origin: 0 },
    ];
  // Element by element: where its input is.
  if (first === null || isActivation(node)) return first;
  const [rows, columns] = first;
  switch (node.kind) {
    case 'crop':
      return [
        { step: rows.step, origin: rows.origin + rows.step * node.offset[0] },
        { step: columns.step, origin: columns.origin + columns.step * node.offset[1] },
      ];
    case 'bin': {
      const [fy, fx] = node.factor;
      return [
        { step: rows.step * fy, origin: rows.origin + (rows.step * (fy - 1)) / 2 },
        { step: columns.step * fx, origin: columns.origin + (columns.step * (fx - 1)) / 2 },
      ];
    }
    case 'upsample': {
      // The first pixel of a block starts where the block does.
      const part = (axis: Axis, factor: number): Axis => ({
        step: axis.step / factor,
        origin: axis.origin - axis.step / 2 + axis.step / (2 * factor),
      });
      return [part(rows, node.factor[0]), part(columns, node.factor[1])];
    }
    case 'conv2d':
    case 'depthwiseConv2d':
    case 'maxPool':
    case 'avgPool':
      return [slide(rows, node, 0), slide(columns, node, 1)];
    case 'globalAvgPool':
    case 'globalMaxPool':
    case 'flatten':
    case 'dense':
      return null;
    // Element by element, or a join of tensors that cover the same frame.
    case 'mask':
    case 'contrast':
    case 'clamp':
    case 'lut':
    case 'batchNorm':
    case 'add':
    case 'multiply':
    case 'concat':
      return first;
  }
}

/** Placement of every tensor of `graph` on the raw frame. */
export function placements(graph: FloatGraph): ReadonlyMap<NodeId, Placement> {
  const known = new Map<NodeId, Placement>();
  for (const node of graph.nodes)
    known.set(
      node.id,
      place(
        node,
        node.inputs.map((id) => known.get(id) ?? null),
      ),
    );
  return known;
}

/** A Bragg peak covers its centre and this many raw pixels around it. */
const PEAK_RADIUS = 1;

function cells(axis: Axis, centre: number, extent: number): readonly [first: number, last: number] {
  const reach = PEAK_RADIUS + axis.step / 2;
  const first = Math.floor((centre - reach - axis.origin) / axis.step) + 1;
  const last = Math.ceil((centre + reach - axis.origin) / axis.step) - 1;
  return [Math.max(first, 0), Math.min(last, extent - 1)];
}

/** Rows of a frame, and how many modules share them. */
export interface ModuleRows {
  readonly rows: number;
  readonly modules: number;
}

export const moduleRows = (graph: FloatGraph): ModuleRows => ({
  rows: inputNode(graph).size[0],
  modules: modulesOf(graph),
});

/**
 * 1 at the positions `[height, width]` of a tensor whose cell touches a peak. Of a stack of modules each has its own peaks, and
 * `placement` is that of a module.
 */
export function peakPositions(
  placement: Placement,
  shape: Shape,
  spots: readonly Spot[],
  { rows, modules }: ModuleRows = { rows: Infinity, modules: 1 },
): Uint8Array | null {
  if (modules === 1 || placement === null) return peaksOfPicture(placement, shape, spots);
  const [height, width] = shape;
  const own = rows / modules;
  const under = new Uint8Array(height * width);
  for (let k = 0; k < modules; k++) {
    const inside = spots.flatMap((spot) =>
      Math.floor(spot.y / own) === k ? [{ ...spot, y: spot.y - k * own }] : [],
    );
    const found = peaksOfPicture(placement, moduleShape(shape, modules), inside);
    if (found !== null) under.set(found, k * found.length);
  }
  return under;
}

function peaksOfPicture(placement: Placement, shape: Shape, spots: readonly Spot[]): Uint8Array | null {
  if (placement === null) return null;
  const [height, width] = shape;
  const under = new Uint8Array(height * width);
  for (const spot of spots) {
    const [top, bottom] = cells(placement[0], spot.y, height);
    const [left, right] = cells(placement[1], spot.x, width);
    for (let y = top; y <= bottom; y++)
      under.fill(1, y * width + left, y * width + Math.max(right + 1, left));
  }
  return under;
}
