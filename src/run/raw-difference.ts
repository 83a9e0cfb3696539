/**
 * What the integer calibration of raw words, which the firmware does, and the same calibration in double precision make of
 * the same frames: how far their counts are apart, and which decisions with them.
 */
import { createOrtWitness } from '../backends/onnx/ort/witness.js';
import { calibrateWords } from '../data/raw/float-maps.js';
import { openCalibration, type WordCalibration } from '../data/raw/calibrated.js';
import { openFramesParallel } from '../data/parallel.js';
import { roundHalfEven } from '../fixed/cast.js';
import { formatToString, maxMantissa } from '../fixed/format.js';
import type { FixedGraph } from '../ir/graph.js';
import { productWidth } from '../ir/ops/calibrate.js';
import { COUNTS } from '../ir/ops/input.js';
import { beginStage, type Emit } from './events.js';
import { frameOptions, type FrameOptionValues } from './frame-options.js';

export interface RawDifference {
  readonly detector: string;
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

/** Counts of `words` by double precision, or null where they are those of `counts`; `tally` hears of every live pixel. */
function otherCounts(
  { detector, maps }: WordCalibration,
  words: Uint16Array,
  counts: ArrayLike<number>,
  mask: Uint8Array | null,
  tally: Tally,
): Uint16Array | null {
  const most = maxMantissa(COUNTS);
  const other = new Uint16Array(words.length);
  let isOther = false;
  calibrateWords(detector, maps, words).forEach((real, i) => {
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
  const { rawMaps, ...options } = frameOptions(values);
  const words = await openFramesParallel(files, options);
  const calibration = await openCalibration(words, rawMaps!);
  const witness = await createOrtWitness(graph, {});
  const progress = beginStage(emit, 'Compare');
  const tally: Tally = { livePixels: 0, farthest: 0, equal: 0 };
  const decidedApart: number[] = [];
  let differentFrames = 0;
  try {
    for (let index = 0; index < words.count; index++) {
      const { pixels, mask } = await words.read(index);
      const other = otherCounts(calibration, pixels, calibration.counts(pixels), mask, tally);
      progress.update(index + 1, words.count);
      if (other === null) continue;
      differentFrames += 1;
      const [decision] = await witness.run([other]);
      if (decision!.keep !== kept[index]) decidedApart.push(index);
    }
  } finally {
    await witness.close();
    await words.close();
  }
  progress.finish({ kind: 'counted', what: 'frames', count: kept.length });
  const { detector, integers } = calibration;
  const limits = detector.stages.map((stage) => stage.limits);
  return {
    detector: detector.title,
    pedestals: formatToString(integers.pedestal),
    factors: formatToString(integers.factor),
    productBits: productWidth({ limits }, integers.pedestal, integers.factor),
    bound: integers.bound,
    ...tally,
    differentFrames,
    decidedApart,
  };
}
