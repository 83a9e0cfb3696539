/**
 * Integer maps made of real ones: formats that keep every calibrated value within a bound of the real one, before the one
 * rounding, and what they come to.
 *
 * With a pedestal rounded by δp and a factor f by δf, (ADC − p)·f moves by at most |f + δf|·|δp| + |ADC − p|·|δf|. The bound is taken over
 * every pixel, every gain stage and every ADC value that measures; so it holds for all frames of these maps.
 */
import { UserError } from '../../core/errors.js';
import { roundHalfEven } from '../../fixed/cast.js';
import {
  bitsFor,
  format,
  formatToString,
  fractionBits,
  lsb,
  maxMantissa,
  minMantissa,
  type Format,
} from '../../fixed/format.js';
import type { CommonModeWish } from './common-mode.js';
import type { RawDetector, RawDetectorName } from './detectors.js';
import { isMapped, type FloatMaps } from './float-maps.js';

/** Units in the last place of the result that the maps' own rounding may cost: beside the half of the one rounding. */
export const MAP_ROUNDING = 0.01;

/** How many times as large factors of other maps may be: of another dark run, of photons of less energy. */
export const FACTOR_ROOM = 2;

/** Bits of a product that every witness holds exactly, with one to spare. */
const MOST_PRODUCT_BITS = 51;

export interface MapFormats {
  readonly pedestal: Format;
  readonly factor: Format;
}

export interface IntegerMaps extends MapFormats {
  /** Mantissas, `[pixel][stage]`: 0 as a factor where a pixel measures nothing. */
  readonly pedestals: Int32Array;
  readonly factors: Int32Array;
  /** `[pixel][threshold]`; empty where gain bits say the stage. */
  readonly thresholds: Int32Array;
  /** Units in the last place of the result by which the rounding of the maps moves a value at most. */
  readonly bound: number;
}

/** Integer maps of one memory cell. */
export type CellIntegers = Omit<IntegerMaps, 'bound' | keyof MapFormats>;

/** What threads share of a calibration. */
export interface SharedMaps {
  /** What frames they are for. */
  readonly key: string;
  readonly file: string;
  readonly name: RawDetectorName;
  readonly formats: MapFormats;
  /** What rows have in common is taken away, where it is asked for. */
  readonly commonMode?: CommonModeWish;
  /** Units in the last place by which the rounding of the maps moves a value at most, in any cell. */
  readonly bound: number;
  /** By memory cell; null where the file has no map of it. */
  readonly cells: readonly (CellIntegers | null)[];
}

/** The greatest pedestal and factor, and the least pedestal, of all maps that are to be held. */
export interface Extremes {
  readonly pedestal: number;
  readonly factor: number;
  readonly leastPedestal: number;
}

/** Those of `maps`, and of other memory cells' in `beside`. */
export function extremesOf({ adcBits }: RawDetector, maps: FloatMaps, beside?: Extremes): Extremes {
  const least = beside ?? { pedestal: 2 ** adcBits - 1, leastPedestal: 0, factor: 0 };
  let { pedestal, leastPedestal, factor } = least;
  maps.pedestals.forEach((map, stage) => {
    for (let i = 0; i < map.length; i++) {
      if (!isMapped(maps, stage, i)) continue;
      pedestal = Math.max(pedestal, map[i]!);
      leastPedestal = Math.min(leastPedestal, map[i]!);
      factor = Math.max(factor, Math.abs(maps.factors[stage]![i]!));
    }
  });
  return { pedestal, leastPedestal, factor };
}

/** Signed where a pedestal is below zero; wide enough for all of them at `fraction`. */
function pedestalFormat({ pedestal, leastPedestal }: Extremes, fraction: number): Format {
  const signed = leastPedestal < 0;
  const width = bitsFor(
    Math.floor(leastPedestal * 2 ** fraction),
    Math.ceil(pedestal * 2 ** fraction),
    signed,
  );
  return format(signed, width, width - fraction);
}

function factorFormat({ factor }: Extremes, fraction: number): Format {
  const most = Math.ceil(factor * 2 ** fraction);
  const width = bitsFor(-most, most, true);
  return format(true, width, width - fraction);
}

/** Bits of a product with maps of such formats; null where every witness holds them. */
function tooManyBits({ adcBits }: RawDetector, { pedestal, factor }: MapFormats): number | null {
  const unit = 2 ** fractionBits(pedestal);
  const reach = Math.max(maxMantissa(pedestal), (2 ** adcBits - 1) * unit - minMantissa(pedestal));
  const bits = bitsFor(0, reach) + factor.width;
  return pedestal.width > 31 || factor.width > 32 || bits > MOST_PRODUCT_BITS ? bits : null;
}

/** Throws `UserError` unless maps of `formats`, which a user states, can be calibrated with. */
export function checkMapFormats(detector: RawDetector, formats: MapFormats): void {
  const field = '--map-formats';
  if (!formats.factor.signed || fractionBits(formats.pedestal) < 0)
    throw new UserError('factors are signed, and pedestals no coarser than an ADC unit', {
      field,
      remedy: 'give formats as vetoc evaluate --raw prints them',
    });
  const bits = tooManyBits(detector, formats);
  if (bits !== null)
    throw new UserError(`needs products of ${bits} bits: at most ${MOST_PRODUCT_BITS} are held exactly`, {
      field,
      remedy: 'give formats of fewer bits, pedestals of at most 31 and factors of at most 32',
    });
}

/**
 * The coarsest formats that keep the rounding of maps of such `found` extremes, and of others whose factors are up to
 * `FACTOR_ROOM` times as large, within `MAP_ROUNDING` units in the last place of `to`: half of it for the pedestals, half for
 * the factors. Throws `UserError` where their products would not fit.
 */
export function mapFormats(detector: RawDetector, found: Extremes, to: Format): MapFormats {
  const extremes = { ...found, factor: FACTOR_ROOM * found.factor };
  const unit = lsb(to);
  const half = (MAP_ROUNDING * unit) / 2;
  const most = 2 ** detector.adcBits - 1;
  const reach = Math.max(extremes.pedestal, most - extremes.leastPedestal);
  // Half a step of each is what rounding moves at most; the factor's own rounding is an eighth of it here.
  const fractionFor = (weight: number): number =>
    weight === 0 ? 0 : Math.ceil(Math.log2((1.125 * weight) / (2 * half)));
  const pedestalFraction = Math.max(0, fractionFor(extremes.factor));
  const pedestal = pedestalFormat(extremes, pedestalFraction);
  const factor = factorFormat(extremes, fractionFor(reach));
  const bits = tooManyBits(detector, { pedestal, factor });
  if (bits !== null)
    throw new UserError(
      `a result of ${to.width} bits from these maps needs products of ${bits} bits: gains reach from far below to far above the others`,
      { field: 'gain', remedy: 'mark pixels bad whose gain is no measurement, or give a coarser unit' },
    );
  return { pedestal, factor };
}

/** Throws `UserError` unless `to` holds `mantissa` of a map. */
function checkFits(mantissa: number, to: Format, what: string, stage: string): number {
  if (mantissa >= minMantissa(to) && mantissa <= maxMantissa(to)) return mantissa;
  throw new UserError(
    `a ${what} of gain stage ${stage} is ${mantissa * lsb(to)}, beyond ${formatToString(to)}`,
    {
      field: '--map-formats',
      remedy: 'give formats that hold these maps; firmware of others is to be built anew',
    },
  );
}

/**
 * Mantissas of `maps` in `formats`, with the bound of what that costs for results of format `to`. Throws `UserError` where a
 * format does not hold them.
 */
export function integerMaps(
  detector: RawDetector,
  maps: FloatMaps,
  to: Format,
  formats: MapFormats = mapFormats(detector, extremesOf(detector, maps), to),
): IntegerMaps {
  const stages = detector.stages.length;
  const pixels = maps.pedestals[0]!.length;
  const [pedestalUnit, factorUnit] = [2 ** fractionBits(formats.pedestal), 2 ** fractionBits(formats.factor)];
  const pedestals = new Int32Array(pixels * stages);
  const factors = new Int32Array(pixels * stages);
  let bound = 0;
  detector.stages.forEach(({ name, limits }, stage) => {
    for (let i = 0; i < pixels; i++) {
      if (!isMapped(maps, stage, i)) continue;
      const at = i * stages + stage;
      const [p, f] = [maps.pedestals[stage]![i]!, maps.factors[stage]![i]!];
      pedestals[at] = checkFits(roundHalfEven(p * pedestalUnit), formats.pedestal, 'pedestal', name);
      factors[at] = checkFits(roundHalfEven(f * factorUnit), formats.factor, 'factor', name);
      const [ownP, ownF] = [pedestals[at]! / pedestalUnit, factors[at]! / factorUnit];
      const reach = Math.max(...limits.map((adc) => Math.abs(adc - p)));
      bound = Math.max(bound, Math.abs(ownF) * Math.abs(ownP - p) + reach * Math.abs(ownF - f));
    }
  });
  const { thresholds } = maps;
  return {
    ...formats,
    pedestals,
    factors,
    thresholds: Int32Array.from({ length: pixels * thresholds.length }, (_, at) =>
      // A word of gain is whole: above a threshold is above its floor.
      Math.min(
        Math.max(Math.floor(thresholds[at % thresholds.length]![Math.floor(at / thresholds.length)]!), 0),
        65535,
      ),
    ),
    bound: bound / lsb(to),
  };
}
