/** Mixed precision for a run: widths searched on its validation frames, with the cost model of its board. */
import { designHls } from '../../backends/dataflow/design.js';
import { summarize } from '../../backends/hls/summary.js';
import { UserError } from '../../core/errors.js';
import { lsb } from '../../fixed/format.js';
import { findNode, veto, type FixedGraph, type FloatGraph } from '../../ir/graph.js';
import {
  searchMixedPrecision,
  type Assessment,
  type MixedPrecision,
  type NetworkPoint,
} from '../../passes/mixed-precision.js';
import { quantizePrepared, type PreparedNetwork } from '../../passes/quantize-network.js';
import type { Quantization } from '../../passes/recipe.js';
import { createOrtFloat } from '../../simulate/ort-float.js';
import { createOrtWitness } from '../../simulate/ort.js';
import type { FpgaTarget } from '../../targets/target.js';
import { expectedHitLoss, hitLoss } from '../../train/hit-loss.js';
import { vetoCurve } from '../../statistics/veto-curve.js';
import { table } from '../../core/table.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { evenly, framePixels, type RunFrames } from './frames.js';

/** Widths that the search tries below those of the recipe. */
const WIDTHS = [7, 6, 5, 4, 3, 2];
/** Validation frames that are held in memory and scored by every network. */
const MOST_FRAMES = 256;

interface Scored {
  readonly pixels: readonly Uint16Array[];
  readonly hits: readonly boolean[];
  readonly float: readonly number[];
}

async function scoredFrames(float: FloatGraph, frames: RunFrames): Promise<Scored> {
  const indices = evenly(frames.partition.validation, MOST_FRAMES);
  const hits = indices.map((i) => frames.hitClasses[frames.labelOf(i)]!);
  if (!hits.includes(true) || !hits.includes(false))
    throw new UserError('the validation frames have no hits, or no misses', {
      field: '--budget',
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

async function assess(fixed: FixedGraph, frames: Scored, keepFraction: number): Promise<Assessment> {
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
    return { hitsLost: Math.max(seen, expectedHitLoss(float, hits, Math.sqrt(noise), keepFraction)), noise };
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
      progress.update(done, 0, `${done} networks of other widths measured`);
    },
  });
}

const points = (share: number): string => (100 * share).toFixed(2);

function widthsOf({ quantization }: NetworkPoint): string {
  return Object.entries(quantization.layers)
    .map(([name, l]) => `${name} ${l.weightBits ?? '·'}/${l.activationBits ?? '·'}`)
    .join(', ');
}

/** The sensitivities, the front with the network that was picked, in words. */
export function mixedPrecisionText({ sensitivities, front, chosen, measured }: MixedPrecision): string {
  const part = { weightBits: 'weights', activationBits: 'output' } as const;
  const sensitivity = table(
    ['layer', 'of', 'bits', '% of board saved', 'noise added', 'points of hits lost per bit'],
    sensitivities.map((s) => [
      s.knob.layer,
      part[s.knob.part],
      `${s.knob.bits} → ${s.bits}`,
      s.costSaved.toFixed(3),
      s.noiseAdded.toPrecision(2),
      points(s.hitsLostPerBit),
    ]),
  );
  const frontTable = table(
    ['', '% of board', 'points of hits lost', 'score noise', 'weight/output bits where not as the recipe'],
    front.map((p) => [
      p === chosen ? '→' : '',
      p.cost.toFixed(3),
      points(p.hitsLost),
      p.noise.toPrecision(2),
      widthsOf(p),
    ]),
  );
  return `${sensitivity}\n\nCost and hits lost, ${measured} networks measured (% of board: LUT + FF + DSP + BRAM36):\n${frontTable}`;
}
