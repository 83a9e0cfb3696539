/**
 * The sanity test of Adebayo et al. (NeurIPS 2018): how alike are the maps of a network and those of the same network
 * with its layers randomised, one more at every step from the output down?
 */
import { meanOfKnown } from '../statistics/quantile.js';
import type { NodeId } from '../ir/common.js';
import type { FloatGraph } from '../ir/graph.js';
import { createExplainer, type EvidenceMap } from './grad-cam.js';
import { correlation } from './measures.js';
import { MAP_METHODS, type MapMethod } from './method-names.js';
import { hitMap } from './methods.js';
import { cascade, randomiseWeights } from './randomise.js';
import { recordOf } from '../core/records.js';

/** Mean rank correlation with the maps of the network whose layers from the output to `downTo` are randomised. */
export interface Likeness {
  readonly downTo: NodeId;
  readonly correlation: number;
}

export type LikenessOfMethods = Readonly<Record<MapMethod, readonly Likeness[]>>;

/** Steps of the cascade: large networks have a hundred layers. */
const STEPS = 12;

/** The maps of every method for every frame, `[method][frame]`. */
function mapsOf(graph: FloatGraph, frames: readonly Uint16Array[], seed: number): readonly EvidenceMap[][] {
  const explainer = createExplainer(graph);
  try {
    // Frame by frame: the methods share its gradient.
    const ofFrames = frames.map((pixels, index) =>
      MAP_METHODS.map((method) => hitMap(method, explainer, pixels, seed + index)),
    );
    return MAP_METHODS.map((_, m) => ofFrames.map((maps) => maps[m]!));
  } finally {
    explainer.dispose();
  }
}

/** Likeness of the maps of `graph` to those of every step of its cascade. A TensorFlow.js back end must be open. */
export function likeRandomised(
  graph: FloatGraph,
  frames: readonly Uint16Array[],
  seed: number,
  onStep: (done: number, total: number) => void = () => undefined,
): LikenessOfMethods {
  const learnt = mapsOf(graph, frames, seed);
  const steps = cascade(graph, STEPS);
  const found = steps.map(({ downTo, layers }, step) => {
    const maps = mapsOf(randomiseWeights(graph, layers, seed), frames, seed);
    onStep(step + 1, steps.length);
    return maps.map((of, m) => ({
      downTo,
      correlation: meanOfKnown(of.map((map, k) => correlation(learnt[m]![k]!, map))),
    }));
  });
  return recordOf(MAP_METHODS, (_, m) => found.map((step) => step[m]!));
}
