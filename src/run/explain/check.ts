/** Are the maps any good on frames whose true peaks are known? */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { checkMaps, type CheckedFrame, type MapCheck } from '../../explain/check-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import { createOrtWitness } from '../../backends/onnx/ort/witness.js';
import { openBackend } from '../../tensorflow/backend.js';
import { checkFrameSize } from '../frames-for-network.js';
import { beginStage, type Emit, type Progress } from '../events.js';
import { checkNoiseOn, checkNoiseOnSimulated, type NoiseCheck } from './check-noise.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';
import { evenly } from '../stages/frames.js';
import { loadRun } from '../folder.js';

export interface CheckRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  /** Hits to check on, at most. */
  readonly count: number;
  /** Frames on which the chance of a flip is checked, at most, and as many simulated ones; 0 for none. */
  readonly noise: number;
}

export interface ExplainChecks {
  readonly maps: readonly MapCheck[];
  /** Photons of the frames dealt in two, and simulated frames drawn twice; null where it was not asked for. */
  readonly noise: { readonly dealt: NoiseCheck; readonly simulated: NoiseCheck } | null;
}

/** Frames of `indices` whose true peaks are known and that the network keeps, at most `wanted`. */
async function framesWithSpots(
  source: FrameSource,
  indices: readonly number[],
  keeps: (pixels: Uint16Array) => Promise<boolean>,
  wanted: number,
): Promise<readonly CheckedFrame[]> {
  const known = indices.filter((i) => (source.spots(i)?.length ?? 0) > 0);
  const chosen: CheckedFrame[] = [];
  for (const index of evenly(known, wanted)) {
    const { pixels } = await source.read(index);
    if (await keeps(pixels)) chosen.push({ pixels, spots: source.spots(index)! });
  }
  return chosen;
}

/** The figures of every method on hits among `indices`; empty where no peaks are known. */
export async function checkMapsOn(
  fixed: FixedGraph,
  source: FrameSource,
  indices: readonly number[],
  wanted: number,
  progress: Progress,
): Promise<readonly MapCheck[]> {
  const witness = await createOrtWitness(fixed);
  try {
    const keeps = async (pixels: Uint16Array): Promise<boolean> => (await witness.run([pixels]))[0]!.keep;
    const frames = await framesWithSpots(source, indices, keeps, wanted);
    if (frames.length === 0) return [];
    return await checkMaps(frames, {
      fixed,
      scorer: async (asked) => (await witness.run(asked)).map((r) => r.score),
      seed: 1,
      onProgress: (done, total, part) => {
        progress.update(done, total, { of: 'map checks', part });
      },
    });
  } finally {
    await witness.close();
  }
}

/**
 * Holds every map against the true peaks of kept test frames (of any frames where none is marked as test), and the chance that photon
 * noise turns a decision against what it does.
 */
export async function explainCheck(dir: string, options: CheckRequest, emit: Emit): Promise<ExplainChecks> {
  const run = await loadRun(dir);
  const { source } = await openFrameArguments(options.frames, options, emit);
  try {
    checkFrameSize(source, run.fixed);
    const progress = beginStage(emit, 'Check');
    await openBackend('auto');
    const all = Array.from({ length: source.count }, (_, i) => i);
    const tested = all.filter((i) => source.label(i).split === 'test');
    const indices = tested.length > 0 ? tested : all;
    const checks = await checkMapsOn(run.fixed, source, indices, options.count, progress);
    if (checks.length === 0)
      throw new UserError('has no kept frame whose true peaks are known', {
        file: source.name,
        field: '--frames',
        remedy: 'give simulated frames (vetoc simulate writes their peaks)',
      });
    const noise =
      options.noise === 0
        ? null
        : {
            dealt: await checkNoiseOn(run.fixed, source, options.noise, progress),
            simulated: await checkNoiseOnSimulated(run.fixed, options.noise, progress),
          };
    progress.finish({ kind: 'counted', what: 'frames', count: checks[0]!.frames });
    return { maps: checks, noise };
  } finally {
    await source.close();
  }
}
