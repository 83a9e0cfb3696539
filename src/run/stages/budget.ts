/** Mixed precision for a run: widths searched on its validation frames, with the cost model of its board. */
import { designHls } from '../../backends/dataflow/design.js';
import { summarize } from '../../backends/hls/summary.js';
import { UserError } from '../../core/errors.js';
import { lsb } from '../../fixed/format.js';
import { findNode, veto, type FixedGraph, type FloatGraph } from '../../ir/graph.js';
import { searchMixedPrecision, type Assessment, type MixedPrecision } from '../../passes/mixed-precision.js';
import { quantizePrepared, type PreparedNetwork } from '../../passes/quantize-network.js';
import type { Quantization } from '../../passes/recipe.js';
import { createOrtFloat } from '../../backends/onnx/ort/float.js';
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import type { FpgaTarget } from '../../targets/target.js';
import { expectedHitLoss, hitLoss } from '../../train/hit-loss.js';
import { vetoCurve } from '../../statistics/veto-curve.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { evenly, framePixels, type RunFrames } from './frames.js';

/** Widths that the search tries below those of the recipe. */
const WIDTHS = [7, 6, 5, 4, 3, 2];
/** Validation frames that are held in memory and scored by every network. */
const MOST_FRAMES = 256;

export interface Scored {
  readonly pixels: readonly Uint16Array[];
  readonly hits: readonly boolean[];
  readonly float: readonly number[];
}

/** Validation frames with what the float network says of them, for a search that `field` asked for. Throws `UserError`. */
export async function scoredFrames(
  float: FloatGraph,
  frames: RunFrames,
  field = '--budget',
): Promise<Scored> {
  const indices = evenly(frames.partition.validation, MOST_FRAMES);
  const hits = indices.map((i) => frames.hitClasses[frames.labelOf(i)]!);
  if (!hits.includes(true) || !hits.includes(false))
    throw new UserError('the validation frames have no hits, or no misses', {
      field,
      remedy: 'give more labelled frames: losses of hits are measured on them',
    });
  const pixels: Uint16Array[] = [];
  for await (const frame of framePixels(frames.source, indices)) pixels.push(frame.pixels);
  const ort = await createOrtFloat(float);
  try {
    const results = await ort.run(pixels);
    return { pixels, hits, float: results.map((r) => r.score) };
  } finally {
    await ort.close();
  }
}

/** What `fixed` loses of the hits beside the float network, and the noise of its scores. */
export async function assess(fixed: FixedGraph, frames: Scored, keepFraction: number): Promise<Assessment> {
  const witness = await createOrtWitness(fixed, { optimization: 'all', threads: 1 });
  try {
    const unit = lsb(findNode(fixed, fixed.output).format);
    const results = await witness.run(frames.pixels);
    const scores = results.map((r) => veto(r.logits, fixed.hitClasses) * unit);
    const { float, hits } = frames;
    const errors = scores.map((s, i) => s - float[i]!);
    // A shift of all scores alike is the threshold's to take.
    const shift = errors.reduce((a, b) => a + b, 0) / errors.length;
    const noise = errors.reduce((sum, e) => sum + (e - shift) ** 2, 0) / errors.length;
    const seen = hitLoss(vetoCurve(float, hits), vetoCurve(scores, hits), keepFraction);
    const expected = expectedHitLoss(float, hits, Math.sqrt(noise), keepFraction);
    return { hitsLost: Math.max(seen, expected), counted: seen, noise };
  } finally {
    await witness.close();
  }
}

/** What a design takes of its board: shares of LUT, FF, DSP and BRAM36 added, in percent. */
function boardShare(fixed: FixedGraph, target: FpgaTarget): number {
  const { lut, ff, dsp, bram36 } = summarize(designHls(fixed, { target })).estimate.utilisation;
  return 100 * (lut + ff + dsp + bram36);
}

export interface BudgetRequest {
  readonly recipe: Recipe;
  readonly frames: RunFrames;
  readonly float: FloatGraph;
  readonly network: PreparedNetwork;
  readonly target: FpgaTarget;
  /** Points of the hits that may be lost. */
  readonly budget: number;
}

/** Searches widths within the budget; the networks are measured on validation frames, never on test frames. */
export async function searchStage(request: BudgetRequest, progress: Progress): Promise<MixedPrecision> {
  const { recipe, frames, float, network, target, budget } = request;
  const scored = await scoredFrames(float, frames);
  return searchMixedPrecision({
    prepared: network.prepared,
    quantization: recipe.quantization,
    widths: WIDTHS,
    quantize: (q: Quantization) => quantizePrepared(network, q, recipe.calibration),
    assess: (fixed) => assess(fixed, scored, recipe.training.keepFraction),
    cost: (fixed) => boardShare(fixed, target),
    mostHitsLost: budget / 100,
    onMeasured: (done) => {
      progress.update(done, 0, { of: 'choices of widths' });
    },
  });
}
