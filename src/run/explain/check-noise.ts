/**
 * Is the chance that photon noise turns a decision told rightly? Two frames are drawn from the same means: what one of them predicts is
 * held against what the other is. Simulated frames are drawn twice from the means that the simulator knows; the photons of frames of
 * any origin are dealt into two, whatever their means are.
 */
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { createRandom } from '../../core/random.js';
import type { FrameSource } from '../../data/frames.js';
import { renderFrame } from '../../data/simulate/render.js';
import type { FramePlan } from '../../data/simulate/plan.js';
import { simulateFrames } from '../../data/simulate/simulate-frames.js';
import { dealt, type NoisyFrame } from '../../explain/noise.js';
import type { Scorer } from '../../explain/occlusion.js';
import { inputNode, type FixedGraph } from '../../ir/graph.js';
import { proportion, type Proportion } from '../../statistics/proportion.js';
import type { Progress } from '../events.js';
import { evenly } from '../stages/frames.js';
import { flipChance } from './reasons.js';

/** Frames whose predicted chance lies in one range. */
export interface NoiseBin {
  readonly from: number;
  readonly to: number;
  /** Mean of what was predicted; NaN without frames. */
  readonly predicted: number;
  readonly observed: Proportion;
}

export interface NoiseCheck {
  readonly frames: number;
  /** Flips that all predictions sum to, and those that came. */
  readonly predicted: number;
  readonly observed: number;
  readonly bins: readonly NoiseBin[];
}

const EDGES = [0, 0.02, 0.1, 0.3, 0.5, 1] as const;
const REDRAWS = 48;
/** Of the simulated frames. */
const SEED = 500;
/** One simulated detector in three counts photons. */
const MOST_TRIED = 8;

interface Told {
  readonly predicted: number;
  readonly flipped: boolean;
}

export function noiseBins(told: readonly Told[]): readonly NoiseBin[] {
  return EDGES.slice(1).map((to, k) => {
    const from = EDGES[k]!;
    const inside = told.filter(({ predicted: p }) => (k === 0 ? p >= from : p > from) && p <= to);
    const sum = inside.reduce((all, { predicted }) => all + predicted, 0);
    return {
      from,
      to,
      predicted: sum / inside.length,
      observed: proportion(inside.filter(({ flipped }) => flipped).length, inside.length),
    };
  });
}

/** Two draws of one frame. */
export interface Twice extends Pick<NoisyFrame, 'size' | 'mask'> {
  readonly index: number;
  readonly draws: readonly [Uint16Array, Uint16Array];
}

async function* dealtFrames(source: FrameSource, indices: readonly number[]): AsyncGenerator<Twice> {
  for (const index of indices) {
    const { pixels, height, width, mask } = await source.read(index);
    const draws = dealt(pixels, createRandom(index).fork('dealt'));
    yield { index, draws, size: [height, width], mask };
  }
}

/** Whether a detector gives the photons themselves: what the prediction takes counts for. */
const countsPhotons = ({ detector }: FramePlan): boolean =>
  detector.gain === 1 &&
  detector.offset === 0 &&
  detector.pedestal === null &&
  detector.readNoise === 0 &&
  detector.spread === 0;

/** Simulated frames of detectors that count, each with the noise of two seeds. */
export function* renoisedFrames([height, width]: Twice['size'], wanted: number): Generator<Twice> {
  const source = simulateFrames({
    seed: SEED,
    count: MOST_TRIED * wanted,
    height,
    width,
    variety: 'standard',
  });
  const buffers = { values: new Float32Array(height * width), scratch: new Float32Array(height * width) };
  let found = 0;
  for (let index = 0; index < source.count && found < wanted; index++) {
    const plan = source.plan(index);
    if (!countsPhotons(plan)) continue;
    found += 1;
    const second = createRandom(SEED).fork(`noise ${index}`).uint32();
    const draws = [renderFrame(plan, buffers), renderFrame({ ...plan, noiseSeed: second }, buffers)] as const;
    yield { index, draws, size: [height, width], mask: plan.detector.live };
  }
}

async function check(
  fixed: FixedGraph,
  frames: Iterable<Twice> | AsyncIterable<Twice>,
  total: number,
  progress: Progress,
): Promise<NoiseCheck> {
  const witness = await createOrtWitness(fixed);
  const scorer: Scorer = async (asked) => (await witness.run(asked)).map((r) => r.score);
  const { threshold } = fixed;
  const told: Told[] = [];
  try {
    for await (const { index, draws, size, mask } of frames) {
      const [keep, other] = (await scorer(draws)).map((score) => score >= threshold);
      const decision = { keep: keep!, threshold };
      const noisy = { pixels: draws[0], size, mask };
      const { value } = await flipChance(scorer, noisy, decision, { count: REDRAWS, seed: index });
      told.push({ predicted: value, flipped: keep !== other });
      progress.update(told.length, total, { of: 'frames' });
    }
  } finally {
    await witness.close();
  }
  return {
    frames: told.length,
    predicted: told.reduce((sum, { predicted }) => sum + predicted, 0),
    observed: told.filter(({ flipped }) => flipped).length,
    bins: noiseBins(told),
  };
}

/** On at most `wanted` frames of `source`, their photons dealt in two. */
export function checkNoiseOn(
  fixed: FixedGraph,
  source: FrameSource,
  wanted: number,
  progress: Progress,
): Promise<NoiseCheck> {
  const chosen = evenly(
    Array.from({ length: source.count }, (_, i) => i),
    wanted,
  );
  return check(fixed, dealtFrames(source, chosen), chosen.length, progress);
}

/** On `wanted` simulated frames of the network's size, drawn twice. Throws `UserError` where the size is too small for a crystal. */
export const checkNoiseOnSimulated = (
  fixed: FixedGraph,
  wanted: number,
  progress: Progress,
): Promise<NoiseCheck> => check(fixed, renoisedFrames(inputNode(fixed).size, wanted), wanted, progress);
