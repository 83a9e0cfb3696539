/**
 * The integer bits of a fixed graph as part of the quantization that was asked for. Training in fixed point chooses them
 * before the weights move; ranges of the trained network would choose others.
 */
import type { FixedGraph, FloatGraph } from '../ir/graph.js';
import { findNode } from '../ir/graph.js';
import { isPreprocess } from '../ir/ops/index.js';
import { LOGIT_HEADROOM, preservesFormat } from './assign-formats.js';
import type { Quantization } from './recipe.js';
import { fuseStages } from './stages.js';

/**
 * `quantization` with `activationInteger` of every stage as `fixed` has it: together with any ranges of `prepared` it
 * gives the formats of `fixed`.
 */
export function pinFormats(
  prepared: FloatGraph,
  fixed: FixedGraph,
  quantization: Quantization,
): Quantization {
  const stages = fuseStages(prepared).filter(
    (stage) => !isPreprocess(stage.node) && (stage.node.kind === 'concat' || !preservesFormat(stage)),
  );
  const pinned = stages.map(({ id, tensor }) => {
    const { integer } = findNode(fixed, id).format;
    const activationInteger = integer - (tensor === prepared.output ? LOGIT_HEADROOM : 0);
    return [id, { ...quantization.layers[id], activationInteger }] as const;
  });
  return { ...quantization, layers: { ...quantization.layers, ...Object.fromEntries(pinned) } };
}
