/**
 * What a veto would bring an experiment: frames, bytes and hits that are kept, and what it has to keep up with.
 *
 * An image is decided after it has left the pixels. Where a detector stores a burst in memory cells and reads it out in the gap
 * behind (AGIPD: 352 cells, 600 µs, read out in the 99.4 ms until the next train), no image is there before the burst is over: a veto
 * frees none of its cells. It saves what is moved and stored behind the readout. Where a detector reads out every frame, the same
 * holds of the frames that wait for their decisions: they need memory for the latency.
 *
 * Sizes and rates: A. Allahgholi et al., J. Synchrotron Rad. 26 (2019) 74 (AGIPD); A. Mozzanica et al., Synchrotron Radiation News 31
 * (2018) 16 (JUNGFRAU); G. Blaj et al., AIP Conf. Proc. 2054 (2019) 060062 (ePix10ka).
 */
import { UserError } from '../core/errors.js';

interface PlannedDetector {
  readonly title: string;
  readonly modules: number;
  /** Pixels of a module. */
  readonly size: readonly [number, number];
  /** Bytes that a pixel of a frame is read out as. */
  readonly bytes: number;
  /** Frames a second, unless said otherwise; of a burst detector trains a second. */
  readonly rate: number;
  /** Of a detector that stores bursts: memory cells, and seconds in which they are read out. */
  readonly burst: { readonly cells: number; readonly readoutSeconds: number } | null;
}

export const PLANNED_DETECTORS = {
  'agipd-1m': {
    title: 'AGIPD 1M',
    modules: 16,
    size: [512, 128],
    bytes: 4,
    rate: 10,
    burst: { cells: 352, readoutSeconds: 0.0994 },
  },
  'jungfrau-4m': { title: 'JUNGFRAU 4M', modules: 8, size: [512, 1024], bytes: 2, rate: 100, burst: null },
  'epix10ka-2m': { title: 'ePix10ka 2M', modules: 16, size: [352, 384], bytes: 2, rate: 120, burst: null },
} as const satisfies Readonly<Record<string, PlannedDetector>>;
export type PlannedDetectorName = keyof typeof PLANNED_DETECTORS;
export const PLANNED_DETECTOR_NAMES = Object.keys(PLANNED_DETECTORS) as readonly PlannedDetectorName[];

export interface PlanRequest {
  readonly detector: PlannedDetectorName;
  /** Frames of the experiment. */
  readonly frames: number;
  /** How many of them are hits, or their share: one of the two. */
  readonly hits?: number;
  readonly hitRate?: number;
  /** Share of the hits that the veto loses, and of the misses that it keeps. */
  readonly lose: number;
  readonly keepMisses: number;
  /** Frames a second; of AGIPD trains a second. */
  readonly rate?: number;
  /** Memory cells that are used of each train; all unless given. */
  readonly cells?: number;
  /** From the last pixel of a frame to its decision, µs. */
  readonly latency?: number;
}

export interface PlanOutcome {
  readonly title: string;
  readonly frames: number;
  readonly hits: number;
  readonly bytesPerFrame: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly kept: {
    readonly frames: number;
    readonly hits: number;
    readonly bytes: number;
    readonly share: number;
  };
  readonly hitsLost: number;
  /** Hits among the frames that are kept, and how many times more than among all. */
  readonly precision: number;
  readonly enrichment: number;
  /** Bytes a second that leave the detector, on average, before and behind the veto. */
  readonly bytesPerSecond: number;
  readonly keptBytesPerSecond: number;
  /** What the veto has to keep up with while frames are read out: frames a second, and µs a frame. */
  readonly pace: { readonly framesPerSecond: number; readonly microseconds: number };
  /** Frames that wait for a decision, and their bytes; null where no latency was given. */
  readonly waiting: { readonly frames: number; readonly bytes: number } | null;
  /** Memory cells that a veto frees for the same burst: none; null for a detector without. */
  readonly freedCells: 0 | null;
}

function hitsOf({ frames, hits, hitRate }: PlanRequest): number {
  if ((hits === undefined) === (hitRate === undefined))
    throw new UserError(hits === undefined ? 'are not given' : 'are given beside --hit-rate', {
      field: '--hits',
      remedy: 'give --hits or --hit-rate',
    });
  const number = hits ?? frames * hitRate!;
  if (number <= frames) return number;
  throw new UserError(`${number} are more than the ${frames} frames`, {
    field: '--hits',
    remedy: 'give at most as many',
  });
}

/** Throws `UserError`. */
export function planVeto(request: PlanRequest): PlanOutcome {
  const { frames, lose, keepMisses, latency } = request;
  const detector: PlannedDetector = PLANNED_DETECTORS[request.detector];
  const { burst } = detector;
  const cells = request.cells ?? burst?.cells ?? 1;
  if (cells > (burst?.cells ?? 1))
    throw new UserError(
      `${detector.title} has ${burst === null ? 'no memory cells' : `${burst.cells} memory cells`}`,
      {
        field: '--cells',
        remedy: burst === null ? 'leave it out' : 'give at most as many',
      },
    );
  const hits = hitsOf(request);
  const bytesPerFrame = detector.modules * detector.size[0] * detector.size[1] * detector.bytes;
  const rate = request.rate ?? detector.rate;
  const seconds = frames / (rate * cells);
  const keptHits = hits * (1 - lose);
  const kept = keptHits + (frames - hits) * keepMisses;
  const pace = burst === null ? rate : cells / burst.readoutSeconds;
  const waiting = latency === undefined ? null : Math.ceil(latency * 1e-6 * pace);
  const precision = kept === 0 ? 0 : keptHits / kept;
  return {
    title: detector.title,
    frames,
    hits,
    bytesPerFrame,
    bytes: frames * bytesPerFrame,
    seconds,
    kept: { frames: kept, hits: keptHits, bytes: kept * bytesPerFrame, share: kept / frames },
    hitsLost: hits - keptHits,
    precision,
    enrichment: hits === 0 ? 0 : precision / (hits / frames),
    bytesPerSecond: (frames * bytesPerFrame) / seconds,
    keptBytesPerSecond: (kept * bytesPerFrame) / seconds,
    pace: { framesPerSecond: pace, microseconds: 1e6 / pace },
    waiting: waiting === null ? null : { frames: waiting, bytes: waiting * bytesPerFrame },
    freedCells: burst === null ? null : 0,
  };
}
