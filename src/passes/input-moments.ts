/**
 * What the layers of a network read, as second moments: for each layer the matrix E[x xᵀ] of its windows, over
 * calibration frames. Adaptive rounding weighs errors of weights with it.
 *
 * Positions under Bragg peaks are all taken; of the rest an even sample. Memory is `terms²` numbers a layer, so a
 * layer with more than `MOST_TERMS` weights an output has none and is rounded to nearest.
 */
import type { NodeId, Shape } from '../ir/common.js';
import { floatShapes, type FloatGraph } from '../ir/graph.js';
import { moduleShape } from '../ir/modules.js';
import { partsOf, type FloatNodeOf } from '../ir/ops/index.js';

/** Windows of one frame and layer that are sampled, besides those under peaks. */
const WINDOWS_PER_FRAME = 256;
const MOST_TERMS = 1200;

/** Second moments of the windows of one layer, `[terms, terms]` symmetric, per group of a grouped convolution. */
export interface Moments {
  readonly terms: number;
  /** Sums over `count` windows; only entries with row ≥ column are kept while observing. */
  readonly matrices: readonly Float64Array<ArrayBuffer>[];
  /** E[x], per group. */
  readonly means: readonly Float64Array<ArrayBuffer>[];
  count: number;
}

type MomentNode = FloatNodeOf<'conv2d'> | FloatNodeOf<'dense'>;

interface Layer {
  readonly node: MomentNode;
  readonly moments: Moments;
  /** Of one module. */
  readonly output: Shape;
}

export interface MomentObserver {
  /** Sees a tensor; layers that read it take their sample. */
  readonly look: (id: NodeId, tensor: Float32Array, shape: Shape, underPeaks: Uint8Array | null) => void;
  /** Moments by layer: complete symmetric means. */
  readonly result: () => ReadonlyMap<NodeId, Moments>;
}

function addWindow({ matrices, means }: Moments, group: number, x: Float64Array): void {
  const terms = x.length;
  const matrix = matrices[group]!;
  const mean = means[group]!;
  for (let i = 0; i < terms; i++) {
    const xi = x[i]!;
    if (xi === 0) continue;
    mean[i]! += xi;
    const row = i * terms;
    for (let j = 0; j <= i; j++) matrix[row + j]! += xi * x[j]!;
  }
}

/** Reads the window of output position (oy, ox) and one group; false where it lies in the padding altogether. */
function readWindow(
  node: FloatNodeOf<'conv2d'>,
  tensor: Float32Array,
  [height, width, channels]: Shape,
  at: readonly [oy: number, ox: number, group: number],
  window: Float64Array,
): void {
  const perGroup = channels / node.groups;
  let to = 0;
  for (let ky = 0; ky < node.kernel[0]; ky++)
    for (let kx = 0; kx < node.kernel[1]; kx++) {
      const iy = at[0] * node.strides[0] - node.padding[0] + ky;
      const ix = at[1] * node.strides[1] - node.padding[1] + kx;
      const inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
      const from = (iy * width + ix) * channels + at[2] * perGroup;
      for (let k = 0; k < perGroup; k++) window[to++] = inside ? tensor[from + k]! : 0;
    }
}

/** Output positions to sample: an even share of all, and all whose centre lies under a peak of the input. */
function positions(layer: Layer, input: Shape, underPeaks: Uint8Array | null): readonly number[] {
  const { node, output } = layer;
  if (node.kind === 'dense') return [0];
  const all = output[0] * output[1];
  const step = Math.max(1, Math.floor(all / WINDOWS_PER_FRAME));
  const chosen: number[] = [];
  for (let i = 0; i < all; i++) {
    const iy = Math.floor(i / output[1]) * node.strides[0] - node.padding[0] + (node.kernel[0] >> 1);
    const ix = (i % output[1]) * node.strides[1] - node.padding[1] + (node.kernel[1] >> 1);
    const peak =
      iy >= 0 && ix >= 0 && iy < input[0] && ix < input[1] && underPeaks?.[iy * input[1] + ix] === 1;
    if (peak || i % step === 0) chosen.push(i);
  }
  return chosen;
}

/** Samples each module of the input by itself. */
function sample(layer: Layer, tensor: Float32Array, input: Shape, underPeaks: Uint8Array | null): void {
  const parts = partsOf(layer.node);
  const part = <T extends Float32Array | Uint8Array>(of: T, k: number): T =>
    of.subarray((k * of.length) / parts, ((k + 1) * of.length) / parts) as T;
  for (let k = 0; k < parts; k++)
    samplePicture(
      layer,
      part(tensor, k),
      moduleShape(input, parts),
      underPeaks === null ? null : part(underPeaks, k),
    );
}

function samplePicture(
  layer: Layer,
  tensor: Float32Array,
  input: Shape,
  underPeaks: Uint8Array | null,
): void {
  const { node, moments, output } = layer;
  if (node.kind === 'dense') {
    addWindow(moments, 0, Float64Array.from(tensor));
    moments.count += 1;
    return;
  }
  const window = new Float64Array(moments.terms);
  for (const position of positions(layer, input, underPeaks)) {
    moments.matrices.forEach((_, group) => {
      readWindow(
        node,
        tensor,
        input,
        [Math.floor(position / output[1]), position % output[1], group],
        window,
      );
      addWindow(moments, group, window);
    });
    moments.count += 1;
  }
}

const complete = (matrix: Float64Array, terms: number, count: number): Float64Array<ArrayBuffer> =>
  Float64Array.from(matrix, (_, at) => {
    const [i, j] = [Math.floor(at / terms), at % terms];
    return (i >= j ? matrix[at]! : matrix[j * terms + i]!) / Math.max(count, 1);
  });

/** Observes the inputs of every convolution and dense layer of `graph`. */
export function createMomentObserver(graph: FloatGraph): MomentObserver {
  const shapes = floatShapes(graph);
  const readers = new Map<NodeId, Layer[]>();
  for (const node of graph.nodes) {
    if (node.kind !== 'conv2d' && node.kind !== 'dense') continue;
    const terms = node.weights.length / node.bias.length;
    if (terms > MOST_TERMS) continue;
    const groups = node.kind === 'conv2d' ? node.groups : 1;
    const zeros = (size: number) => Array.from({ length: groups }, () => new Float64Array(size));
    const moments = { terms, matrices: zeros(terms * terms), means: zeros(terms), count: 0 };
    const output = moduleShape(shapes.get(node.id)!, partsOf(node));
    const layer: Layer = { node, moments, output };
    const input = node.inputs[0]!;
    readers.set(input, [...(readers.get(input) ?? []), layer]);
  }
  return {
    look(id, tensor, shape, underPeaks) {
      for (const layer of readers.get(id) ?? []) sample(layer, tensor, shape, underPeaks);
    },
    result: () =>
      new Map(
        [...readers.values()].flat().map(({ node, moments: { terms, matrices, means, count } }) => [
          node.id,
          {
            terms,
            count,
            matrices: matrices.map((m) => complete(m, terms, count)),
            means: means.map((m) => m.map((sum) => sum / Math.max(count, 1))),
          },
        ]),
      ),
  };
}
