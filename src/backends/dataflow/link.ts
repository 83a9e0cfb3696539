/**
 * How frames arrive at the firmware: what a packet is made of and what the firmware does when it breaks. The same for
 * every back end that makes hardware; `backends/hls/README.md` says what it means in words.
 */
import { UserError } from '../../core/errors.js';

/** Pixels in a beat. */
export const PIXELS_PER_CLOCK = [1, 2, 4, 8, 16] as const;
export type PixelsPerClock = (typeof PIXELS_PER_CLOCK)[number];
/** `pixels` in words. */
export const perClock = (pixels: number): string =>
  `${pixels} ${pixels === 1 ? 'pixel' : 'pixels'} per clock`;

export interface Link {
  /**
   * `ssi`: TUSER bit 1 marks the first beat of a packet, bit 0 an error at its last (SLAC's SsiPkg: SOF, EOFE).
   * `tlast`: no TUSER; a packet begins with the beat behind a TLAST.
   */
  readonly framing: 'ssi' | 'tlast';
  /** The detector's frame number (64 bits) stands in front of the pixels; else the firmware counts. */
  readonly header: boolean;
  /** A CRC-32 of header and pixels stands behind the pixels. */
  readonly crc: boolean;
  /** Cycles without a beat after which a frame that has begun is given up, where the register holds 0. */
  readonly idleCycles: number;
  /** Difference of the numbers of successive frames, where the register holds 0. */
  readonly numberStep: number;
  /** `wait`: TREADY falls. `drop`: TREADY stays high, frames that find no room are cut off, kept and flagged. */
  readonly overflow: 'wait' | 'drop';
  /** Beats that the FIFO in front holds; 0 for none. `drop` needs one. */
  readonly fifoBeats: number;
}

export const DEFAULT_LINK: Link = {
  framing: 'ssi',
  header: true,
  crc: false,
  idleCycles: 65_536,
  numberStep: 1,
  overflow: 'wait',
  fifoBeats: 0,
};

/** Bits of header and trailer; both start with a fresh beat, low bits first, and leave the rest of their last beat 0. */
const HEADER_BITS = 64;
const CRC_BITS = 32;

const beatsFor = (bits: number, pixelsPerClock: number): number => Math.ceil(bits / (16 * pixelsPerClock));

/** Beats in front of the pixels. */
export const headerBeats = ({ header }: Link, pixelsPerClock: number): number =>
  header ? beatsFor(HEADER_BITS, pixelsPerClock) : 0;

/** Beats behind the pixels. */
export const trailerBeats = ({ crc }: Link, pixelsPerClock: number): number =>
  crc ? beatsFor(CRC_BITS, pixelsPerClock) : 0;

/** Beats of a packet whose pixels take `pixelBeats`. */
export const packetBeats = (link: Link, pixelsPerClock: number, pixelBeats: number): number =>
  headerBeats(link, pixelsPerClock) + pixelBeats + trailerBeats(link, pixelsPerClock);

const MAX_FIFO_BEATS = 2 ** 22;

/** Refuses settings that no firmware can have, by the option's name. */
export function checkLink(link: Link): void {
  const whole = (value: number, low: number, high: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;
  if (!whole(link.idleCycles, 1, 2 ** 32 - 1))
    throw new UserError(`${link.idleCycles} cycles are no idle time`, {
      field: '--idle-cycles',
      remedy: 'a frame must be allowed to pause: ask for 1 to 4294967295 cycles',
    });
  if (!whole(link.numberStep, 1, 2 ** 32 - 1))
    throw new UserError(`frame numbers cannot go up by ${link.numberStep}`, {
      field: '--number-step',
      remedy: 'ask for 1 to 4294967295',
    });
  if (!whole(link.fifoBeats, 0, MAX_FIFO_BEATS))
    throw new UserError(`a FIFO of ${link.fifoBeats} beats cannot be built`, {
      field: '--input-fifo',
      remedy: `ask for 0 to ${MAX_FIFO_BEATS}`,
    });
  if (link.overflow === 'drop' && link.fifoBeats < 16)
    throw new UserError(`a detector that cannot wait needs a FIFO, and ${link.fifoBeats} beats are too few`, {
      field: '--input-fifo',
      remedy: 'ask for at least 16; the beats of one frame absorb the time after a malformed one',
    });
}
