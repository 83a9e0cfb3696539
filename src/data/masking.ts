/**
 * Masks that the user states: a file, values that are no measurement, and pixels found hot or dead by looking.
 *
 *     --mask FILE | bad:FILE | none
 *     --mask-rule above:30000,below:-10,value:65535,saturation:20000,hot,dead
 *
 * Mask files are in stated-mask.ts.
 * Hot: in at least half of the sampled frames the pixel is above all eight neighbours by six standard deviations of
 * counting statistics; no Bragg peak stays where it is. Dead: 0 in every sampled frame while the live neighbours
 * counted at least 100 together.
 */
import { UserError } from '../core/errors.js';
import type { FrameSource } from './frames.js';
import { shared } from './shared-masks.js';
import { NO_RULE, type ValueRule } from './pixels.js';

export interface MaskRule {
  readonly values: ValueRule;
  readonly hot: boolean;
  readonly dead: boolean;
}

/** How many frames are looked at for hot and dead pixels, and how few are too few. */
const SAMPLE_FRAMES = 50;
const MIN_SAMPLE_FRAMES = 4;

/** Reads `--mask-rule`. Throws `UserError`. */
export function parseMaskRule(text: string): MaskRule {
  const values: { -readonly [K in keyof ValueRule]: ValueRule[K] } & { sentinels: number[] } = {
    ...NO_RULE,
    sentinels: [],
  };
  let [hot, dead] = [false, false];
  for (const part of text.split(',')) {
    const [kind, value] = part.trim().split(':');
    const number = value === undefined || value === '' ? NaN : Number(value);
    if (kind === 'hot' && value === undefined) hot = true;
    else if (kind === 'dead' && value === undefined) dead = true;
    else if (kind === 'value' && Number.isFinite(number)) values.sentinels.push(number);
    else if ((kind === 'above' || kind === 'below' || kind === 'saturation') && Number.isFinite(number))
      values[kind] = number;
    else {
      throw new UserError(`'${part}' is no rule`, {
        field: '--mask-rule',
        remedy: 'use above:N, below:N, value:N, saturation:N, hot, dead, with commas between',
      });
    }
  }
  return { values, hot, dead };
}

/** Both masks; null is all live. */
export function joinTwo(a: Uint8Array | null, b: Uint8Array | null): Uint8Array | null {
  if (a === null || b === null || a === b) return a ?? b;
  return a.map((live, i) => live & b[i]!);
}

interface Tally {
  readonly spikes: Uint16Array;
  readonly sum: Float64Array;
  readonly neighbours: Float64Array;
}

function tallyFrame(pixels: Uint16Array, height: number, width: number, tally: Tally): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      let highest = 0;
      let around = 0;
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          if ((dy === 0 && dx === 0) || x + dx < 0 || x + dx >= width || y + dy < 0 || y + dy >= height)
            continue;
          const value = pixels[at + dy * width + dx]!;
          around += value;
          if (value > highest) highest = value;
        }
      }
      const value = pixels[at]!;
      if (value > highest + 6 * Math.sqrt(highest + 1)) tally.spikes[at]!++;
      tally.sum[at]! += value;
      tally.neighbours[at]! += around;
    }
  }
}

/** The mask of hot and dead pixels, from up to 50 frames spread over `source`. */
export async function findDefects(source: FrameSource, rule: MaskRule): Promise<Uint8Array> {
  const { height, width, count } = source;
  const frames = Math.min(count, SAMPLE_FRAMES);
  if (frames < MIN_SAMPLE_FRAMES) {
    throw new UserError(`${count} frames are too few to find hot or dead pixels`, {
      file: source.name,
      field: '--mask-rule',
      remedy: `give at least ${MIN_SAMPLE_FRAMES} frames, or a mask file`,
    });
  }
  const size = height * width;
  const tally = {
    spikes: new Uint16Array(size),
    sum: new Float64Array(size),
    neighbours: new Float64Array(size),
  };
  for (let k = 0; k < frames; k++) {
    const { pixels } = await source.read(Math.floor((k * count) / frames));
    tallyFrame(pixels, height, width, tally);
  }
  const live = new Uint8Array(size).fill(1);
  for (let i = 0; i < size; i++) {
    if (rule.hot && 2 * tally.spikes[i]! >= frames) live[i] = 0;
    if (rule.dead && tally.sum[i] === 0 && tally.neighbours[i]! >= 100) live[i] = 0;
  }
  return live;
}

/** `source` with `mask`, the same for all frames or one a frame, joined to each frame's own. */
export function maskFrames(
  source: FrameSource,
  mask: Uint8Array | ((index: number) => Promise<Uint8Array>),
): FrameSource {
  let last: readonly (Uint8Array | null)[] = [];
  let joined: Uint8Array | null = null;
  const join = (own: Uint8Array | null, further: Uint8Array): Uint8Array => {
    if (own === null) return further;
    if (joined === null || own !== last[0] || further !== last[1]) joined = shared(joinTwo(own, further)!);
    last = [own, further];
    return joined;
  };
  return {
    ...source,
    async read(index) {
      const frame = await source.read(index);
      const both = join(frame.mask, typeof mask === 'function' ? await mask(index) : mask);
      for (let i = 0; i < both.length; i++) if (both[i] === 0) frame.pixels[i] = 0;
      return { ...frame, mask: both };
    },
  };
}
