/**
 * The passes from a trained float graph to one that can be quantized, as a flat list. Each is pure, takes a valid
 * graph and gives a valid one, and the verifier runs after each.
 */
import type { FloatGraph } from '../ir/graph.js';
import { verifyFloatGraph } from '../ir/verify.js';
import { checkWeights } from './check-weights.js';
import { equalizeLayers } from './equalize-layers.js';
import { foldBatchNorm } from './fold-batch-norm.js';
import { lowerActivations } from './lower-activations.js';
import { pruneDeadChannels } from './prune-dead-channels.js';
import type { Quantization } from './recipe.js';

export interface Pass {
  readonly name: string;
  readonly run: (graph: FloatGraph, quantization: Quantization) => FloatGraph;
}

export const PASSES: readonly Pass[] = [
  { name: 'checkWeights', run: checkWeights },
  { name: 'foldBatchNorm', run: foldBatchNorm },
  { name: 'lowerActivations', run: lowerActivations },
  { name: 'pruneDeadChannels', run: pruneDeadChannels },
  { name: 'equalizeLayers', run: (graph, { equalize }) => (equalize ? equalizeLayers(graph) : graph) },
];

/** Sees the graph after every pass: what `--dump-ir` writes. */
export type PassObserver = (name: string, graph: FloatGraph) => void;

/** Runs all passes on `graph`. Deterministic; the result computes what `graph` does, up to float rounding. */
export function prepareGraph(
  graph: FloatGraph,
  quantization: Quantization,
  observe: PassObserver = () => undefined,
): FloatGraph {
  let result = verifyFloatGraph(graph);
  observe('input', result);
  for (const pass of PASSES) {
    result = verifyFloatGraph(pass.run(result, quantization));
    observe(pass.name, result);
  }
  return result;
}
