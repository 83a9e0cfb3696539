/**
 * The frames that witnesses are asked: plain patterns, random ones, and frames aimed at single accumulators.
 *
 * An aimed frame sets every pixel that raises an accumulator to white and every pixel that lowers it to black (or the
 * other way round), as the weights say when all activations pass: exact for the first weighted stage, a good try
 * below. Nothing here decides what is right; coverage tells what the frames reached.
 */
import type { Random } from '../core/random.js';
import type { NodeId, Shape } from '../ir/common.js';
import type { FrameMaps } from '../ir/frame-maps.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { analyseRanges } from '../ir/prove.js';
import type { FixedNode } from '../ir/ops/index.js';
import { isSumming } from '../ir/ops/index.js';
import type { WitnessOptions } from '../simulate/witness.js';
import { factsOf, visitSources, type NodeFacts } from './trace.js';

export type FrameKind = 'file' | 'calibration' | 'random' | 'adversarial';

export interface NamedFrame {
  readonly name: string;
  readonly kind: FrameKind;
  /** `height * width` raw pixels. */
  readonly pixels: Uint16Array;
  /** Of a network of raw words: the maps that come with them. */
  readonly maps?: FrameMaps;
}

/** As a witness takes them: the maps of `frames`, none where they start at counts. */
export const mapsOf = (frames: readonly NamedFrame[]): Pick<WitnessOptions, 'maps'> => {
  const maps = frames.flatMap((frame) => frame.maps ?? []);
  return maps.length === 0 ? {} : { maps };
};

const WHITE = 65535;

/** Patterns that need no knowledge of the network. */
export function patternFrames(graph: FixedGraph): readonly NamedFrame[] {
  const [height, width] = inputNode(graph).size;
  const frames: NamedFrame[] = [];
  const add = (name: string, pixel: (y: number, x: number) => number): void => {
    const pixels = Uint16Array.from({ length: height * width }, (_, i) =>
      pixel(Math.floor(i / width), i % width),
    );
    frames.push({ name, kind: 'adversarial', pixels });
  };
  add('all 0', () => 0);
  add('all 65535', () => WHITE);
  add('all 1', () => 1);
  for (const size of [1, 2, 4, 16])
    for (const phase of [0, 1])
      add(`checkerboard of ${size}, phase ${phase}`, (y, x) =>
        (Math.floor(y / size) + Math.floor(x / size) + phase) % 2 === 0 ? WHITE : 0,
      );
  add('columns', (_y, x) => (x % 2) * WHITE);
  add('rows', (y) => (y % 2) * WHITE);
  add('ramp along rows', (_y, x) => Math.floor((x * WHITE) / Math.max(1, width - 1)));
  add('ramp along columns', (y) => Math.floor((y * WHITE) / Math.max(1, height - 1)));
  add('border', (y, x) => (y === 0 || x === 0 || y === height - 1 || x === width - 1 ? WHITE : 0));
  const spots: readonly (readonly [number, number])[] = [
    [0, 0],
    [0, width - 1],
    [height - 1, 0],
    [height - 1, width - 1],
    [Math.floor(height / 2), Math.floor(width / 2)],
    [Math.floor(height / 3), Math.floor((2 * width) / 3)],
  ];
  for (const [sy, sx] of spots) add(`hot pixel (${sy}, ${sx})`, (y, x) => (y === sy && x === sx ? WHITE : 0));
  for (const node of graph.nodes) {
    if (node.kind !== 'clamp') continue;
    for (const value of [node.min, node.max - 1, node.max, node.max + 1])
      if (value >= 0 && value <= WHITE) add(`all ${value} (about ${node.id})`, () => value);
  }
  return frames;
}

/** Random frames of many characters: dim, bright, sparse, spotted, uniform noise. */
export function randomFrames(graph: FixedGraph, count: number, random: Random): readonly NamedFrame[] {
  const [height, width] = inputNode(graph).size;
  const length = height * width;
  const clampMax = graph.nodes.reduce((m, n) => (n.kind === 'clamp' ? Math.max(m, n.max) : m), 0);
  const bright = clampMax > 0 ? Math.min(WHITE, 2 * clampMax) : WHITE;
  const draws: readonly (() => number)[] = [
    () => random.integer(0, WHITE),
    () => random.integer(0, bright),
    () => random.integer(0, 3),
    () => (random.uniform() < 0.01 ? random.integer(0, WHITE) : 0),
    () => (random.uniform() < 0.002 ? WHITE : random.integer(0, 20)),
    () => (random.uniform() < 0.5 ? 0 : bright),
  ];
  return Array.from({ length: count }, (_, i): NamedFrame => {
    const draw = draws[i % draws.length]!;
    const level = random.uniform();
    const pixels = Uint16Array.from({ length }, () => (i % 12 >= 6 && random.uniform() < level ? 0 : draw()));
    return { name: `random ${i}`, kind: 'random', pixels };
  });
}

/** Adds what each input of `facts` must do for the wishes on its output to come true. */
function pullBack(facts: NodeFacts, wish: Float64Array, wishes: Map<NodeId, Float64Array>): void {
  const { node, shape, sources } = facts;
  const targets = node.inputs.map((id, i) => {
    const [h, w, c] = sources[i]!.shape;
    const target = wishes.get(id) ?? new Float64Array(h * w * c);
    wishes.set(id, target);
    return target;
  });
  const falling = node.kind === 'lut' && node.table.at(-1)! < node.table[0]! ? -1 : 1;
  let i = 0;
  for (let y = 0; y < shape[0]; y++)
    for (let x = 0; x < shape[1]; x++)
      for (let c = 0; c < shape[2]; c++) {
        const wanted = wish[i++]! * falling;
        if (wanted === 0) continue;
        const scale = 'weights' in node ? wanted * 2 ** -node.weights.fraction[c]! : wanted;
        visitSources(node, sources, shape, y, x, c, (source, index, weight) => {
          targets[source]![index]! += weight * scale;
        });
      }
}

interface Aim {
  readonly node: FixedNode;
  /** Flat index of the element and +1 (as high as possible) or -1. */
  readonly element: number;
  readonly direction: 1 | -1;
}

/** The raw frame that follows the wishes of `aims`, all on the same stage. */
function aimedPixels(
  graph: FixedGraph,
  facts: ReadonlyMap<NodeId, NodeFacts>,
  aims: readonly Aim[],
): Uint16Array {
  const input = inputNode(graph);
  const target = aims[0]!.node;
  const [h, w, c] = facts.get(target.id)!.shape;
  const wishes = new Map<NodeId, Float64Array>([[target.id, new Float64Array(h * w * c)]]);
  for (const { element, direction } of aims) wishes.get(target.id)![element] = direction;
  const last = graph.nodes.findIndex((n) => n.id === target.id);
  for (let i = last; i > 0; i--) {
    const node = graph.nodes[i]!;
    const wish = wishes.get(node.id);
    if (wish !== undefined) pullBack(facts.get(node.id)!, wish, wishes);
  }
  const pixels = wishes.get(input.id) ?? new Float64Array(input.size[0] * input.size[1]);
  return Uint16Array.from(pixels, (wish) => (wish > 0 ? WHITE : 0));
}

/** Positions of the output that are far enough apart to be aimed at in one frame: a grid, the corners left free. */
function grid([height, width]: Shape, side: number): readonly number[] {
  const count = (extent: number): number => Math.min(extent, side);
  const at = (extent: number, k: number, n: number): number => Math.floor(((k + 0.5) * extent) / n);
  const [rows, columns] = [count(height), count(width)];
  const positions: number[] = [];
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) positions.push(at(height, r, rows) * width + at(width, c, columns));
  return positions;
}

/** How many elements of a stage, along one axis, one frame can aim at without their receptive fields meeting. */
function fieldsAcross(graph: FixedGraph, facts: ReadonlyMap<NodeId, NodeFacts>, node: FixedNode): number {
  const [height, width] = facts.get(node.id)!.shape;
  const centre = Math.floor(height / 2) * width + Math.floor(width / 2);
  const channels = facts.get(node.id)!.shape[2];
  const seen = new Map<NodeId, Float64Array>();
  const wish = new Float64Array(height * width * channels);
  wish[centre * channels] = 1;
  seen.set(node.id, wish);
  const last = graph.nodes.findIndex((n) => n.id === node.id);
  for (let i = last; i > 0; i--) {
    const current = graph.nodes[i]!;
    if (seen.has(current.id)) pullBack(facts.get(current.id)!, seen.get(current.id)!, seen);
  }
  const input = inputNode(graph);
  const touched = seen.get(input.id);
  if (touched === undefined) return 1;
  const [rows, columns] = input.size;
  const occupied = (length: number, hit: (k: number) => boolean): number =>
    Array.from({ length }, (_, k) => hit(k)).filter(Boolean).length;
  const tall = occupied(rows, (y) => touched.subarray(y * columns, (y + 1) * columns).some((v) => v !== 0));
  const wide = occupied(columns, (x) =>
    Array.from({ length: rows }, (_, y) => touched[y * columns + x]).some((v) => v !== 0),
  );
  return Math.max(1, Math.floor(Math.min(rows / Math.max(1, tall), columns / Math.max(1, wide))));
}

/**
 * Frames that drive each channel of each weighted or adding stage to its highest and its lowest accumulator, several
 * channels to a frame where their receptive fields leave room; at most `most` frames, spread over the stages.
 */
export function aimedFrames(graph: FixedGraph, most: number): readonly NamedFrame[] {
  const facts = factsOf(graph);
  const ranges = analyseRanges(graph);
  const stages = graph.nodes.filter((n) => isSumming(n) && ranges.get(n.id)!.inputs.length > 0);
  const frames: NamedFrame[] = [];
  stages.forEach((node, s) => {
    const share = Math.ceil((most - frames.length) / (stages.length - s));
    const { shape } = facts.get(node.id)!;
    const positions = grid(shape, fieldsAcross(graph, facts, node));
    const aims = ([1, -1] as const).flatMap((direction) =>
      Array.from({ length: shape[2] }, (_, channel): Omit<Aim, 'element'> & { readonly channel: number } => ({
        node,
        channel,
        direction,
      })),
    );
    for (let first = 0, n = 0; first < aims.length && n < share; first += positions.length, n++) {
      const part = aims
        .slice(first, first + positions.length)
        .map((aim, i): Aim => ({ ...aim, element: positions[i]! * shape[2] + aim.channel }));
      frames.push({
        name: `${node.id}: accumulators ${first}–${first + part.length - 1} of ${aims.length} to their bounds`,
        kind: 'adversarial',
        pixels: aimedPixels(graph, facts, part),
      });
    }
  });
  return frames;
}
