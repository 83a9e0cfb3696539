/** The quantize stage of a run: passes, calibration, fixed graph, in one call. */
import { calibrate, type CalibrationFrame } from '../calibrate/observe.js';
import type { Ranges } from '../calibrate/ranges.js';
import type { Calibration } from '../calibrate/recipe.js';
import type { FloatEvaluator } from '../ir/float-reference.js';
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { UserError } from '../core/errors.js';
import type { NodeId } from '../ir/common.js';
import { informedWeights } from './choose-weights.js';
import { createMomentObserver, type Moments } from './input-moments.js';
import { prepareGraph } from './pipeline.js';
import { quantizeGraph } from './quantize.js';
import type { Quantization } from './recipe.js';

/** A graph between two passes, for `--dump-ir`. */
export type IrStep =
  | { readonly kind: 'float'; readonly pass: string; readonly graph: FloatGraph }
  | { readonly kind: 'fixed'; readonly pass: string; readonly graph: FixedGraph };

export interface QuantizeNetworkOptions {
  readonly quantization: Quantization;
  readonly calibration: Calibration;
  /** Ranges of an earlier calibration of the same prepared graph: no frame is then looked at for ranges. */
  readonly ranges?: Ranges;
  /** Computes float tensors of the prepared graph by other means (ONNX Runtime), for large networks. */
  readonly createEvaluator?: (prepared: FloatGraph) => Promise<FloatEvaluator>;
  /** Called after every calibration frame with the number of frames so far. */
  readonly onFrame?: (done: number) => void;
  /** Called with the graph after every pass. */
  readonly onStep?: (step: IrStep) => void;
}

export interface QuantizedNetwork {
  /** The float graph that `fixed` approximates stage by stage: folded, pruned, equalised. */
  readonly prepared: FloatGraph;
  readonly ranges: Ranges;
  /** Second moments of what the layers read; empty without adaptive rounding. */
  readonly moments: ReadonlyMap<NodeId, Moments>;
  readonly fixed: FixedGraph;
}

/** Quantizes `graph` on `frames` (in order; any number, one at a time). */
export async function quantizeNetwork(
  graph: FloatGraph,
  frames: Iterable<CalibrationFrame> | AsyncIterable<CalibrationFrame>,
  options: QuantizeNetworkOptions,
): Promise<QuantizedNetwork> {
  const { quantization, calibration, onStep } = options;
  const prepared = prepareGraph(graph, quantization, (pass, g) =>
    onStep?.({ kind: 'float', pass, graph: g }),
  );
  const evaluate = await options.createEvaluator?.(prepared);
  const observer = quantization.adaptiveRounding ? createMomentObserver(prepared) : null;
  if (observer !== null && options.ranges !== undefined)
    throw new UserError('adaptive rounding needs calibration frames, saved ranges do not do', {
      field: 'quantization.adaptiveRounding',
      remedy: 'calibrate again, or switch adaptive rounding off',
    });
  const ranges =
    options.ranges ??
    (await calibrate(prepared, frames, {
      ...(evaluate === undefined ? {} : { evaluate }),
      ...(observer === null ? {} : { onTensor: observer.look }),
      ...(options.onFrame === undefined ? {} : { onFrame: options.onFrame }),
    }));
  const moments = observer?.result() ?? new Map<NodeId, Moments>();
  const choose = informedWeights({ ranges, moments }, quantization);
  const fixed = quantizeGraph(prepared, ranges, { quantization, observer: calibration }, choose);
  onStep?.({ kind: 'fixed', pass: 'quantize', graph: fixed });
  return { prepared, ranges, moments, fixed };
}
