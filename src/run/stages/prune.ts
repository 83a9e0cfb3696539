/** Pruning for a run: the largest share of weights at 0 that costs no more hits than stated, on its validation frames. */
import { UserError } from '../../core/errors.js';
import { quantizePrepared, type PreparedNetwork } from '../../passes/quantize-network.js';
import { countWeights, pruneWeights } from '../../passes/prune-weights.js';
import type { FloatGraph } from '../../ir/graph.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { assess, scoredFrames } from './budget.js';
import type { RunFrames } from './frames.js';

/** Shares of the weights that are tried, the fewest first. */
const SHARES = Array.from({ length: 19 }, (_, i) => 0.05 * (i + 1));
/** Shares in a row that lose too many hits before the search ends: a lucky one may lie behind an unlucky one. */
const PATIENCE = 2;

export interface PruneRequest {
  readonly recipe: Recipe;
  readonly frames: RunFrames;
  readonly float: FloatGraph;
  readonly network: PreparedNetwork;
  /** Points of the hits that may be lost beside the float network at its rejection. */
  readonly points: number;
}

interface PrunedPoint {
  readonly share: number;
  /** Weights of the fixed network that are not 0. */
  readonly nonZero: number;
  readonly hitsLost: number;
  readonly network: PreparedNetwork;
}

/** The sparsest network within the budget, and all that were measured. Throws `UserError` where none is. */
export async function pruneStage(
  { recipe, frames, float, network, points }: PruneRequest,
  progress: Progress,
): Promise<PreparedNetwork> {
  const scored = await scoredFrames(float, frames, '--prune');
  const measured: PrunedPoint[] = [];
  let tooMany = 0;
  for (const share of [0, ...SHARES]) {
    const pruned = { ...network, prepared: pruneWeights(network.prepared, share) };
    const fixed = quantizePrepared(pruned, recipe.quantization, recipe.calibration);
    const { hitsLost } = await assess(fixed, scored, recipe.training.keepFraction);
    measured.push({ share, nonZero: countWeights(fixed).nonZero, hitsLost, network: pruned });
    progress.update(measured.length, SHARES.length + 1, { of: 'prunings', share });
    tooMany = 100 * hitsLost > points ? tooMany + 1 : 0;
    if (tooMany === PATIENCE) break;
  }
  const within = measured.filter(({ hitsLost }) => 100 * hitsLost <= points);
  const chosen = within.at(-1);
  if (chosen === undefined)
    throw new UserError(
      `with all its weights ${(100 * measured[0]!.hitsLost).toFixed(2)} points of the hits are lost already`,
      { field: '--prune', remedy: 'allow more, or quantize to more bits' },
    );
  progress.finish({
    kind: 'pruned',
    weights: countWeights(network.prepared).all,
    nonZero: chosen.nonZero,
    tried: measured.map(({ share, nonZero, hitsLost }) => ({ share, nonZero, hitsLost })),
  });
  return chosen.network;
}
