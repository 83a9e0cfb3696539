/**
 * Pixel types as detectors write them, and the one rule that turns them into the `uint16` a network sees.
 *
 * The rule: a value is masked (pixel 0, mask 0) when it is a sentinel, below or above the trusted range, NaN or
 * infinite. One above the largest trusted count is an overload: masked, or shown as that count. Otherwise a float is rounded half to even, a negative value becomes 0, and a value above 65535 becomes
 * 65535; both stay live. `uint8` and `uint16` pass unchanged.
 */
import { invariant } from '../core/errors.js';
import { roundHalfEven } from '../fixed/cast.js';

export type PixelArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export const PIXEL_BYTES = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  uint64: 8,
  int64: 8,
  float32: 4,
  float64: 8,
} as const;

export type PixelType = keyof typeof PIXEL_BYTES;

/** The array of `type` over `buffer`, whose bytes are already in this machine's order. */
export function pixelArray(type: PixelType, buffer: ArrayBuffer, offset = 0, length?: number): PixelArray {
  const make: { readonly [K in PixelType]: () => PixelArray } = {
    uint8: () => new Uint8Array(buffer, offset, length),
    int8: () => new Int8Array(buffer, offset, length),
    uint16: () => new Uint16Array(buffer, offset, length),
    int16: () => new Int16Array(buffer, offset, length),
    uint32: () => new Uint32Array(buffer, offset, length),
    int32: () => new Int32Array(buffer, offset, length),
    uint64: () => new BigUint64Array(buffer, offset, length),
    int64: () => new BigInt64Array(buffer, offset, length),
    float32: () => new Float32Array(buffer, offset, length),
    float64: () => new Float64Array(buffer, offset, length),
  };
  return make[type]();
}

/** Half floats (IEEE binary16, as their bits) as floats; exact. */
export function floatsFromHalf(bits: Uint16Array): Float32Array<ArrayBuffer> {
  return Float32Array.from(bits, (word) => {
    const sign = word & 0x8000 ? -1 : 1;
    const exponent = (word >> 10) & 0x1f;
    const fraction = word & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** Which stored values are no measurement. Bounds are exclusive: `below` masks `v < below`. */
export interface ValueRule {
  readonly sentinels: readonly number[];
  readonly below: number | null;
  readonly above: number | null;
  /** The largest trusted count: what is above is an overload, which is counted apart from gaps. */
  readonly saturation: number | null;
  /** The same of each pixel, Infinity where none is stated; the smaller one counts. */
  readonly limits?: Float64Array;
  /** What `below` is, of each pixel, −Infinity where none is stated; the larger one counts. */
  readonly floors?: Float64Array;
  /** Inclusive ranges of values that are none. */
  readonly ranges?: readonly (readonly [number, number])[];
}

export const NO_RULE: ValueRule = { sentinels: [], below: null, above: null, saturation: null };

/**
 * What an overload becomes: `mask` hides it as a gap is hidden; `largest` shows it as the largest trusted count, so that
 * a saturated Bragg peak stays a peak.
 */
export type Overloads = 'mask' | 'largest';

/** Both rules at once. */
export function mergeRules(a: ValueRule, b: ValueRule): ValueRule {
  const tighter = (
    x: number | null,
    y: number | null,
    pick: (p: number, q: number) => number,
  ): number | null => (x === null ? y : y === null ? x : pick(x, y));
  return {
    sentinels: [...new Set([...a.sentinels, ...b.sentinels])],
    below: tighter(a.below, b.below, Math.max),
    above: tighter(a.above, b.above, Math.min),
    saturation: tighter(a.saturation, b.saturation, Math.min),
    ...joinMaps('limits', a.limits, b.limits, Math.min),
    ...joinMaps('floors', a.floors, b.floors, Math.max),
    ...(a.ranges === undefined && b.ranges === undefined
      ? {}
      : { ranges: [...(a.ranges ?? []), ...(b.ranges ?? [])] }),
  };
}

function joinMaps(
  name: 'limits' | 'floors',
  a: Float64Array | undefined,
  b: Float64Array | undefined,
  tighter: (x: number, y: number) => number,
): Pick<ValueRule, 'limits' | 'floors'> {
  if (a === undefined || b === undefined)
    return a === undefined && b === undefined ? {} : { [name]: a ?? b! };
  return { [name]: a.map((limit, i) => tighter(limit, b[i]!)) };
}

/** Whether `rule` knows overloads. */
export const hasLimits = ({ saturation, limits }: ValueRule): boolean =>
  saturation !== null || limits !== undefined;

function isEmptyRule(rule: ValueRule): boolean {
  const { sentinels, below, above } = rule;
  const unbounded = below === null && above === null && !hasLimits(rule) && rule.floors === undefined;
  return sentinels.length === 0 && unbounded && (rule.ranges ?? []).length === 0;
}

export interface ConvertedFrame {
  readonly pixels: Uint16Array;
  /** 1 live, 0 masked; null when every pixel is live; the very `mask` given when nothing was added to it. */
  readonly mask: Uint8Array | null;
  /** Live pixels above the largest trusted count, whatever became of them. */
  readonly overloads: number;
}

/**
 * Applies the rule above to `raw`. `mask` (1 live) is joined with what the values mask; `scale` multiplies each
 * value before rounding (1 leaves integers exact). Lengths must agree.
 */
export function convertToUint16(
  raw: PixelArray,
  rule: ValueRule,
  mask: Uint8Array | null,
  scale = 1,
  overloads: Overloads = 'mask',
): ConvertedFrame {
  invariant(mask === null || mask.length === raw.length, 'mask and frame differ in length');
  if ((raw instanceof Uint16Array || raw instanceof Uint8Array) && isEmptyRule(rule) && scale === 1) {
    const pixels = raw instanceof Uint16Array ? raw : Uint16Array.from(raw);
    if (mask !== null) zeroMasked(pixels, mask);
    return { pixels, mask, overloads: 0 };
  }
  if (raw instanceof BigInt64Array || raw instanceof BigUint64Array) {
    return convertToUint16(Float64Array.from(raw, Number), rule, mask, scale, overloads);
  }
  const known = rule.floors === undefined ? mask : aboveFloors(raw, rule.floors, mask);
  const converted = convertByValue(raw, rule, known, scale, overloads);
  return rule.limits === undefined ? converted : withLimits(raw, rule.limits, rule, converted, scale, overloads);
} // prettier-ignore

/** `mask` without the pixels that are below the floor of their own; `mask` itself where none is. */
function aboveFloors(raw: PixelArray, floors: Float64Array, mask: Uint8Array | null): Uint8Array | null {
  invariant(floors.length === raw.length, 'floors and frame differ in length');
  let live: Uint8Array | null = null;
  for (let i = 0; i < raw.length; i++) {
    if (!(Number(raw[i]) < floors[i]!)) continue;
    live ??= mask === null ? new Uint8Array(raw.length).fill(1) : mask.slice();
    live[i] = 0;
  }
  return live ?? mask;
}

/** `converted`, in which what is above the limit of its own pixel is an overload, too: a pass of its own, since few files have such a map. */
function withLimits(
  raw: PixelArray,
  limits: Float64Array,
  { saturation }: ValueRule,
  { pixels, mask: known, overloads: counted }: ConvertedFrame,
  scale: number,
  shown: Overloads,
): ConvertedFrame {
  invariant(limits.length === raw.length, 'limits and frame differ in length');
  const mask = known === null ? new Uint8Array(raw.length).fill(1) : known.slice();
  let [overloads, masked] = [counted, false];
  for (let i = 0; i < raw.length; i++) {
    const [value, limit] = [Number(raw[i]), limits[i]!];
    if (mask[i] === 0 || !(value > limit)) continue;
    // Above the limit of all pixels it was counted already.
    if (saturation === null || value <= saturation) overloads++;
    pixels[i] = shown === 'mask' ? 0 : toUint16(Math.min(limit, saturation ?? Infinity) * scale);
    if (shown !== 'mask') continue;
    mask[i] = 0;
    masked = true;
  }
  return { pixels, mask: masked ? mask : known, overloads };
}

function zeroMasked(pixels: Uint16Array, mask: Uint8Array): void {
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0) pixels[i] = 0;
}

const toUint16 = (scaled: number): number =>
  scaled <= 0 ? 0 : scaled >= 65535 ? 65535 : roundHalfEven(scaled);

function convertByValue(
  raw: Exclude<PixelArray, BigInt64Array | BigUint64Array>,
  rule: ValueRule,
  mask: Uint8Array | null,
  scale: number,
  shown: Overloads,
): ConvertedFrame {
  const pixels = new Uint16Array(raw.length);
  const below = rule.below ?? -Infinity;
  const above = rule.above ?? Infinity;
  const saturation = rule.saturation ?? Infinity;
  const largest = toUint16(saturation * scale);
  const { sentinels, ranges = [] } = rule;
  const isOne = (value: number): boolean => sentinels.includes(value);
  // Few rules have ranges, and looking for them takes as long as all else.
  const isMark =
    ranges.length === 0
      ? isOne
      : (value: number): boolean => isOne(value) || ranges.some(([from, to]) => value >= from && value <= to);
  let overloads = 0;
  let joined = mask;
  const maskOut = (index: number): void => {
    if (joined === mask) joined = mask === null ? new Uint8Array(raw.length).fill(1) : mask.slice();
    joined![index] = 0;
  };
  for (let i = 0; i < raw.length; i++) {
    if (mask !== null && mask[i] === 0) continue;
    const value = raw[i]!;
    if (!Number.isFinite(value) || value < below || value > above || isMark(value)) {
      maskOut(i);
    } else if (value > saturation) {
      overloads++;
      if (shown === 'mask') maskOut(i);
      else pixels[i] = largest;
    } else pixels[i] = toUint16(value * scale);
  }
  return { pixels, mask: joined, overloads };
}
