/**
 * Graph to dataflow: every node becomes a stage, every tensor with several readers a chain of forks, every change of
 * word width a repack. Lanes stay at `pixelsPerClock` until binning has reduced the rate.
 */
import { invariant } from '../../core/errors.js';
import { elements, type NodeId, type Shape } from '../../ir/common.js';
import type { Format } from '../../fixed/format.js';
import type { FpgaTarget } from '../../targets/target.js';
import { consumers, fixedShapes, type FixedGraph } from '../../ir/graph.js';
import type { FixedKind, FixedNode, FixedNodeOf } from '../../ir/ops/index.js';
import { chooseFolding, divisors, MAX_STREAM_BITS, paddedPositions, type Weighted } from './folding.js';
import { createNames } from './names.js';
import type { AdderGraph } from './shift-add.js';
import { cheaperShiftAdd, type StrategyOptions } from './strategy.js';
import {
  wordsPerFrame,
  type Folding,
  type NodeStage,
  type NodeStageKind,
  type Plan,
  type Stage,
  type Stream,
} from './plan.js';

export interface LowerOptions {
  readonly pixelsPerClock: number;
  /** Cycles that a frame may take; at least the beats of a frame. */
  readonly cyclesPerFrame: number;
  /** Cycles that a weighted stage may take, where a short latency asks for less; `cyclesPerFrame` unless given. */
  readonly budgetOf?: (node: Weighted, output: Shape) => number;
  readonly target: FpgaTarget;
  readonly forms: StrategyOptions['form'];
}

/** What a stage wants to read and will write: lanes of each input, lanes of the output, folding. */
interface Lanes {
  readonly inputs: readonly number[];
  readonly output: number;
  readonly tapFold: number;
  readonly adders?: AdderGraph;
}

interface LaneRequest {
  readonly inputs: readonly { readonly shape: Shape; readonly lanes: number; readonly format: Format }[];
  readonly output: Shape;
  readonly options: LowerOptions;
}

type LaneRules = {
  readonly [K in Exclude<FixedKind, 'input'>]: (node: FixedNodeOf<K>, request: LaneRequest) => Lanes;
};

const same = (lanes: number, inputs = 1): Lanes => ({
  inputs: new Array<number>(inputs).fill(lanes),
  output: lanes,
  tapFold: 1,
});

/** Channels a word: the producer's where they are fast enough, else the fewest that are. */
function channelLanes(
  channels: number,
  cycles: (lanes: number) => number,
  preferred: number,
  budget: number,
  bits: number,
): number {
  const options = divisors(channels).filter((d) => d === 1 || d * bits <= MAX_STREAM_BITS);
  if (options.includes(preferred) && cycles(preferred) <= budget) return preferred;
  return options.find((d) => cycles(d) <= budget) ?? options[options.length - 1]!;
}

/** A one-channel image after binning: a power of two of pixels a word, just enough for the average rate. */
function pixelLanes(shape: Shape, lanes: number, budget: number): number {
  if (shape[2] !== 1) return channelLanes(shape[2], (l) => elements(shape) / l, lanes, budget, 16);
  let needed = 1;
  while (needed < lanes && wordsPerFrame({ shape, lanes: needed }) > budget) needed *= 2;
  return Math.min(needed, lanes);
}

/** Pooling by window: words of channels of one pixel. */
function windowLanes(
  node: FixedNodeOf<'maxPool'> | FixedNodeOf<'avgPool'>,
  { inputs: [x], options }: LaneRequest,
): Lanes {
  const positions = paddedPositions(x!.shape, node.padding);
  const taps = node.kernel[0] * node.kernel[1];
  const cycles = (l: number): number => positions * (x!.shape[2] / l);
  return same(channelLanes(x!.shape[2], cycles, x!.lanes, options.cyclesPerFrame, x!.format.width * taps));
}

const pixelwise = ({ inputs: [x], options }: LaneRequest): Lanes =>
  same(
    channelLanes(
      x!.shape[2],
      (l) => elements(x!.shape) / l,
      x!.lanes,
      options.cyclesPerFrame,
      x!.format.width,
    ),
  );

const weighted = (node: Weighted, { inputs: [x], output, options }: LaneRequest): Lanes => {
  const own = options.budgetOf?.(node, output) ?? Infinity;
  const budget = Math.min(own, options.cyclesPerFrame);
  const { shape, lanes, format } = x!;
  const folded = chooseFolding(node, shape, output, format.width, lanes, budget).folding;
  const unfolded = cheaperShiftAdd(node, shape, output, format, folded, {
    target: options.target,
    budget,
    form: options.forms,
  });
  const { inLanes, outLanes, tapFold } = unfolded?.folding ?? folded;
  return {
    inputs: [inLanes],
    output: outLanes,
    tapFold,
    ...(unfolded === undefined ? {} : { adders: unfolded.adders }),
  };
};

/** The most lanes that divide the channels of every input and are no more than the least of the producers'. */
function commonLanes(request: LaneRequest): number {
  const least = Math.min(...request.inputs.map((i) => i.lanes));
  const cycles = (l: number): number => elements(request.output) / l;
  const fitting = divisors(request.inputs[0]!.shape[2]).filter((d) =>
    request.inputs.every((i) => i.shape[2] % d === 0),
  );
  if (fitting.includes(least) && cycles(least) <= request.options.cyclesPerFrame) return least;
  return fitting.find((d) => cycles(d) <= request.options.cyclesPerFrame) ?? fitting[fitting.length - 1]!;
}

/** Pixels a word that a bin can take: whole blocks in a word, or whole words in a block. */
function binLanes(node: FixedNodeOf<'bin'>, { inputs: [x] }: LaneRequest): Lanes {
  const factor = node.factor[1];
  const lanes = x!.shape[2] === 1 ? x!.lanes : 1;
  invariant(x!.shape[2] === 1, `${node.id}: binning acts on one channel`);
  const input = lanes % factor === 0 || factor % lanes === 0 ? lanes : Math.ceil(lanes / factor) * factor;
  return { inputs: [input], output: Math.max(1, input / factor), tapFold: 1 };
}

/** The largest power of two in `lanes`, at most 32: what the mask ROM is cut into. */
const powerOfTwo = (lanes: number): number => {
  let p = 1;
  while (p < 32 && lanes % (p * 2) === 0) p *= 2;
  return p;
};

const laneRules: LaneRules = {
  crop: (_node, { inputs: [x] }) => same(x!.lanes),
  mask: (_node, { inputs: [x] }) => same(powerOfTwo(x!.lanes)),
  bin: binLanes,
  clamp: (_node, { inputs: [x], options }) => same(pixelLanes(x!.shape, x!.lanes, options.cyclesPerFrame)),
  lut: (_node, { inputs: [x], options }) => same(pixelLanes(x!.shape, x!.lanes, options.cyclesPerFrame)),
  conv2d: weighted,
  depthwiseConv2d: weighted,
  dense: weighted,
  maxPool: windowLanes,
  avgPool: windowLanes,
  globalAvgPool: (_node, request) => pixelwise(request),
  globalMaxPool: (_node, request) => pixelwise(request),
  add: (_node, request) => same(commonLanes(request), 2),
  concat: (_node, request) => concatLanes(request),
  flatten: (_node, request) => pixelwise(request),
  requantize: (_node, request) => pixelwise(request),
};

/** Whole pixels side by side where that is narrow, else the same lanes everywhere. */
function concatLanes(request: LaneRequest): Lanes {
  const channels = request.inputs.map((i) => i.shape[2]);
  const total = request.output[2];
  if (total <= 16) return { inputs: channels, output: total, tapFold: 1 };
  return same(commonLanes(request), request.inputs.length);
}

interface Builder {
  readonly stages: Stage[];
  readonly streams: Stream[];
  readonly name: (wanted: string) => string;
}

function addStream(b: Builder, source: Omit<Stream, 'name'>, wanted: string): Stream {
  const stream: Stream = { ...source, name: b.name(wanted) };
  b.streams.push(stream);
  return stream;
}

/** `stream` in words of `lanes`. */
function repacked(b: Builder, stream: Stream, lanes: number): Stream {
  if (stream.lanes === lanes) return stream;
  const output = addStream(b, { ...stream, lanes }, `${stream.name}_by_${lanes}`);
  b.stages.push({
    kind: 'repack',
    name: b.name(`repack_${output.name}`),
    inputs: [stream],
    outputs: [output],
  });
  return output;
}

/** The stages that exchange weights, behind `stream`: the same pixels, and the news which weights are theirs. */
function swapping(b: Builder, stream: Stream): Stream {
  b.stages.push({ kind: 'loadWeights', name: b.name('load_weights'), inputs: [], outputs: [] });
  const output = addStream(b, stream, `${stream.node}_swapped`);
  b.stages.push({
    kind: 'swapWeights',
    name: b.name('swap_weights'),
    inputs: [stream],
    outputs: [output],
  });
  return output;
}

/** One stream for each of `readers`. */
function forked(b: Builder, stream: Stream, readers: readonly string[]): Stream[] {
  const result: Stream[] = [];
  let rest = stream;
  readers.forEach((reader, i) => {
    if (i === readers.length - 1) {
      result.push(rest);
      return;
    }
    const own = addStream(b, stream, `${stream.node}_to_${reader}`);
    const others = addStream(
      b,
      stream,
      i === readers.length - 2 ? `${stream.node}_to_${readers[i + 1]!}` : `${stream.node}_rest`,
    );
    b.stages.push({ kind: 'fork', name: b.name(`fork_${own.name}`), inputs: [rest], outputs: [own, others] });
    result.push(own);
    rest = others;
  });
  return result;
}

/** Concatenates more than two inputs two at a time; the last one is the node's own stage. */
function concatChain(b: Builder, node: FixedNodeOf<'concat'>, inputs: readonly Stream[], lanes: Lanes): void {
  const wide = lanes.output === inputs.reduce((sum, s) => sum + s.shape[2], 0);
  let left = inputs[0]!;
  inputs.slice(1).forEach((right, i) => {
    const shape: Shape = [left.shape[0], left.shape[1], left.shape[2] + right.shape[2]];
    const last = i === inputs.length - 2;
    const outLanes = wide ? shape[2] : lanes.output;
    const output = addStream(
      b,
      { node: node.id, format: node.format, shape, lanes: outLanes },
      last ? `${node.id}_out` : `${node.id}_part`,
    );
    const folding: Folding = { inLanes: left.lanes, outLanes, tapFold: 1 };
    b.stages.push({
      kind: 'concat',
      name: b.name(last ? node.id : `${node.id}_part`),
      node,
      folding,
      inputs: [left, right],
      outputs: [output],
    });
    left = output;
  });
}

/** The dataflow of `graph`. */
export function lowerGraph(graph: FixedGraph, options: LowerOptions): Plan {
  const shapes = fixedShapes(graph);
  const b: Builder = { stages: [], streams: [], name: createNames() };
  const visible = new Map<NodeId, Stream>();
  /** Streams not read yet, by node and reader. */
  const pending = new Map<string, Stream>();
  const offer = (node: FixedNode, stream: Stream): void => {
    visible.set(node.id, stream);
    const readers = [
      ...consumers(graph, node.id).flatMap((n) =>
        n.inputs.filter((i) => i === node.id).map(() => n.id as string),
      ),
    ];
    if (node.id === graph.output) readers.push('decide');
    invariant(readers.length > 0, `${node.id}: nothing reads it`);
    const count = new Map<string, number>();
    forked(b, stream, readers).forEach((s, i) => {
      const reader = readers[i]!;
      const nth = count.get(reader) ?? 0;
      count.set(reader, nth + 1);
      pending.set(`${node.id}>${reader}#${nth}`, s);
    });
  };
  const take = (node: FixedNode): Stream[] => {
    const count = new Map<NodeId, number>();
    return node.inputs.map((id) => {
      const nth = count.get(id) ?? 0;
      count.set(id, nth + 1);
      return pending.get(`${id}>${node.id}#${nth}`)!;
    });
  };
  for (const node of graph.nodes) {
    const shape = shapes.get(node.id)!;
    const source = { node: node.id, format: node.format, shape };
    if (node.kind === 'input') {
      const output = addStream(b, { ...source, lanes: options.pixelsPerClock }, `${node.id}_out`);
      b.stages.push({ kind: 'receive', name: b.name(node.id), node, inputs: [], outputs: [output] });
      offer(node, graph.reloadable ? swapping(b, output) : output);
      continue;
    }
    const given = take(node);
    const rule = laneRules[node.kind] as (node: FixedNode, request: LaneRequest) => Lanes;
    const lanes = rule(node, {
      inputs: given.map((s) => ({ shape: s.shape, lanes: s.lanes, format: s.format })),
      output: shape,
      options,
    });
    const inputs = given.map((s, i) => repacked(b, s, lanes.inputs[i]!));
    if (node.kind === 'flatten') {
      // The same words in the same order: only the name and the shape change.
      offer(node, { ...inputs[0]!, ...source });
      continue;
    }
    if (node.kind === 'concat') {
      concatChain(b, node, inputs, lanes);
    } else {
      const output = addStream(b, { ...source, lanes: lanes.output }, `${node.id}_out`);
      const folding: Folding = { inLanes: lanes.inputs[0]!, outLanes: lanes.output, tapFold: lanes.tapFold };
      b.stages.push({
        kind: node.kind,
        name: b.name(node.id),
        node,
        folding,
        ...(lanes.adders === undefined ? {} : { adders: lanes.adders }),
        inputs,
        outputs: [output],
      } as NodeStage<NodeStageKind> as Stage);
    }
    offer(node, b.streams[b.streams.length - 1]!);
  }
  b.stages.push({
    kind: 'decide',
    name: b.name('decide'),
    inputs: [pending.get(`${graph.output}>decide#0`)!],
    outputs: [],
  });
  return {
    stages: b.stages,
    streams: b.streams,
    visible,
    pixelsPerClock: options.pixelsPerClock,
    cyclesPerFrame: options.cyclesPerFrame,
  };
}
