/** Stage 5: the interpreter against ONNX Runtime and the compiled C++, every integer. */
import type { FixedGraph } from '../../ir/graph.js';
import { productsPerFrame } from '../../verify/drills/budget.js';
import { drillLine } from '../../verify/drills/text.js';
import { describeDifference } from '../../verify/text.js';
import type { NamedFrame } from '../../verify/frames.js';
import type { Progress } from '../events.js';
import type { Recipe } from '../recipe.js';
import { evenly } from './frames.js';
import { syntheticFrames, usualDrills, verifyFolder, type VerificationRecord } from '../verification.js';

/** Made frames that a run is verified on, in every tensor; `vetoc verify` asks more. */
const SYNTHETIC = { aimed: 16, random: 12, tries: 0, seed: 1 } as const;

const WITNESSES = ['onnxruntime', 'csim'] as const;

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
 * Verifies the ONNX file and the HLS project in the run folder `dir` on made frames and on `frames`, of which the
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
  const simulates = witnesses.includes('csim');
  if (simulates) progress.update(0, all.length, 'compiling the C++');
  const apTypes = simulates ? asked.apTypes : undefined;
  const verification = await verifyFolder(dir, fixed, all, {
    witnesses: [...witnesses, ...(apTypes === undefined ? [] : (['csim-vendor'] as const))],
    ...(apTypes === undefined ? {} : { apTypes }),
    tensorFrames: inTensors,
    coverageFrames: inTensors,
    drills: usualDrills(fixed),
    notes: WITNESSES.filter((w) => !witnesses.includes(w)).map((w) => `${w} was left out by the recipe`),
    onProgress: (done) => {
      progress.update(done, all.length, 'frames');
    },
  });
  const { witnesses: framed, drills } = verification;
  const compared = [...framed, ...(drills?.witnesses ?? [])];
  const total = compared.reduce((sum, w) => sum + w.mismatches, 0);
  const values = compared.reduce((sum, w) => sum + w.values, 0);
  progress.finish(
    `${verification.verdict}: ${total} mismatches in ${values} integers on ${all.length} frames and in ${drills?.drills ?? 0} drills` +
      verification.notes.map((note) => `\n  ${note}`).join('') +
      verification.witnesses
        .map((w) => {
          if (w.skipped !== null) return `\n  ${w.witness} is missing: ${w.skipped}`;
          if (w.failed !== null) return `\n  ${w.witness} broke down: ${w.failed}`;
          return w.first === null ? '' : `\n  ${w.witness}:\n${describeDifference(w.first)}`;
        })
        .join('') +
      (drills?.witnesses ?? [])
        .filter((w) => w.failed !== null || w.first !== null)
        .map(
          (w) =>
            `\n  ${w.witness}: ${drillLine(w)}${w.first === null ? '' : `\n${describeDifference(w.first, 'drill')}`}`,
        )
        .join(''),
  );
  return verification;
}
