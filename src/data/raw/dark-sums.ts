/**
 * What dark frames say of each pixel in each gain stage, in one pass and bounded memory: how often it was seen there, the mean, the
 * standard deviation and the skewness of its ADC values. Sums are of differences from the first value, so that nothing cancels.
 */
import { invariant } from '../../core/errors.js';
import type { RawDetector } from './detectors.js';

/** Of one gain stage, a value a pixel. */
export interface DarkStage {
  readonly count: Uint32Array;
  /** ADU; NaN where the pixel was never seen in the stage. */
  readonly mean: Float64Array;
  /** ADU, of one frame: 0 from fewer than two. */
  readonly rms: Float64Array;
  /** Of no unit; 0 where the values do not vary. */
  readonly skewness: Float64Array;
}

export interface DarkSums {
  readonly frames: number;
  stages(): readonly DarkStage[];
  /** Words of each pixel that are of another stage than most of their frame: a pixel that does not switch, or by itself. */
  readonly strays: Uint32Array;
}

/** Sums over frames whose words say their stage. */
export interface BitDarkSums extends DarkSums {
  /** Adds a frame of words. Returns the stage that most of them are of; null where most are of none. */
  add(words: Uint16Array): number | null;
}

/** Sums over frames of one memory cell, of which somebody says the stage that they were forced into. */
export interface ForcedDarkSums extends DarkSums {
  add(stage: number, words: Uint16Array, gains: Uint16Array): void;
  /** Frames of each stage. */
  readonly framesOf: readonly number[];
  /** What words of gain come to in each stage, as `stages` says of ADC values. */
  gains(): readonly DarkStage[];
}

interface Sums {
  readonly count: Uint32Array;
  readonly first: Uint16Array;
  readonly powers: readonly [Float64Array, Float64Array, Float64Array];
}

/** Bytes that sums of one stage take for each pixel. */
const SUM_BYTES = 30;

/** Bytes of a pixel of `createForcedSums`, for `stages` stages. */
export const forcedBytes = (stages: number): number => 2 * stages * SUM_BYTES + 4;

const createSums = (pixels: number): Sums => ({
  count: new Uint32Array(pixels),
  first: new Uint16Array(pixels),
  powers: [new Float64Array(pixels), new Float64Array(pixels), new Float64Array(pixels)],
});

function addTo({ count, first, powers }: Sums, i: number, value: number): void {
  if (count[i] === 0) first[i] = value;
  const d = value - first[i]!;
  count[i]! += 1;
  powers[0][i]! += d;
  powers[1][i]! += d * d;
  powers[2][i]! += d * d * d;
}

function stageOf({ count, first, powers: [one, two, three] }: Sums): DarkStage {
  const pixels = count.length;
  const mean = new Float64Array(pixels).fill(NaN);
  const rms = new Float64Array(pixels);
  const skewness = new Float64Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const n = count[i]!;
    if (n === 0) continue;
    const m = one[i]! / n;
    mean[i] = first[i]! + m;
    const variance = two[i]! / n - m * m;
    if (n < 2 || variance <= 0) continue;
    rms[i] = Math.sqrt((variance * n) / (n - 1));
    skewness[i] = (three[i]! / n - (3 * m * two[i]!) / n + 2 * m ** 3) / variance ** 1.5;
  }
  return { count, mean, rms, skewness };
}

/** Sums for frames of `pixels` pixels of a detector whose gain bits say the stage. */
export function createDarkSums({ adcBits, select, stages }: RawDetector, pixels: number): BitDarkSums {
  invariant(select.by === 'bits', 'a stage that gain bits say');
  const stageOfBits = select.stages;
  const sums = stages.map(() => createSums(pixels));
  const strays = new Uint32Array(pixels);
  const adcMask = 2 ** adcBits - 1;
  let frames = 0;

  function most(words: Uint16Array): number | null {
    const seen = new Map<number | null, number>();
    for (const word of words) {
      const stage = stageOfBits[word >>> adcBits]!;
      seen.set(stage, (seen.get(stage) ?? 0) + 1);
    }
    return [...seen].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  }

  return {
    strays,
    get frames() {
      return frames;
    },
    add(words) {
      invariant(words.length === pixels, `a frame of ${words.length} pixels for ${pixels}`);
      const usual = most(words);
      frames += 1;
      for (let i = 0; i < pixels; i++) {
        const stage = stageOfBits[words[i]! >>> adcBits]!;
        if (stage !== usual) strays[i]! += 1;
        if (stage !== null) addTo(sums[stage]!, i, words[i]! & adcMask);
      }
      return usual;
    },
    stages: () => sums.map(stageOf),
  };
}

/** Sums for frames of `pixels` pixels of one memory cell of a detector whose words of gain say the stage. */
export function createForcedSums({ adcBits, select, stages }: RawDetector, pixels: number): ForcedDarkSums {
  invariant(select.by === 'thresholds', 'a stage that words of gain say');
  const [sums, gainSums] = [0, 1].map(() => stages.map(() => createSums(pixels))) as [Sums[], Sums[]];
  const strays = new Uint32Array(pixels);
  const framesOf = new Array<number>(stages.length).fill(0);
  return {
    strays,
    framesOf,
    get frames() {
      return framesOf.reduce((a, b) => a + b);
    },
    add(stage, words, gains) {
      invariant(words.length === pixels && gains.length === pixels, `a frame of ${words.length} pixels`);
      framesOf[stage]! += 1;
      const [own, ownGains] = [sums[stage]!, gainSums[stage]!];
      for (let i = 0; i < pixels; i++) {
        // Such a word is of no stage.
        if (words[i]! >>> adcBits !== 0) strays[i]! += 1;
        else addTo(own, i, words[i]!);
        addTo(ownGains, i, gains[i]!);
      }
    },
    stages: () => sums.map(stageOf),
    gains: () => gainSums.map(stageOf),
  };
}
