/**
 * The preprocessing of a fixed graph at pixel rate: what `evaluate/preprocessor.ts`, its plain twin, computes, as float32, in
 * which ONNX Runtime takes mantissas. Sizes are the graph's, so that memory is laid out once.
 */
import { invariant } from '../../core/errors.js';
import { createPreprocessor, type BoundaryTensor } from '../../evaluate/preprocessor.js';
import { elements, type NodeId, type Shape } from '../../ir/common.js';
import { fixedShapes, inputNode, type FixedGraph } from '../../ir/graph.js';
import { modulesOf } from '../../ir/modules.js';
import { BIN_MODES } from '../../ir/ops/bin.js';
import { isPreprocess, type FixedNode, type PreprocessNode } from '../../ir/ops/index.js';
import { analyseRanges, FLOAT32_EXACT, magnitude, type Range } from '../../ir/prove.js';
import { growTo, loadModule, SLACK, type WasmModule } from './module.js';

type Numbers = (...args: readonly number[]) => void;
type Kernel = 'hide' | 'bin' | 'contrast' | 'point';
type Module = WasmModule & Readonly<Record<`${Kernel}${16 | 32}`, Numbers>>;

export interface FastPreprocessor {
  /** The tensors that the network reads, each `[height, width, channels]`. */
  readonly boundary: readonly Pick<BoundaryTensor, 'id' | 'shape'>[];
  /** Mantissas of each boundary tensor of one raw frame into `outs`, from element `frame` × its size on. */
  run(pixels: Uint16Array, outs: readonly Float32Array[], frame: number): void;
}

/** Counts above are none that the module's 32 bits are shown to hold. */
const MOST_COUNT = 2 ** 31 - 1;
/** Entries of a table, at most. */
const MOST_ENTRIES = 2 ** 20;

/** Rows of `stride` counts in memory, 16 bits each, or 32. */
interface Image {
  readonly at: number;
  readonly stride: number;
  readonly shape: Shape;
  readonly bits: 16 | 32;
}

interface Layout {
  readonly module: Module;
  /** Room for `bytes`; what it holds is set once memory is laid out. */
  room(bytes: number, fill?: (at: number) => void): number;
  image(shape: Shape, bits: 16 | 32): Image;
}

type Linear = Extract<PreprocessNode, { kind: 'crop' | 'mask' | 'bin' | 'contrast' }>;
const isPoint = ({ kind }: FixedNode): boolean => kind === 'clamp' || kind === 'lut';

/** Whether the module has all that the preprocessing of `graph` needs. */
function isKnown(graph: FixedGraph, nodes: readonly PreprocessNode[]): boolean {
  const ranges = analyseRanges(graph);
  const kinds = new Map(nodes.map((node) => [node.id, node]));
  return nodes.every((node) => {
    const { low, high } = ranges.get(node.id)!.range;
    const before = node.kind === 'input' ? null : kinds.get(node.inputs[0]!);
    // Raw words are calibrated in front of all else.
    if (before === undefined) return false;
    // Clamps and tables come last.
    if (isPoint(node)) return true;
    return (before === null || !isPoint(before)) && low >= 0 && high <= MOST_COUNT;
  });
}

/** What computes `node` from `from`, and where it leaves it. */
function linearStep(node: Linear, from: Image, shape: Shape, layout: Layout): [Image, (() => void) | null] {
  const { module } = layout;
  const [height, width] = from.shape;
  const kernel = (name: Kernel): Numbers => module[`${name}${from.bits}`];
  const bytes = from.bits / 8;
  switch (node.kind) {
    case 'crop': {
      const [down, right] = node.offset;
      return [{ ...from, shape, at: from.at + (down * from.stride + right) * bytes }, null];
    }
    case 'mask': {
      const words = layout.room(height * width * bytes, (at) => {
        const Words = from.bits === 16 ? Uint16Array : Uint32Array;
        const all = from.bits === 16 ? 65535 : 2 ** 32 - 1;
        new Words(module.memory.buffer, at, height * width).set(Array.from(node.live, (live) => live * all));
      });
      const to = layout.image(shape, from.bits);
      const hide = kernel('hide');
      return [to, () => hide(from.at, from.stride, height, width, words, to.at)];
    }
    case 'bin': {
      const mode = ['max', 'second', 'sum'].indexOf(node.mode);
      invariant(mode >= 0 && BIN_MODES.length === 3, `blocks become ${node.mode}`);
      const to = layout.image(shape, node.mode === 'sum' ? 32 : from.bits);
      const [scratch, other] = [layout.room(4 * width), layout.room(4 * width)];
      const [rows, columns] = shape;
      const [down, across] = node.factor;
      const bin = kernel('bin');
      return [to, () => bin(from.at, from.stride, rows, columns, down, across, mode, to.at, scratch, other)];
    }
    case 'contrast': {
      const { distance } = node;
      const padded = layout.room((height + 2 * distance) * (width + 2 * distance) * bytes);
      const to = layout.image(shape, from.bits);
      const [rows, columns] = shape;
      const contrast = kernel('contrast');
      return [
        to,
        () => contrast(from.at, from.stride, height, width, distance, rows, columns, padded, to.at),
      ];
    }
  }
}

/** What clamps and tables make of `from`; null where the module has no room for it. */
function pointStep(
  { shape, points }: BoundaryTensor,
  first: PreprocessNode | null,
  range: Range,
  from: Image,
  layout: Layout,
): { readonly at: number; readonly step: () => void } | null {
  // What the first of them sees: beyond its limits all counts become the same.
  const low = Math.max(range.low, first?.kind === 'clamp' ? first.min : range.low);
  const high = Math.min(range.high, first?.kind === 'clamp' ? first.max : range.high);
  if (first !== null && (low > high || high - low >= MOST_ENTRIES)) return null;
  const { module } = layout;
  let table = 0;
  if (first !== null) {
    const count = high - low + 1;
    const entries = new Int32Array(count);
    points(
      Int32Array.from({ length: count }, (_, i) => low + i),
      entries,
    );
    table = layout.room(4 * count, (at) => {
      new Float32Array(module.memory.buffer, at, count).set(entries);
    });
  }
  const at = layout.room(4 * elements(shape));
  const [rows, columns] = shape;
  const point = module[`point${from.bits}`];
  return { at, step: () => point(from.at, from.stride, rows, columns, low, high, table, at) };
}

function createLayout(module: Module): Layout & { readonly lay: () => void } {
  let next = Math.ceil(module.freeFrom() / 16) * 16;
  const fills: (() => void)[] = [];
  const room: Layout['room'] = (bytes, fill) => {
    const at = next;
    next = Math.ceil((at + bytes + SLACK) / 16) * 16;
    if (fill !== undefined) fills.push(() => fill(at));
    return at;
  };
  return {
    module,
    room,
    image: (shape, bits) => ({ at: room((elements(shape) * bits) / 8), stride: shape[1], shape, bits }),
    lay() {
      growTo(module, next);
      for (const fill of fills) fill();
    },
  };
}

/** Null where the graph's preprocessing has what the module does not know. */
export function createFastPreprocessor(graph: FixedGraph): FastPreprocessor | null {
  const nodes: readonly PreprocessNode[] = graph.nodes.filter(isPreprocess);
  // Of several modules each is preprocessed by itself.
  if (modulesOf(graph) > 1 || !isKnown(graph, nodes)) return null;
  const shapes = fixedShapes(graph);
  const ranges = analyseRanges(graph);
  const plain = createPreprocessor(graph);
  const layout = createLayout(loadModule<Module>('preprocess'));
  const input = inputNode(graph);
  const images = new Map<NodeId, Image>([[input.id, layout.image(shapes.get(input.id)!, 16)]]);
  const steps: (() => void)[] = [];
  const firstPoint = new Map<NodeId, PreprocessNode>();
  for (const node of nodes) {
    if (node.kind === 'input') continue;
    const [from] = node.inputs;
    if (node.kind === 'clamp' || node.kind === 'lut') {
      firstPoint.set(node.id, firstPoint.get(from!) ?? node);
      continue;
    }
    const [image, step] = linearStep(node, images.get(from!)!, shapes.get(node.id)!, layout);
    images.set(node.id, image);
    if (step !== null) steps.push(step);
  }
  const places: number[] = [];
  for (const tensor of plain.boundary) {
    const { id } = plain.linear[tensor.source]!;
    const first = firstPoint.get(tensor.id) ?? null;
    // What comes out is float32, and ONNX Runtime takes no other where this is proved.
    if (magnitude(ranges.get(tensor.id)!.range) > FLOAT32_EXACT) return null;
    const made = pointStep(tensor, first, ranges.get(id)!.range, images.get(id)!, layout);
    if (made === null) return null;
    steps.push(made.step);
    places.push(made.at);
  }
  layout.lay();
  const { at } = images.get(input.id)!;
  const { buffer } = layout.module.memory;
  const frame = new Uint16Array(buffer, at, elements(shapes.get(input.id)!));
  const results = plain.boundary.map(({ shape }, i) => new Float32Array(buffer, places[i]!, elements(shape)));
  return {
    boundary: plain.boundary,
    run(pixels, outs, number) {
      invariant(pixels.length === frame.length, `a frame of ${pixels.length} pixels, not ${frame.length}`);
      frame.set(pixels);
      for (const step of steps) step();
      results.forEach((result, i) => {
        outs[i]!.set(result, number * result.length);
      });
    },
  };
}
