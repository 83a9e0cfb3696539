/** The factors that an activation multiplies accumulators below zero by, as the hardware is given them. */
import { bitsFor } from '../../fixed/format.js';
import { multiplies, slopesOf, type Activation } from '../../ir/activations.js';
import { packedLiteral } from './sv.js';

/** One slope for all channels, or one for each, of `width` bits. */
export interface HardwareSlopes {
  readonly values: readonly number[];
  readonly width: number;
}

/** Null where no accumulator is multiplied. */
export function hardwareSlopes(activation: Activation): HardwareSlopes | null {
  if (!multiplies(activation)) return null;
  const { negative } = slopesOf(activation);
  return { values: negative, width: bitsFor(Math.min(...negative, 0), Math.max(...negative, 1), true) };
}

/** Parameters of the slopes of `vetoc_requantize_lanes`, whose words hold `lanes` of `channels`. */
export function laneSlopes(
  activation: Activation,
  lanes: number,
  channels: number,
): Readonly<Record<string, number | string>> {
  const slopes = hardwareSlopes(activation);
  if (slopes === null) return {};
  const { values, width } = slopes;
  const all = values.length === 1 ? new Array<number>(lanes).fill(values[0]!) : values;
  return {
    GROUPS: values.length === 1 ? 1 : channels / lanes,
    LW: width,
    ALPHAS: packedLiteral(all, width),
  };
}
