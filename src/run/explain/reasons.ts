/** Reasons in photons: what the frame's own noise does to the decision, and the fewest photons that would turn it. */
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { createRandom } from '../../core/random.js';
import { fewestPhotons, type FewestPhotons } from '../../explain/fewest-photons.js';
import { estimatedMeans, redraw, type NoisyFrame } from '../../explain/noise.js';
import type { Scorer } from '../../explain/occlusion.js';
import { seenPart } from '../../explain/seen-part.js';
import { quantile } from '../../statistics/quantile.js';
import { proportion, type Proportion } from '../../statistics/proportion.js';
import type { Run } from '../folder.js';
import type { Physics } from './physics.js';

export interface PhotonReasons {
  /** Share of redraws of the frame's own Poisson noise that are decided otherwise. */
  readonly flips: Proportion;
  /** For a vetoed frame; null for a kept one, or where all is masked. */
  readonly photons: FewestPhotons | null;
  /** Where the width of a spot comes from. */
  readonly widthFrom: 'the spots of this frame' | 'a usual spot';
}

export const REDRAWS = 200;
/** About 1.9 pixels full width at half maximum. */
const USUAL_SIGMA = 0.8;
const FEWEST_SPOTS = 3;

/** Width of a Gaussian spot from the share of its intensity that is in its largest pixel. */
function spotSigma({ finders }: Physics): {
  readonly sigma: number;
  readonly from: PhotonReasons['widthFrom'];
} {
  const spots = finders.find(({ finder }) => finder === 'peakfinder8')?.spots ?? [];
  const sigmas = spots
    .filter(({ maximum, intensity }) => maximum > 0 && intensity > maximum)
    .map(({ maximum, intensity }) => Math.sqrt(intensity / maximum / (2 * Math.PI)));
  if (sigmas.length < FEWEST_SPOTS) return { sigma: USUAL_SIGMA, from: 'a usual spot' };
  return { sigma: Math.min(3, Math.max(0.5, quantile(sigmas, 0.5))), from: 'the spots of this frame' };
}

/** How many of `count` redraws of `frame` are decided otherwise than `keep`. */
export async function flipChance(
  scorer: Scorer,
  frame: NoisyFrame,
  decision: { readonly keep: boolean; readonly threshold: number },
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<Proportion> {
  const random = createRandom(seed).fork('redraws');
  const means = estimatedMeans(frame);
  let flips = 0;
  for (let done = 0; done < count; done += 16) {
    const frames = Array.from({ length: Math.min(16, count - done) }, () => redraw(means, random));
    flips += (await scorer(frames)).filter((score) => score >= decision.threshold !== decision.keep).length;
  }
  return proportion(flips, count);
}

export async function photonReasons(
  { fixed }: Run,
  frame: NoisyFrame,
  physics: Physics,
  keep: boolean,
  seed: number,
): Promise<PhotonReasons> {
  const witness = await createOrtWitness(fixed);
  const { threshold } = fixed;
  const scorer: Scorer = async (frames) => (await witness.run(frames)).map((r) => r.score);
  const { sigma, from } = spotSigma(physics);
  try {
    return {
      flips: await flipChance(scorer, frame, { keep, threshold }, { count: REDRAWS, seed }),
      photons: keep
        ? null
        : await fewestPhotons(scorer, frame, seenPart(fixed), (score) => score >= threshold, sigma),
      widthFrom: from,
    };
  } finally {
    await witness.close();
  }
}
