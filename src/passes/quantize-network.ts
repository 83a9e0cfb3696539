/** The quantize stage of a run: passes, calibration, fixed graph, in one call. */
import { calibrate, isConstant, type CalibrationFrame } from '../calibrate/observe.js';
import type { Ranges } from '../calibrate/ranges.js';
import type { Calibration } from '../calibrate/recipe.js';
import { UserError } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import type { FloatEvaluator } from '../evaluate/float-reference.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { channelStats } from './channel-stats.js';
import { informedWeights } from './choose-weights.js';
import { createMomentObserver, type Moments } from './input-moments.js';
import { prepareGraph } from './pipeline.js';
import { quantizeGraph } from './quantize.js';
import type { Quantization } from './recipe.js';
import type { Departure } from './stated-stages.js';

/** A graph between two passes, for `--dump-ir`. */
export type IrStep =
  | { readonly kind: 'float'; readonly pass: string; readonly graph: FloatGraph }
  | { readonly kind: 'fixed'; readonly pass: string; readonly graph: FixedGraph };

type Frames = Iterable<CalibrationFrame> | AsyncIterable<CalibrationFrame>;

export interface QuantizeNetworkOptions {
  readonly quantization: Quantization;
  readonly calibration: Calibration;
  /** Computes float tensors by other means (ONNX Runtime), for large networks. */
  readonly createEvaluator?: (graph: FloatGraph) => Promise<FloatEvaluator>;
  /** Called after every calibration frame with the number of frames so far. */
  readonly onFrame?: (done: number) => void;
  /** Called with the graph after every pass. */
  readonly onStep?: (step: IrStep) => void;
}

/** What quantizing has learned of a network, enough to quantize it again at other widths. */
export interface PreparedNetwork {
  /** The float graph that the fixed one approximates stage by stage: folded, pruned, equalised. */
  readonly prepared: FloatGraph;
  readonly ranges: Ranges;
  /** Second moments of what the layers read; empty without adaptive rounding. */
  readonly moments: ReadonlyMap<NodeId, Moments>;
}

export interface QuantizedNetwork extends PreparedNetwork {
  readonly fixed: FixedGraph;
}

/** Frames whose channels decide the equalisation; they are held in memory until calibration. */
const EQUALIZING_FRAMES = 24;

/** The first frames with signal, and all frames again. */
async function peek(frames: Frames, wanted: number): Promise<readonly [CalibrationFrame[], Frames]> {
  if (Array.isArray(frames)) {
    const all = frames as readonly CalibrationFrame[];
    const step = Math.max(1, Math.floor(all.length / wanted));
    return [all.filter((f, i) => i % step === 0 && !isConstant(f.pixels)).slice(0, wanted), frames];
  }
  const rest = (async function* () {
    yield* frames;
  })();
  const first: CalibrationFrame[] = [];
  while (first.length < wanted) {
    const { value, done } = await rest.next();
    if (done === true) break;
    first.push(value);
  }
  const all = (async function* () {
    yield* first;
    yield* rest;
  })();
  return [first.filter((f) => !isConstant(f.pixels)), all];
}

/** Passes and calibration of `graph` on `frames` (in order; any number, one at a time). */
export async function prepareNetwork(
  graph: FloatGraph,
  frames: Frames,
  options: QuantizeNetworkOptions,
): Promise<PreparedNetwork> {
  const { quantization, onStep, createEvaluator } = options;
  const [first, all] = await peek(frames, quantization.equalize ? EQUALIZING_FRAMES : 0);
  const prepared = await prepareGraph(
    graph,
    { quantization, measure: async (g) => channelStats(g, first, await createEvaluator?.(g)) },
    (pass, g) => onStep?.({ kind: 'float', pass, graph: g }),
  );
  return calibrateNetwork(prepared, all, options);
}

/** Ranges (and moments, where adaptive rounding needs them) of a graph that the passes have been over already. */
export async function calibrateNetwork(
  prepared: FloatGraph,
  frames: Frames,
  options: QuantizeNetworkOptions,
): Promise<PreparedNetwork> {
  const evaluate = await options.createEvaluator?.(prepared);
  const observer = options.quantization.adaptiveRounding ? createMomentObserver(prepared) : null;
  const ranges = await calibrate(prepared, frames, {
    ...(evaluate === undefined ? {} : { evaluate }),
    ...(observer === null ? {} : { onTensor: observer.look }),
    ...(options.onFrame === undefined ? {} : { onFrame: options.onFrame }),
  });
  return { prepared, ranges, moments: observer?.result() ?? new Map<NodeId, Moments>() };
}

/** The fixed graph of a prepared network. Cheap, and needs no frames. */
export function quantizePrepared(
  { prepared, ranges, moments }: PreparedNetwork,
  quantization: Quantization,
  calibration: Calibration,
  onDeparture?: (departure: Departure) => void,
): FixedGraph {
  if (quantization.adaptiveRounding && moments.size === 0)
    throw new UserError('adaptive rounding needs calibration frames, saved ranges do not do', {
      field: 'quantization.adaptiveRounding',
      remedy: 'calibrate again (--calibrate), or switch adaptive rounding off',
    });
  const choose = informedWeights({ ranges, moments }, quantization);
  return quantizeGraph(prepared, ranges, { quantization, observer: calibration }, choose, onDeparture);
}

/** Quantizes `graph` on `frames`. */
export async function quantizeNetwork(
  graph: FloatGraph,
  frames: Frames,
  options: QuantizeNetworkOptions,
): Promise<QuantizedNetwork> {
  const network = await prepareNetwork(graph, frames, options);
  const fixed = quantizePrepared(network, options.quantization, options.calibration);
  options.onStep?.({ kind: 'fixed', pass: 'quantize', graph: fixed });
  return { ...network, fixed };
}
