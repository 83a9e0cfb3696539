/** What a case is, and the formats that cases are about. */
import type { Random } from '../../src/core/random.js';
import { OVERFLOWS, QUANTIZATIONS, format, type Format } from '../../src/fixed/format.js';

export interface Case {
  /** The call in C++. */
  readonly code: string;
  /** Values, or pairs of values, that the call goes through. */
  readonly values: number;
  /** What `src/fixed` computes for it, where it has the operation. */
  readonly expected?: () => string;
}
/** Cases that share one golden hash. */
export interface Group {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** The format's type in C++. */
export const cpp = (f: Format): string =>
  `ap_${f.signed ? '' : 'u'}fixed<${f.width}, ${f.integer}, ${f.quantization}, ${f.overflow}>`;

/** A format that drops bits at both ends. */
export const plain = (signed: boolean, width: number, integer: number): Format =>
  format(signed, width, integer, 'AP_TRN', 'AP_WRAP');

export type Modes = readonly [Format['quantization'], Format['overflow']];

/** Every pair of modes that a format of that sign can have. */
export const modes = (signed: boolean): readonly Modes[] =>
  QUANTIZATIONS.flatMap((q) =>
    OVERFLOWS.filter((o) => signed || o !== 'AP_WRAP_SM').map((o) => [q, o] as const),
  );

/** Both signs of every width from 1 to `most`. */
export const small = (most: number): readonly (readonly [width: number, signed: boolean])[] =>
  Array.from({ length: most }, (_, i) => i + 1).flatMap((width) =>
    [true, false].map((signed) => [width, signed] as const),
  );

export function randomFormat(random: Random, most: number): Format {
  const width = random.integer(1, most);
  const signed = random.integer(0, 1) === 1;
  const [quantization, overflow] = random.pick(modes(signed));
  return format(signed, width, random.integer(-4, width + 4), quantization, overflow);
}

/** A format of a width about 32, 48, 53 or 64. */
export const wideFormat = (random: Random, most: number): Format => ({
  ...randomFormat(random, 53),
  width: random.pick([31, 32, 33, 47, 48, 52, 53, 54, 62, 63, 64].filter((w) => w <= most)),
});
