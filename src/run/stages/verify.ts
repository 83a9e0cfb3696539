/** Stage 5: the interpreter against the witnesses of the back ends, every integer. */
import type { FixedGraph } from '../../ir/graph.js';
import { productsPerFrame } from '../../verify/drills/budget.js';
import type { NamedFrame } from '../../verify/frames.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { evenly } from './frames.js';
import { syntheticFrames, usualDrills, verifyFolder, type VerificationRecord } from '../verification.js';
import { preparationOf, USUAL_WITNESSES, withVendor } from '../witnesses.js';

/** Made frames that a run is verified on, in every tensor; `vetoc verify` asks more. */
const SYNTHETIC = { aimed: 16, random: 12, tries: 0, seed: 1 } as const;

/** Multiplications that a run spends on made frames, some 15 seconds of the interpreter: a large network gets fewer. */
const SYNTHETIC_WORK = 2e9;

function madeFrames(fixed: FixedGraph): readonly NamedFrame[] {
  const affordable = Math.max(3, Math.floor(SYNTHETIC_WORK / productsPerFrame(fixed)));
  const share = (count: number): number => Math.ceil(count * Math.min(1, affordable / 60));
  const frames = syntheticFrames(fixed, {
    ...SYNTHETIC,
    aimed: share(SYNTHETIC.aimed),
    random: share(SYNTHETIC.random),
  });
  return evenly([...frames.keys()], affordable).map((i) => frames[i]!);
}

/** What the recipe asks for, and the folder of the vendor's headers where there is one. */
export type VerifyRequest = Recipe['verify'] & { readonly apTypes: string | undefined };

/**
 * Verifies what the back ends wrote into the run folder `dir` on made frames and on `frames`, of which the
 * first `tensorFrames` are compared in every tensor. A witness that the recipe leaves out is named in the record.
 */
export async function verifyStage(
  fixed: FixedGraph,
  dir: string,
  frames: readonly NamedFrame[],
  { tensorFrames, witnesses, ...asked }: VerifyRequest,
  progress: Progress,
): Promise<VerificationRecord> {
  const synthetic = madeFrames(fixed);
  const all = [...synthetic, ...frames];
  const inTensors = synthetic.length + tensorFrames;
  const preparation = preparationOf(witnesses);
  if (preparation !== null) progress.update(0, all.length, { of: 'witnesses', prepare: preparation });
  const { apTypes } = asked;
  const verification = await verifyFolder(dir, fixed, all, {
    witnesses: withVendor(witnesses, apTypes),
    ...(apTypes === undefined ? {} : { apTypes }),
    tensorFrames: inTensors,
    coverageFrames: inTensors,
    drills: usualDrills(fixed),
    notes: USUAL_WITNESSES.filter((w) => !witnesses.includes(w)).map(
      (w) => `${w} was left out by the recipe`,
    ),
    onProgress: (done) => {
      progress.update(done, all.length, { of: 'frames' });
    },
  });
  progress.finish({ kind: 'verified', frames: all.length, record: verification });
  return verification;
}
