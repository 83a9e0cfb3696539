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
  /** Adds a frame of words. Returns the stage that most of them are of; null where most are of none. */
  add(words: Uint16Array): number | null;
  readonly frames: number;
  stages(): readonly DarkStage[];
  /** Words of each pixel that are of another stage than most of their frame: a pixel that does not switch, or by itself. */
  readonly strays: Uint32Array;
}

interface Sums {
  readonly count: Uint32Array;
  readonly first: Uint16Array;
  readonly powers: readonly [Float64Array, Float64Array, Float64Array];
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
export function createDarkSums({ adcBits, select, stages }: RawDetector, pixels: number): DarkSums {
  invariant(select.by === 'bits', 'a stage that gain bits say');
  const stageOfBits = select.stages;
  const doubles = (): Float64Array => new Float64Array(pixels);
  const sums = stages.map((): Sums => ({
    count: new Uint32Array(pixels),
    first: new Uint16Array(pixels),
    powers: [doubles(), doubles(), doubles()],
  }));
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
        if (stage === null) continue;
        const { count, first, powers } = sums[stage]!;
        const adc = words[i]! & adcMask;
        if (count[i] === 0) first[i] = adc;
        const d = adc - first[i]!;
        count[i]! += 1;
        powers[0][i]! += d;
        powers[1][i]! += d * d;
        powers[2][i]! += d * d * d;
      }
      return usual;
    },
    stages: () => sums.map(stageOf),
  };
}
