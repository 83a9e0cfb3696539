/** The frames that a run calibrates on: its own, the set that comes with vetoc, or files; never those that test it. */
import { fileURLToPath } from 'node:url';
import { checkDisjoint, type FramePart } from '../../calibrate/disjoint.js';
import type { CalibrationFrame } from '../../calibrate/observe.js';
import type { Calibration } from '../../calibrate/recipe.js';
import { UserError } from '../../core/errors.js';
import type { FrameSource } from '../../data/frames.js';
import { streamFrames } from '../../data/stream.js';
import type { Emit } from '../events.js';
import { openFrameArguments } from '../open-frames.js';
import type { FrameOptionValues } from '../frame-options.js';
import { createPeaks } from '../../spotfind/peaks.js';
import { evenly, type RunFrames } from './frames.js';

/** Ten simulated frames; where they come from stands beside them. */
export const CALIBRATION_SET = fileURLToPath(
  new URL('../../../calibration/frames/simulated.h5', import.meta.url),
);

const all = (source: FrameSource): readonly number[] => Array.from({ length: source.count }, (_, i) => i);

/** Refuses frames that the network cannot take. */
function checkSize(source: FrameSource, { height, width, name }: FrameSource): void {
  if (source.height === height && source.width === width) return;
  throw new UserError(
    `calibration frames of ${source.height}×${source.width}, those of ${name} are ${height}×${width}`,
    {
      file: source.name,
      field: 'calibration.from',
      remedy: 'calibrate on frames of the same detector ("from": "run" takes a part of the run\'s own)',
    },
  );
}

/** The options of the run's frames but the labels: files of frames for calibration are of the same detector. */
const sameDetector = (options: FrameOptionValues): FrameOptionValues =>
  Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'labels'));

async function openPart(calibration: Calibration, frames: RunFrames, emit: Emit): Promise<FramePart> {
  if (calibration.from === 'run')
    return { name: 'calibration', source: frames.source, indices: frames.partition.calibration };
  const { source } =
    calibration.from === 'set'
      ? await openFrameArguments([CALIBRATION_SET], {}, emit)
      : await openFrameArguments(calibration.from, sameDetector(frames.options), emit);
  return { name: 'calibration', source, indices: all(source) };
}

/**
 * Runs `work` on the calibration frames that the recipe asks for. Throws `UserError` when they are of another size, or
 * share a crystal, a run or a seed with the frames that train or test.
 */
export async function withCalibrationFrames<T>(
  calibration: Calibration,
  frames: RunFrames,
  emit: Emit,
  work: (part: FramePart) => Promise<T>,
): Promise<T> {
  const part = await openPart(calibration, frames, emit);
  try {
    checkSize(part.source, frames.source);
    const { train, test } = frames.partition;
    checkDisjoint(part, [
      { name: 'train', source: frames.source, indices: train },
      { name: 'test', source: frames.source, indices: test },
    ]);
    return await work({ ...part, indices: evenly(part.indices, calibration.frames) });
  } finally {
    if (part.source !== frames.source) await part.source.close();
  }
}

/** Refuses before any training what calibration would refuse after it. */
export function checkCalibration(calibration: Calibration, frames: RunFrames, emit: Emit): Promise<void> {
  return withCalibrationFrames(calibration, frames, emit, ({ source, indices }) => {
    if (indices.length > 0) return Promise.resolve();
    throw new UserError('there are no calibration frames', {
      file: source.name,
      field: 'split.calibration',
      remedy: 'give more frames or a larger share, or take those that come with vetoc ("from": "set")',
    });
  });
}

/** One frame at a time, with the Bragg peaks that are known or found. */
export async function* calibrationFrames({ source, indices }: FramePart): AsyncGenerator<CalibrationFrame> {
  const peaks = createPeaks(source);
  for await (const { index, frame } of streamFrames(source, { indices }))
    yield { pixels: frame.pixels, spots: peaks.of(index, frame) };
}
