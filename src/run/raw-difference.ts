/**
 * What the integer calibration of raw words, which the firmware does, and the same calibration in double precision make of
 * the same frames: how far their counts are apart, and which decisions with them.
 */
import { createOrtWitness } from '../backends/onnx/ort/witness.js';
import type { CellCalibration } from '../data/raw/cell-calibration.js';
import { withoutCommonMode, type CommonModeWish } from '../data/raw/common-mode.js';
import type { RawDetector } from '../data/raw/detectors.js';
import { calibrateWords, type FloatMaps } from '../data/raw/float-maps.js';
import { openFramesParallel } from '../data/parallel.js';
import { roundHalfEven } from '../fixed/cast.js';
import { formatToString, maxMantissa } from '../fixed/format.js';
import type { FixedGraph } from '../ir/graph.js';
import { productWidth } from '../ir/ops/calibrate.js';
import { COUNTS } from '../ir/ops/input.js';
import { beginStage, type Emit } from './events.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';
import { openRawFrames, type RawFrame } from './raw-frames.js';

export interface RawDifference {
  readonly detector: string;
  /** Whether what rows have in common was taken away. */
  readonly commonMode: boolean;
  /** Formats of the integer maps, and signed bits of their products with ADC values. */
  readonly pedestals: string;
  readonly factors: string;
  readonly productBits: number;
  /** Counts by which the rounding of the maps moves a value at most, by proof: beside the half of the one rounding. */
  readonly bound: number;
  /** Pixels that measure, over all frames. */
  readonly livePixels: number;
  /** The farthest of their counts from double precision, and how many equal its rounding. */
  readonly farthest: number;
  readonly equal: number;
  /** Frames with a count that differs, and the indices of those that are then decided otherwise. */
  readonly differentFrames: number;
  readonly decidedApart: readonly number[];
}

interface Tally {
  livePixels: number;
  farthest: number;
  equal: number;
}

/** Counts of a frame by double precision, or null where they are those of `counts`; `tally` hears of every live pixel. */
function otherCounts(
  detector: RawDetector,
  maps: FloatMaps,
  { words, gains, mask }: RawFrame,
  counts: ArrayLike<number>,
  tally: Tally,
  wish: CommonModeWish | undefined,
): Uint16Array | null {
  const most = maxMantissa(COUNTS);
  const other = new Uint16Array(words.length);
  let isOther = false;
  const reals = calibrateWords(detector, maps, words, gains);
  (wish === undefined ? reals : withoutCommonMode(reals, wish)).forEach((real, i) => {
    if (Number.isNaN(real) || mask?.[i] === 0) return;
    const limited = Math.min(Math.max(real, 0), most);
    other[i] = roundHalfEven(limited);
    tally.livePixels += 1;
    tally.farthest = Math.max(tally.farthest, Math.abs(counts[i]! - limited));
    if (other[i] === counts[i]) tally.equal += 1;
    else isOther = true;
  });
  return isOther ? other : null;
}

/**
 * The difference on the frames that `files` name, whose decisions by `graph` with the integer calibration are `kept`. Throws
 * `UserError`.
 */
export async function rawDifference(
  files: readonly string[],
  values: FrameOptionValues,
  graph: FixedGraph,
  kept: readonly boolean[],
  emit: Emit,
): Promise<RawDifference> {
  const options = { ...frameOptions(values), words: true };
  const frames = await openRawFrames(await openFramesParallel(files, options), files, options);
  const { detector, calibration } = frames;
  const witness = await createOrtWitness(graph, {});
  const progress = beginStage(emit, 'Compare');
  const tally: Tally = { livePixels: 0, farthest: 0, equal: 0 };
  const decidedApart: number[] = [];
  let differentFrames = 0;
  try {
    for (let index = 0; index < frames.count; index++) {
      const frame = await frames.read(index);
      const counts = calibration.counts(frame.cell, frame.name, frame.words, frame.gains);
      const maps = await calibration.maps(frame.cell);
      const other = otherCounts(detector, maps!, frame, counts, tally, calibration.commonMode);
      progress.update(index + 1, frames.count);
      if (other === null) continue;
      differentFrames += 1;
      const [decision] = await witness.run([other]);
      if (decision!.keep !== kept[index]) decidedApart.push(index);
    }
  } finally {
    await witness.close();
    await frames.close();
  }
  progress.finish({ kind: 'counted', what: 'frames', count: kept.length });
  return { ...figuresOf(detector, calibration), ...tally, differentFrames, decidedApart };
}

/** What is known of a calibration before any frame. */
function figuresOf(
  detector: RawDetector,
  { formats: { pedestal, factor }, bound, commonMode }: CellCalibration,
): Pick<RawDifference, 'detector' | 'commonMode' | 'pedestals' | 'factors' | 'productBits' | 'bound'> {
  const limits = detector.stages.map((stage) => stage.limits);
  return {
    detector:
      commonMode === undefined
        ? detector.title
        : `${detector.title}, less what ${commonMode.columns} pixels of a row have in common`,
    commonMode: commonMode !== undefined,
    pedestals: formatToString(pedestal),
    factors: formatToString(factor),
    productBits: productWidth({ limits }, pedestal, factor),
    bound,
  };
}
