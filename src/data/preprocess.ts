/**
 * From the raw `uint16` frame to the network's input: crop → mask → bin → clamp → table, exact in integers.
 *
 * `preprocessNodes` builds these steps as the nodes that the float and the fixed graph share; `createPreprocessor`
 * evaluates such nodes fast on typed arrays, for training and prediction. The fast form equals
 * `simulate/interpret` (a test holds them together). It refuses a frame whose size is not the graph's.
 */
import { z } from 'zod';
import { invariant, UserError } from '../core/errors.js';
import { bitsFor, format, lsb, type Format } from '../fixed/format.js';
import { elements, nodeId, type NodeId, type Shape } from '../ir/common.js';
import { consumers, floatShapes, type FixedGraph, type FloatGraph } from '../ir/graph.js';
import { isPreprocess, type PreprocessNode } from '../ir/ops/index.js';

const channelSchema = z.strictObject({
  /** What a block of pixels becomes: its brightest pixel, or its sum. */
  bin: z.enum(['max', 'sum']).default('max'),
  /** Limits of the binned counts; below `clampMin` reads as 0, above `clampMax` as full scale. */
  clampMin: z.int().min(0).default(0),
  clampMax: z.int().min(1).max(65535).default(4095),
  /** How clamped counts fill the output range. */
  table: z.enum(['linear', 'sqrt', 'log']).default('sqrt'),
});
export type PreprocessChannel = z.infer<typeof channelSchema>;

export const preprocessSchema = z.strictObject({
  /** The part of the frame that the network sees; null: all of it that is a whole number of blocks. */
  crop: z
    .strictObject({
      offset: z.tuple([z.int().min(0), z.int().min(0)]),
      size: z.tuple([z.int().min(1), z.int().min(1)]),
    })
    .nullable()
    .default(null),
  /** Rows and columns of a block. */
  factor: z
    .int()
    .min(1)
    .max(64)
    .or(z.tuple([z.int().min(1).max(64), z.int().min(1).max(64)]))
    .default(4),
  channels: z
    .array(channelSchema)
    .min(1)
    .max(8)
    .default([{ bin: 'max', clampMin: 0, clampMax: 4095, table: 'sqrt' }]),
  /** Bits of the network's input, unsigned, standing for [0, 1). */
  bits: z.int().min(2).max(16).default(8),
});
/** A recipe's section, all defaults filled in. */
export type PreprocessOptions = z.infer<typeof preprocessSchema>;
/** The same as a person writes it. */
export type PreprocessInput = z.input<typeof preprocessSchema>;

/** The lookup table of `channel`: mantissas of `bits` bits for counts `clampMin..clampMax`. */
export function preprocessTable(channel: PreprocessChannel, bits: number): Int32Array<ArrayBuffer> {
  const top = 2 ** bits - 1;
  const span = channel.clampMax - channel.clampMin;
  const shapes = {
    linear: (v: number) => v / span,
    sqrt: (v: number) => Math.sqrt(v / span),
    log: (v: number) => Math.log1p(v) / Math.log1p(span),
  };
  return Int32Array.from({ length: span + 1 }, (_, i) => Math.round(top * shapes[channel.table](i)));
}

interface Cut {
  readonly offset: readonly [number, number];
  readonly size: readonly [number, number];
}

/** The crop that is asked for, or the centred largest part that divides into blocks. */
function cutFor(
  options: PreprocessOptions,
  rawSize: readonly [number, number],
  factor: readonly [number, number],
): Cut {
  if (options.crop === null) {
    const size = [rawSize[0] - (rawSize[0] % factor[0]), rawSize[1] - (rawSize[1] % factor[1])] as const;
    return {
      offset: [Math.floor((rawSize[0] - size[0]) / 2), Math.floor((rawSize[1] - size[1]) / 2)],
      size,
    };
  }
  const { offset, size } = options.crop;
  if (offset[0] + size[0] > rawSize[0] || offset[1] + size[1] > rawSize[1])
    throw new UserError(
      `a crop of ${size.join('×')} at ${offset.join(',')} leaves the ${rawSize.join('×')} frame`,
      {
        field: 'preprocess.crop',
        remedy: 'give an offset and a size inside the frame',
      },
    );
  if (size[0] % factor[0] !== 0 || size[1] % factor[1] !== 0)
    throw new UserError(`a crop of ${size.join('×')} is not a whole number of ${factor.join('×')} blocks`, {
      field: 'preprocess.crop.size',
      remedy: `make it a multiple of ${factor.join('×')}`,
    });
  return { offset, size };
}

function cropMask(mask: Uint8Array, rawSize: readonly [number, number], cut: Cut): Uint8Array<ArrayBuffer> {
  const live = new Uint8Array(cut.size[0] * cut.size[1]);
  for (let y = 0; y < cut.size[0]; y++) {
    const from = (y + cut.offset[0]) * rawSize[1] + cut.offset[1];
    for (let x = 0; x < cut.size[1]; x++) live[y * cut.size[1] + x] = mask[from + x] === 0 ? 0 : 1;
  }
  return live;
}

const counts = (high: number): Format => format(false, bitsFor(0, high), bitsFor(0, high));

/** Binning, clamping and table of one channel, appended to `nodes`. Returns the id of the table. */
function channelNodes(
  nodes: PreprocessNode[],
  channel: PreprocessChannel,
  k: string,
  input: NodeId,
  options: { readonly factor: readonly [number, number]; readonly bits: number },
): NodeId {
  let last = input;
  const add = (node: PreprocessNode): void => {
    nodes.push(node);
    last = node.id;
  };
  const { factor, bits } = options;
  const { bin, clampMin, clampMax } = channel;
  if (clampMin >= clampMax)
    throw new UserError(`clampMin ${clampMin} is not below clampMax ${clampMax}`, {
      field: 'preprocess.channels',
      remedy: 'give a range of counts with clampMin < clampMax',
    });
  const top = bin === 'sum' ? 65535 * factor[0] * factor[1] : 65535;
  if (factor[0] * factor[1] > 1)
    add({ id: nodeId(`bin${k}`), kind: 'bin', inputs: [last], mode: bin, factor, format: counts(top) });
  const high = Math.min(clampMax, top);
  add({
    id: nodeId(`clamp${k}`),
    kind: 'clamp',
    inputs: [last],
    min: clampMin,
    max: high,
    format: counts(high),
  });
  const table = preprocessTable({ ...channel, clampMax: high }, bits);
  add({
    id: nodeId(`table${k}`),
    kind: 'lut',
    inputs: [last],
    first: clampMin,
    table,
    format: format(false, bits, 0),
  });
  return last;
}

/** The preprocessing nodes of a graph, and the tensors of theirs that the network reads, one per channel. */
export interface PreprocessGraph {
  readonly nodes: readonly PreprocessNode[];
  readonly outputs: readonly NodeId[];
}

/**
 * The integer nodes from a raw frame of `rawSize` `[height, width]` to the network's input, outputs
 * `[height / factor, width / factor, 1]` each, format `ap_ufixed<bits,0>`. `mask` (of the raw size, 1 = live) adds
 * a mask node. Throws `UserError` on a crop or range that does not fit.
 */
export function preprocessNodes(
  options: PreprocessOptions,
  rawSize: readonly [number, number],
  mask: Uint8Array | null = null,
): PreprocessGraph {
  const factor: readonly [number, number] =
    typeof options.factor === 'number' ? [options.factor, options.factor] : options.factor;
  const cut = cutFor(options, rawSize, factor);
  const raw = format(false, 16, 16);
  let last = nodeId('input');
  const nodes: PreprocessNode[] = [{ id: last, kind: 'input', inputs: [], size: rawSize, format: raw }];
  if (cut.size[0] !== rawSize[0] || cut.size[1] !== rawSize[1]) {
    nodes.push({ id: nodeId('crop'), kind: 'crop', inputs: [last], ...cut, format: raw });
    last = nodeId('crop');
  }
  if (mask !== null) {
    invariant(mask.length === rawSize[0] * rawSize[1], 'the mask is not of the size of the frame');
    const live = cropMask(mask, rawSize, cut);
    nodes.push({ id: nodeId('mask'), kind: 'mask', inputs: [last], live, format: raw });
    last = nodeId('mask');
  }
  const outputs = options.channels.map((channel, k) =>
    channelNodes(nodes, channel, options.channels.length === 1 ? '' : `_${k}`, last, {
      factor,
      bits: options.bits,
    }),
  );
  return { nodes, outputs };
}

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

/** A tensor of counts: what cropping, masking and binning leave, before any clamp or table. */
export interface LinearTensor {
  readonly id: NodeId;
  readonly shape: Shape;
  /** Whether the tensor is made of sums (or of single pixels and maxima), and of how many pixels. */
  readonly mode: 'max' | 'sum';
  readonly pixels: number;
}

/**
 * Preprocessing in two halves: the linear part (crop, mask, bin) is what a cache of training frames holds and
 * what augmentation in counts acts on; the point part (clamp, table) follows it.
 */
export interface Preprocessor {
  readonly rawSize: readonly [number, number];
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

function binCounts(source: Counts, shape: Shape, node: Extract<LinearNode, { kind: 'bin' }>): Uint32Array {
  const [fy, fx] = node.factor;
  const width = shape[1];
  const rows = shape[0] / fy;
  const columns = width / fx;
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

function linearStep(node: Exclude<LinearNode, { kind: 'input' }>, source: Counts, shape: Shape): Counts {
  switch (node.kind) {
    case 'crop':
      return cropCounts(source, shape, node);
    case 'mask':
      return source.map((value, i) => (node.live[i] === 1 ? value : 0));
    case 'bin':
      return binCounts(source, shape, node);
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
  let mode: 'max' | 'sum' = 'max';
  let pixels = 1;
  for (
    let node = nodes.get(id);
    node !== undefined && node.kind !== 'input';
    node = nodes.get(node.inputs[0]!)
  )
    if (node.kind === 'bin') {
      if (node.mode === 'sum') mode = 'sum';
      pixels *= node.factor[0] * node.factor[1];
    }
  return { id, shape: shapes.get(id)!, mode, pixels };
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
