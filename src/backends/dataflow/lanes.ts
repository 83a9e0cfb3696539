/**
 * How many values a word of each stage carries: lanes stay at `pixelsPerClock` until binning has reduced the rate, then
 * are the fewest that meet the budget. A total table, one arm per kind of node.
 */
import { invariant } from '../../core/errors.js';
import { elements, type Shape } from '../../ir/common.js';
import type { Format } from '../../fixed/format.js';
import type { FpgaTarget } from '../../targets/target.js';
import { dispatch, type Table } from '../../ir/dispatch.js';
import type { ComputedNode, FixedNodeOf } from '../../ir/ops/index.js';
import { contrastWindow } from '../../ir/ops/contrast.js';
import { chooseFolding, divisors, MAX_STREAM_BITS, paddedPositions, type Weighted } from './folding.js';
import { wordsPerFrame } from './plan.js';
import type { Link } from './link.js';
import type { AdderGraph } from './shift-add.js';
import { cheaperShiftAdd, type StrategyOptions } from './strategy.js';

export interface LowerOptions {
  readonly pixelsPerClock: number;
  readonly link: Link;
  /** A second network in shadow. */
  readonly canary?: boolean;
  /** Cycles that a frame may take; at least the beats of a frame. */
  readonly cyclesPerFrame: number;
  /** Cycles that a weighted stage may take, where a short latency asks for less; `cyclesPerFrame` unless given. */
  readonly budgetOf?: (node: Weighted, output: Shape) => number;
  readonly target: FpgaTarget;
  readonly forms: StrategyOptions['form'];
}

/** What a stage wants to read and will write: lanes of each input, lanes of the output, folding. */
export interface Lanes {
  readonly inputs: readonly number[];
  readonly output: number;
  readonly tapFold: number;
  readonly adders?: AdderGraph;
}

export interface LaneRequest {
  readonly inputs: readonly { readonly shape: Shape; readonly lanes: number; readonly format: Format }[];
  readonly output: Shape;
  readonly options: LowerOptions;
}

/** All nodes but what is given with a frame, which comes as it does. */
type Reader = ComputedNode;

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

/** A line buffer of words of channels; a one-channel image goes through it pixel by pixel. */
function contrastLanes(node: FixedNodeOf<'contrast'>, { inputs: [x], options }: LaneRequest): Lanes {
  const { kernel, padding } = contrastWindow(node);
  const positions = paddedPositions(x!.shape, padding);
  const cycles = (l: number): number => positions * (x!.shape[2] / l);
  const bits = x!.format.width * kernel[0] * kernel[1];
  return same(channelLanes(x!.shape[2], cycles, x!.lanes, options.cyclesPerFrame, bits));
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

const laneRules: Table<Reader, [request: LaneRequest], Lanes> = {
  // Pixel by pixel as they come, and as many values of each map as a pixel has.
  calibrate: (_node, { inputs }) => ({
    inputs: inputs.map(({ lanes }) => lanes),
    output: inputs[0]!.lanes,
    tapFold: 1,
  }),
  // Whole words in a segment.
  commonMode: (node, { inputs: [x] }) =>
    same(
      divisors(x!.lanes)
        .filter((d) => node.columns % d === 0)
        .at(-1)!,
    ),
  crop: (_node, { inputs: [x] }) => same(x!.lanes),
  mask: (_node, { inputs: [x] }) => same(powerOfTwo(x!.lanes)),
  bin: binLanes,
  contrast: contrastLanes,
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
  upsample: (_node, { inputs: [x], output, options }) =>
    same(
      channelLanes(
        x!.shape[2],
        (l) => elements(output) / l,
        x!.lanes,
        options.cyclesPerFrame,
        x!.format.width,
      ),
    ),
  multiply: (_node, request) => same(pixelwise(request).output, 2),
  concat: (_node, request) => concatLanes(request),
  flatten: (_node, request) => pixelwise(request),
  requantize: (_node, request) => pixelwise(request),
  table: (_node, request) => pixelwise(request),
};

/** Whole pixels side by side where that is narrow, else the same lanes everywhere. */
function concatLanes(request: LaneRequest): Lanes {
  const channels = request.inputs.map((i) => i.shape[2]);
  const total = request.output[2];
  if (total <= 16) return { inputs: channels, output: total, tapFold: 1 };
  return same(commonLanes(request), request.inputs.length);
}

/** The lanes of `node`. */
export const lanesOf = (node: Reader, request: LaneRequest): Lanes => dispatch(laneRules, node, request);
