/** Firmware as a user asks for it: a board by name, a rate, and how frames arrive. */
import type { HlsOptions } from '../backends/dataflow/design.js';
import { PIXELS_PER_CLOCK, type PixelsPerClock } from '../backends/dataflow/link.js';
import type { Link } from '../backends/dataflow/link.js';
import { UserError } from '../core/errors.js';
import { loadFpga } from '../targets/load.js';

export const FRAMINGS = ['ssi', 'tlast'] as const;
export const OVERFLOWS = ['wait', 'drop'] as const;

/** What is asked for. What is left out is as in `DEFAULT_LINK`, or the target's. */
export interface FirmwareWish {
  /** Name of a board that comes with vetoc, or a target file. */
  readonly target: string;
  readonly pixelsPerClock: PixelsPerClock;
  readonly framesPerSecond?: number;
  /** MHz. */
  readonly clock?: number;
  /** Longest time from the last pixel to the decision, µs. */
  readonly latency?: number;
  readonly framing: (typeof FRAMINGS)[number];
  readonly header: boolean;
  readonly crc?: boolean;
  readonly idleCycles?: number;
  readonly numberStep?: number;
  /** Beats of the FIFO in front. */
  readonly inputFifo?: number;
  readonly overflow: (typeof OVERFLOWS)[number];
  readonly ecc?: boolean;
  readonly canary?: boolean;
}

/** A number of pixels a beat that firmware can take. Throws `UserError`. */
export function parsePixelsPerClock(text: string): PixelsPerClock {
  const found = PIXELS_PER_CLOCK.find((p) => String(p) === text);
  if (found !== undefined) return found;
  throw new UserError(`"${text}" pixels per clock cannot be had`, {
    field: '--pixels-per-clock',
    remedy: `choose one of ${PIXELS_PER_CLOCK.join(', ')}`,
  });
}

/** How frames arrive. */
const linkOf = (wish: FirmwareWish): Partial<Link> => ({
  framing: wish.framing,
  overflow: wish.overflow,
  header: wish.header,
  crc: wish.crc === true,
  ...(wish.idleCycles === undefined ? {} : { idleCycles: wish.idleCycles }),
  ...(wish.numberStep === undefined ? {} : { numberStep: wish.numberStep }),
  ...(wish.inputFifo === undefined ? {} : { fifoBeats: wish.inputFifo }),
});

/** The design that a wish asks for. Throws `UserError` where there is no such board. */
export async function firmwareOptions(wish: FirmwareWish): Promise<HlsOptions> {
  return {
    target: await loadFpga(wish.target),
    pixelsPerClock: wish.pixelsPerClock,
    link: linkOf(wish),
    ecc: wish.ecc === true,
    canary: wish.canary === true,
    ...(wish.framesPerSecond === undefined ? {} : { framesPerSecond: wish.framesPerSecond }),
    ...(wish.clock === undefined ? {} : { clockMHz: wish.clock }),
    ...(wish.latency === undefined ? {} : { latencyMicroseconds: wish.latency }),
  };
}
