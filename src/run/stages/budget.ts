/** Mixed precision for a run: widths searched on its validation frames, priced by the model of its board or by Yosys. */
import { designHls } from '../../backends/dataflow/design.js';
import type { Resources } from '../../backends/hls/resources.js';
import { summarize } from '../../backends/hls/summary.js';
import { stagePrices } from '../../backends/rtl/synthesis/prices.js';
import { findYosys } from '../../backends/rtl/synthesis/yosys.js';
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
import type { PriceName } from '../price-names.js';
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

/** A search that is asked for. */
export interface Budget {
  /** Points of the hits that may be lost. */
  readonly points: number;
  /** What a network takes of its board: shares of LUT, FF, DSP and BRAM36 added, in percent. */
  readonly cost: (fixed: FixedGraph) => number | Promise<number>;
}

const percent = ({ lut, ff, dsp, bram36 }: Resources): number => 100 * (lut + ff + dsp + bram36);

function modelShare(fixed: FixedGraph, target: FpgaTarget): number {
  return percent(summarize(designHls(fixed, { target })).estimate.utilisation);
}

async function yosysShare(target: FpgaTarget): Promise<Budget['cost']> {
  const cellsOf = stagePrices(target, await findYosys('--price yosys'));
  const { resources: all } = target;
  return async (fixed) => {
    const { lut, ff, dsp, bram36 } = await cellsOf(fixed);
    return percent({
      lut: lut / all.lut,
      ff: ff / all.ff,
      dsp: dsp / all.dsp,
      bram36: bram36 / all.bram36,
    });
  };
}

/** The search that `points` asks for, on `target`; null: none is. Throws `UserError` where its price cannot be had. */
export async function budgetOf(
  points: number | null,
  price: PriceName | undefined,
  target: FpgaTarget,
): Promise<Budget | null> {
  if (points === null) {
    if (price === undefined) return null;
    throw new UserError('a price of widths is asked for, and no search for widths', {
      field: `--price ${price}`,
      remedy: 'add --budget and the points of the hits that may be lost, or leave the option out',
    });
  }
  const cost =
    price === 'yosys' ? await yosysShare(target) : (fixed: FixedGraph) => modelShare(fixed, target);
  return { points, cost };
}

export interface BudgetRequest {
  readonly recipe: Recipe;
  readonly frames: RunFrames;
  readonly float: FloatGraph;
  readonly network: PreparedNetwork;
  readonly budget: Budget;
}

/** Searches widths within the budget; the networks are measured on validation frames, never on test frames. */
export async function searchStage(request: BudgetRequest, progress: Progress): Promise<MixedPrecision> {
  const { recipe, frames, float, network, budget } = request;
  const scored = await scoredFrames(float, frames);
  return searchMixedPrecision({
    prepared: network.prepared,
    quantization: recipe.quantization,
    widths: WIDTHS,
    quantize: (q: Quantization) => quantizePrepared(network, q, recipe.calibration),
    assess: (fixed) => assess(fixed, scored, recipe.training.keepFraction),
    cost: budget.cost,
    mostHitsLost: budget.points / 100,
    onMeasured: (done) => {
      progress.update(done, 0, { of: 'choices of widths' });
    },
  });
}
