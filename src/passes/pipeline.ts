/**
 * The passes from a trained float graph to one that can be quantized, as a flat list. Each is pure, takes a valid
 * graph and gives a valid one, and the verifier runs after each.
 */
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { verifyFloatGraph } from '../ir/verify.js';
import { isStated, placeQuantizers, withoutQuantizers } from './as-stated.js';
import { checkSupported } from './check-supported.js';
import { checkWeights } from './check-weights.js';
import { equalizeLayers, type ChannelStats } from './equalize-layers.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { lowerActivations } from './lower-activations.js';
import { pruneDeadChannels } from './prune-dead-channels.js';
import type { Quantization } from './recipe.js';

/** Measures the channels of a graph's tensors on calibration frames. */
export type ChannelMeasure = (graph: FloatGraph) => Promise<ReadonlyMap<NodeId, ChannelStats>>;

export interface PassContext {
  readonly quantization: Quantization;
  /** Absent where there are no calibration frames: passes that need it leave the graph as it is. */
  readonly measure?: ChannelMeasure;
}

export interface Pass {
  readonly name: string;
  readonly run: (graph: FloatGraph, context: PassContext) => FloatGraph | Promise<FloatGraph>;
}

export const PASSES: readonly Pass[] = [
  { name: 'checkWeights', run: checkWeights },
  { name: 'checkSupported', run: checkSupported },
  { name: 'foldBatchNorm', run: foldBatchNorm },
  {
    name: 'placeQuantizers',
    run: (graph, { quantization }) =>
      isStated(graph, quantization) ? placeQuantizers(graph) : withoutQuantizers(graph),
  },
  { name: 'lowerActivations', run: lowerActivations },
  // What a file states of its tensors holds for these very tensors: none is scaled or pruned.
  {
    name: 'pruneDeadChannels',
    run: (graph, { quantization }) => (isStated(graph, quantization) ? graph : pruneDeadChannels(graph)),
  },
  {
    name: 'equalizeLayers',
    run: async (graph, { quantization, measure }) =>
      quantization.equalize && measure !== undefined && !isStated(graph, quantization)
        ? equalizeLayers(graph, { ...quantization, seen: await measure(graph) })
        : graph,
  },
];

/** Sees the graph after every pass: what `--dump-ir` writes. */
export type PassObserver = (name: string, graph: FloatGraph) => void;

/** Runs all passes on `graph`. Deterministic; the result computes what `graph` does, up to float rounding. */
export async function prepareGraph(
  graph: FloatGraph,
  context: PassContext,
  observe: PassObserver = () => undefined,
): Promise<FloatGraph> {
  let result = verifyFloatGraph(graph);
  observe('input', result);
  for (const pass of PASSES) {
    result = verifyFloatGraph(await pass.run(result, context));
    observe(pass.name, result);
  }
  return result;
}
