/**
 * How far pixels may change before a decision can: bounds of every value in integers, hence a proof and no search.
 *
 * Every stage takes the least and the greatest mantissa that each of its inputs can have to those of its outputs. Sums take
 * what is added from the one and what is subtracted from the other; a rounding, a table or an activation is looked at over the
 * whole interval. The bounds hold for every frame within the pixels' bounds; they are not always reached, so that the radius
 * may be larger than what is certified, never smaller.
 */
import { contrast } from '../evaluate/contrast-kernel.js';
import { fixedLayer } from '../evaluate/fixed-evaluate.js';
import { walkOf } from '../evaluate/in-order.js';
import type { Sums, Tensor } from '../evaluate/layers.js';
import { preprocess } from '../evaluate/preprocess-kernels.js';
import { createRequantizer } from '../evaluate/requantizer.js';
import { keepsOrder } from '../fixed/format.js';
import { elements, type Shape } from '../ir/common.js';
import { moduleShape } from '../ir/modules.js';
import { refuseRaw } from '../ir/frame-maps.js';
import { fixedShapes, type FixedGraph } from '../ir/graph.js';
import {
  isPreprocess,
  isRaw,
  isSumming,
  isWeighted,
  partsOf,
  sumOf,
  type ComputedPreprocessNode,
  type FixedNetworkNode,
  type SummingNode,
} from '../ir/ops/index.js';
import type { SourceFacts } from '../ir/ops/record.js';
import { activationOf, productRange } from '../ir/prove.js';

/** The least and the greatest that each element of a tensor can be. */
interface Bounds {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly shape: Shape;
}
type Step = (inputs: readonly Bounds[]) => Omit<Bounds, 'shape'>;

const lowest = (x: Bounds): Tensor => ({ data: x.low, shape: x.shape });
const highest = (x: Bounds): Tensor => ({ data: x.high, shape: x.shape });

/** The least and greatest entry of `table` between two places, for each pair of them. */
function overTable(
  table: ArrayLike<number>,
  first: number,
  { low, high }: Omit<Bounds, 'shape'>,
): Omit<Bounds, 'shape'> {
  const least = new Int32Array(low.length);
  const greatest = new Int32Array(low.length);
  low.forEach((from, i) => {
    let [min, max] = [Infinity, -Infinity];
    for (let q = from; q <= high[i]!; q++) {
      const entry = table[q - first]!;
      if (entry < min) min = entry;
      if (entry > max) max = entry;
    }
    least[i] = min;
    greatest[i] = max;
  });
  return { low: least, high: greatest };
}

const isRising = (table: Int32Array): boolean => table.every((q, i) => i === 0 || q >= table[i - 1]!);

function preprocessStep(node: ComputedPreprocessNode, output: Shape): Step {
  if (node.kind === 'lut' && !isRising(node.table)) return ([x]) => overTable(node.table, node.first, x!);
  if (node.kind === 'contrast')
    return ([x]) => {
      const low = new Int32Array(elements(output));
      const high = new Int32Array(elements(output));
      const parts = partsOf(node);
      const shape = moduleShape(x!.shape, parts);
      for (let k = 0; k < parts; k++) {
        const part = (of: Int32Array): Int32Array =>
          of.subarray((k * of.length) / parts, ((k + 1) * of.length) / parts);
        contrast(node, part(x!.low), shape, part(low), part(x!.high));
        contrast(node, part(x!.high), shape, part(high), part(x!.low));
      }
      return { low, high };
    };
  // The others grow with every pixel, or stay.
  return ([x]) => ({
    low: preprocess(node, x!.low, x!.shape, output),
    high: preprocess(node, x!.high, x!.shape, output),
  });
}

/** All sums of a tensor. */
function allSums(sums: Sums, inputs: readonly Tensor[], output: Shape): Float64Array {
  const all = new Float64Array(elements(output));
  sums(inputs, (some, first) => {
    all.set(some, first);
  });
  return all;
}

/** Bounds of the sums of `node`. */
type SumBounds = (inputs: readonly Bounds[]) => { readonly low: Float64Array; readonly high: Float64Array };

function sumBounds(node: SummingNode, facts: readonly SourceFacts[], output: Shape): SumBounds {
  const sumsOf = (of: FixedNetworkNode): Sums => {
    const layer = fixedLayer(of, facts, output);
    if (!('sums' in layer)) throw new TypeError(`${of.kind} does not sum`);
    return layer.sums;
  };
  if (node.kind === 'multiply')
    return ([x, vector]) => {
      // Each module has a vector of its own.
      const length = x!.low.length / partsOf(node);
      const vectorPlace = (i: number): number => Math.floor(i / length) * output[2] + (i % output[2]);
      const low = new Float64Array(x!.low.length);
      const high = new Float64Array(x!.low.length);
      x!.low.forEach((least, i) => {
        const c = vectorPlace(i);
        const range = productRange(
          { low: least, high: x!.high[i]! },
          { low: vector!.low[c]!, high: vector!.high[c]! },
        );
        low[i] = range.low;
        high[i] = range.high;
      });
      return { low, high };
    };
  if (isWeighted(node)) {
    const half = (keep: (m: number) => boolean, bias: Float64Array<ArrayBuffer>): Sums =>
      sumsOf({
        ...node,
        weights: { ...node.weights, mantissas: node.weights.mantissas.map((m) => (keep(m) ? m : 0)), bias },
      });
    const { bias } = node.weights;
    const added = half((m) => m > 0, bias);
    const subtracted = half((m) => m < 0, new Float64Array(bias.length));
    const both = (more: Tensor, less: Tensor): Float64Array => {
      const rest = allSums(subtracted, [less], output);
      return allSums(added, [more], output).map((v, i) => v + rest[i]!);
    };
    return ([x]) => ({ low: both(lowest(x!), highest(x!)), high: both(highest(x!), lowest(x!)) });
  }
  // Averages, additions and changes of format weigh nothing below zero.
  const sums = sumsOf(node);
  return (inputs) => ({
    low: allSums(sums, inputs.map(lowest), output),
    high: allSums(sums, inputs.map(highest), output),
  });
}

function summingStep(node: SummingNode, facts: readonly SourceFacts[], output: Shape): Step {
  const sums = sumBounds(node, facts, output);
  const { fraction } = sumOf(node, facts)!;
  const requantizer = createRequantizer(activationOf(node), node.format);
  const rounded = (of: Float64Array): Int32Array => {
    const result = new Int32Array(of.length);
    requantizer.run(of, fraction, output[2], result, 0, null);
    return result;
  };
  const atZero = rounded(new Float64Array(elements(output)));
  return (inputs) => {
    const bounds = sums(inputs);
    const [one, other] = [rounded(bounds.low), rounded(bounds.high)];
    const low = one.map((q, i) => Math.min(q, other[i]!));
    const high = one.map((q, i) => Math.max(q, other[i]!));
    // An activation has its only bend at zero.
    bounds.low.forEach((least, i) => {
      if (least >= 0 || bounds.high[i]! <= 0) return;
      low[i] = Math.min(low[i]!, atZero[i]!);
      high[i] = Math.max(high[i]!, atZero[i]!);
    });
    return { low, high };
  };
}

function networkStep(node: FixedNetworkNode, facts: readonly SourceFacts[], output: Shape): Step {
  if (isSumming(node)) return summingStep(node, facts, output);
  if (node.kind === 'table') return ([x]) => overTable(node.table, node.first, x!);
  const layer = fixedLayer(node, facts, output);
  if (!('moves' in layer)) throw new TypeError(`${node.kind} moves nothing`);
  const moved = (inputs: readonly Tensor[]): Int32Array => {
    const result = new Int32Array(elements(output));
    layer.moves(inputs, result);
    return result;
  };
  return (inputs) => ({ low: moved(inputs.map(lowest)), high: moved(inputs.map(highest)) });
}

/** Bounds of the logits' mantissas for every frame from `low` to `high`, pixel by pixel. */
export type BoundLogits = (low: Uint16Array, high: Uint16Array) => Omit<Bounds, 'shape'>;

/** Null where a stage wraps around: then a small change of a sum may be a large one of its result. */
export function createBounds(graph: FixedGraph): BoundLogits | null {
  refuseRaw('bounds of a decision', graph, 'ask the network of calibrated frames');
  if (graph.nodes.some((node) => isSumming(node) && !keepsOrder(node.format))) return null;
  const shapes = fixedShapes(graph);
  const formats = new Map(graph.nodes.map((n) => [n.id, n.format]));
  const walk = walkOf<Bounds>(graph);
  const steps = graph.nodes.map((node): Step | null => {
    if (node.kind === 'input' || isRaw(node)) return null;
    const shape = shapes.get(node.id)!;
    if (isPreprocess(node)) return preprocessStep(node, shape);
    const facts = node.inputs.map((id) => ({ shape: shapes.get(id)!, format: formats.get(id)! }));
    return networkStep(node, facts, shape);
  });
  return (low, high) =>
    walk(low, (i, inputs) => {
      const shape = shapes.get(graph.nodes[i]!.id)!;
      const made = steps[i]?.(inputs) ?? { low: new Int32Array(low), high: new Int32Array(high) };
      return { ...made, shape };
    });
}

/** The least score of frames that are kept, the greatest of frames that are vetoed. */
function worstScore(
  { low, high }: Omit<Bounds, 'shape'>,
  hitClasses: readonly boolean[],
  keep: boolean,
): number {
  const [hits, misses] = keep ? [low, high] : [high, low];
  const most = (of: Int32Array, hit: boolean): number =>
    of.reduce((best, q, c) => (hitClasses[c] === hit ? Math.max(best, q) : best), -Infinity);
  return most(hits, true) - most(misses, false);
}

const MOST_COUNTS = 65_535;

/**
 * The largest number of counts by which every pixel where `mayChange` is 1 may change, up or down, all at once, without
 * turning the decision on `frame`.
 */
export function certifiedRadius(
  graph: FixedGraph,
  bounds: BoundLogits,
  frame: Uint16Array,
  keep: boolean,
  mayChange: ArrayLike<number> | null = null,
): number {
  const holds = (radius: number): boolean => {
    const by = (i: number): number => (mayChange === null || mayChange[i] === 1 ? radius : 0);
    const found = bounds(
      frame.map((count, i) => Math.max(0, count - by(i))),
      frame.map((count, i) => Math.min(MOST_COUNTS, count + by(i))),
    );
    return worstScore(found, graph.hitClasses, keep) >= graph.threshold === keep;
  };
  let [good, bad] = [0, 1];
  while (bad <= MOST_COUNTS && holds(bad)) [good, bad] = [bad, 2 * bad];
  bad = Math.min(bad, MOST_COUNTS + 1);
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (holds(middle)) good = middle;
    else bad = middle;
  }
  return good;
}
