/** Are the maps any good on frames whose true peaks are known? */
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { checkMaps, type CheckedFrame, type MapCheck } from '../../explain/check-maps.js';
import type { FixedGraph } from '../../ir/graph.js';
import { createOrtWitness } from '../../simulate/ort.js';
import { openBackend } from '../../tensorflow/backend.js';
import { checkFrameSize } from '../frames-for-network.js';
import { beginStage, type Emit, type Progress } from '../events.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';
import { evenly } from '../stages/frames.js';
import { loadRun } from '../folder.js';

export interface CheckRequest extends FrameOptionValues {
  readonly frames: readonly string[];
  /** Hits to check on, at most. */
  readonly count: number;
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
      onProgress: (done, total, of) => {
        progress.update(done, total, of);
      },
    });
  } finally {
    await witness.close();
  }
}

/** Holds every map against the true peaks of kept test frames (of any frames where none is marked as test). */
export async function explainCheck(
  dir: string,
  options: CheckRequest,
  emit: Emit,
): Promise<readonly MapCheck[]> {
  const run = await loadRun(dir);
  const { source } = await openFrameArguments(options.frames, options, emit);
  try {
    checkFrameSize(source, run.fixed);
    const progress = beginStage(emit, 'Check');
    await openBackend('auto');
    const tested = Array.from({ length: source.count }, (_, i) => i).filter(
      (i) => source.label(i).split === 'test',
    );
    const indices = tested.length > 0 ? tested : Array.from({ length: source.count }, (_, i) => i);
    const checks = await checkMapsOn(run.fixed, source, indices, options.count, progress);
    if (checks.length === 0)
      throw new UserError('has no kept frame whose true peaks are known', {
        file: source.name,
        field: '--frames',
        remedy: 'give simulated frames (vetoc simulate writes their peaks)',
      });
    progress.finish(`${checks[0]!.frames} frames`);
    return checks;
  } finally {
    await source.close();
  }
}
