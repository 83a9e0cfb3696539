/**
 * Runs the preprocessing part of a graph over many frames, fast: raw frame to counts, and counts to mantissas. The
 * interpreter defines what it has to give; a test holds the two together.
 */
import { invariant } from '../core/errors.js';
import { lsb } from '../fixed/format.js';
import { elements, windowShape, type NodeId, type Shape } from '../ir/common.js';
import { consumers, floatShapes, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { contrastWindow } from '../ir/ops/contrast.js';
import { moduleShape, modulesOf } from '../ir/modules.js';
import { isPreprocess, partsOf, type PreprocessNode } from '../ir/ops/index.js';
import { contrast } from './contrast-kernel.js';

/** A tensor of the preprocessing that the network reads. */
export interface BoundaryTensor {
  readonly id: NodeId;
  readonly shape: Shape;
  /** Value of one least significant bit: the network sees `mantissa * lsb`. */
  readonly lsb: number;
  /** The tensor of counts that `points` act on, in {@link Preprocessor.linear}. */
  readonly source: number;
  /** From a count (of the linear part) to a mantissa, one count at a time: clamps and tables. */
  readonly points: (counts: ArrayLike<number>, out: Int32Array | Uint16Array) => void;
}

/** A tensor of counts: what all but clamps and tables leave. */
export interface LinearTensor {
  readonly id: NodeId;
  readonly shape: Shape;
  /** Whether the tensor is made of sums (or of single pixels of a block), and of how many pixels. */
  readonly mode: 'single' | 'sum';
  readonly pixels: number;
  /** Pixels were compared with their neighbours: what is added to single counts now is not what it was on the frame. */
  readonly local: boolean;
}

/**
 * Preprocessing in two halves: the part in counts (crop, mask, bin, contrast) is what a cache of training
 * frames holds and what augmentation in counts acts on; the point part (clamp, table) follows it.
 */
export interface Preprocessor {
  readonly rawSize: readonly [number, number];
  /** Modules that share the rows of the frame and of every tensor. */
  readonly modules: number;
  readonly boundary: readonly BoundaryTensor[];
  readonly linear: readonly LinearTensor[];
  /** Counts of each linear tensor from one raw frame. */
  counts(pixels: Uint16Array): Uint32Array[];
  /** Mantissas of each boundary tensor from one raw frame: what `interpret` computes. */
  run(pixels: Uint16Array): Int32Array[];
}

type PointNode = Extract<PreprocessNode, { kind: 'clamp' | 'lut' }>;
type LinearNode = Exclude<PreprocessNode, PointNode>;
const isPoint = (node: PreprocessNode): node is PointNode => node.kind === 'clamp' || node.kind === 'lut';

/** The raw frame stands for itself until a node changes it, so that `Uint16Array` goes through uncopied. */
type Counts = Uint16Array | Uint32Array;

function secondCounts(source: Counts, shape: Shape, [fy, fx]: readonly [number, number]): Uint32Array {
  const columns = shape[1] / fx;
  const best = new Uint32Array((shape[0] / fy) * columns);
  const second = new Uint32Array(best.length);
  let from = 0;
  for (let y = 0; y < shape[0]; y++) {
    const to = Math.floor(y / fy) * columns;
    for (let x = to; x < to + columns; x++)
      for (let k = 0; k < fx; k++) {
        const pixel = source[from++]!;
        if (pixel <= second[x]!) continue;
        if (pixel > best[x]!) {
          second[x] = best[x]!;
          best[x] = pixel;
        } else second[x] = pixel;
      }
  }
  return second;
}

function binCounts(source: Counts, shape: Shape, node: Extract<LinearNode, { kind: 'bin' }>): Uint32Array {
  const [fy, fx] = node.factor;
  const width = shape[1];
  const rows = shape[0] / fy;
  const columns = width / fx;
  if (node.mode === 'second') return secondCounts(source, shape, node.factor);
  const out = new Uint32Array(rows * columns);
  const sum = node.mode === 'sum';
  for (let y = 0; y < shape[0]; y++) {
    const to = Math.floor(y / fy) * columns;
    let from = y * width;
    for (let x = 0; x < columns; x++) {
      let value = out[to + x]!;
      for (let k = 0; k < fx; k++) {
        const pixel = source[from++]!;
        value = sum ? value + pixel : pixel > value ? pixel : value;
      }
      out[to + x] = value;
    }
  }
  return out;
}

function cropCounts(source: Counts, shape: Shape, node: Extract<LinearNode, { kind: 'crop' }>): Counts {
  const [rows, columns] = node.size;
  const out =
    source instanceof Uint16Array ? new Uint16Array(rows * columns) : new Uint32Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const from = (y + node.offset[0]) * shape[1] + node.offset[1];
    out.set(source.subarray(from, from + columns), y * columns);
  }
  return out;
}

/** A step on each module of the frame by itself, where there are several. */
function linearStep(node: Exclude<LinearNode, { kind: 'input' }>, source: Counts, shape: Shape): Counts {
  const parts = partsOf(node);
  if (parts === 1) return wholeStep(node, source, shape);
  const length = source.length / parts;
  const all = Array.from({ length: parts }, (_, k) =>
    wholeStep(node, source.subarray(k * length, (k + 1) * length), moduleShape(shape, parts)),
  );
  const joined =
    all[0] instanceof Uint16Array
      ? new Uint16Array(all[0].length * parts)
      : new Uint32Array(all[0]!.length * parts);
  all.forEach((part, k) => {
    joined.set(part, k * part.length);
  });
  return joined;
}

function wholeStep(node: Exclude<LinearNode, { kind: 'input' }>, source: Counts, shape: Shape): Counts {
  switch (node.kind) {
    case 'crop':
      return cropCounts(source, shape, node);
    case 'mask':
      return source.map((value, i) => (node.live[i] === 1 ? value : 0));
    case 'bin':
      return binCounts(source, shape, node);
    case 'contrast': {
      const out = source.slice(0, elements(windowShape(shape, contrastWindow(node), shape[2])));
      contrast(node, source, shape, out);
      return out;
    }
  }
}

/** One function for a chain of clamps and tables, from first to last. */
function pointChain(chain: readonly PointNode[]): BoundaryTensor['points'] {
  if (chain.length === 0)
    return (source, out) => {
      for (let i = 0; i < out.length; i++) out[i] = source[i]!;
    };
  const [clamp, lut] = chain;
  if (chain.length === 2 && clamp?.kind === 'clamp' && lut?.kind === 'lut') {
    const { min, max } = clamp;
    const { table, first } = lut;
    return (source, out) => {
      for (let i = 0; i < out.length; i++) {
        const value = source[i]!;
        out[i] = table[(value < min ? min : value > max ? max : value) - first]!;
      }
    };
  }
  return (source, out) => {
    for (let i = 0; i < out.length; i++) {
      let value = source[i]!;
      for (const node of chain)
        value =
          node.kind === 'clamp'
            ? Math.min(Math.max(value, node.min), node.max)
            : node.table[value - node.first]!;
      out[i] = value;
    }
  };
}

/** Describes how a linear tensor came about: sums of `pixels` pixels, or maxima. */
function linearTensor(
  id: NodeId,
  nodes: ReadonlyMap<NodeId, PreprocessNode>,
  shapes: ReadonlyMap<NodeId, Shape>,
): LinearTensor {
  let mode: LinearTensor['mode'] = 'single';
  let pixels = 1;
  let local = false;
  for (
    let node = nodes.get(id);
    node !== undefined && node.kind !== 'input';
    node = nodes.get(node.inputs[0]!)
  ) {
    if (node.kind === 'contrast' || (node.kind === 'bin' && node.mode === 'second')) local = true;
    if (node.kind === 'bin') {
      if (node.mode === 'sum') mode = 'sum';
      pixels *= node.factor[0] * node.factor[1];
    }
  }
  return { id, shape: shapes.get(id)!, mode, pixels, local };
}

/** Prepares the preprocessing part of `graph` for many frames. */
export function createPreprocessor(graph: FloatGraph | FixedGraph): Preprocessor {
  const preprocess: readonly PreprocessNode[] = graph.nodes.filter(isPreprocess);
  const nodes = new Map(preprocess.map((node) => [node.id, node]));
  const shapes = floatShapes({ ...graph, nodes: preprocess } as FloatGraph);
  const input = preprocess[0];
  invariant(input?.kind === 'input', `graph ${graph.name} does not start with its input`);

  const linear: LinearTensor[] = [];
  const boundary: BoundaryTensor[] = [];
  for (const node of preprocess) {
    if (!consumers(graph, node.id).some((n) => !isPreprocess(n)) && graph.output !== node.id) continue;
    const chain: PointNode[] = [];
    let first: PreprocessNode = node;
    while (isPoint(first)) {
      chain.unshift(first);
      first = nodes.get(first.inputs[0]!)!;
    }
    const at = first.id;
    let source = linear.findIndex((t) => t.id === at);
    if (source < 0) source = linear.push(linearTensor(at, nodes, shapes)) - 1;
    const shape = shapes.get(node.id)!;
    boundary.push({ id: node.id, shape, lsb: lsb(node.format), source, points: pointChain(chain) });
  }

  const steps = preprocess.filter((node): node is Exclude<LinearNode, { kind: 'input' }> => {
    if (node.kind === 'input') return false;
    if (isPoint(node)) return false;
    invariant(!isPoint(nodes.get(node.inputs[0]!)!), `${node.id} acts on what a clamp or table made`);
    return true;
  });

  function countsOf(pixels: Uint16Array): Uint32Array[] {
    invariant(
      pixels.length === elements(shapes.get(input!.id)!),
      `a frame of ${pixels.length} pixels for ${(shapes.get(input!.id) ?? []).join('×')}`,
    );
    const values = new Map<NodeId, Counts>([[input!.id, pixels]]);
    for (const node of steps) {
      const from = node.inputs[0]!;
      values.set(node.id, linearStep(node, values.get(from)!, shapes.get(from)!));
    }
    return linear.map(({ id }) => {
      const value = values.get(id)!;
      return value instanceof Uint32Array ? value : Uint32Array.from(value);
    });
  }

  return {
    rawSize: input.size,
    modules: modulesOf(graph),
    boundary,
    linear,
    counts: countsOf,
    run(pixels) {
      const sources = countsOf(pixels);
      return boundary.map(({ shape, source, points }) => {
        const out = new Int32Array(elements(shape));
        points(sources[source]!, out);
        return out;
      });
    },
  };
}
