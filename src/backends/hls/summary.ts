/** What a design costs and how fast it is, as plain values: for the estimate command, the README and the report. */
import type { Timing } from '../backend.js';
import { UserError } from '../../core/errors.js';
import type { FpgaTarget } from '../../targets/target.js';
import type { Design } from '../dataflow/design.js';
import { estimateDesign, type Estimate } from './estimate.js';
import { beatsOf } from '../dataflow/schedule.js';

/** Cycles by which a stage that merely keeps up with the pixels may exceed the beats: its pipeline restarts. */
const RESTART_CYCLES = 24;

export function timingOf(design: Design): Timing {
  const { schedule, clockMHz, pixelsPerClock, plan } = design;
  const beatsPerFrame = beatsOf(plan);
  const streamLimited = schedule.cyclesPerFrame <= beatsPerFrame + RESTART_CYCLES;
  return {
    clockMHz,
    pixelsPerClock,
    beatsPerFrame,
    cyclesPerFrame: schedule.cyclesPerFrame,
    framesPerSecond: (clockMHz * 1e6) / schedule.cyclesPerFrame,
    limitedBy: streamLimited ? 'the pixel stream' : schedule.bottleneck,
    firstPixelMicroseconds: schedule.latencyFirstPixel / clockMHz,
    lastPixelMicroseconds: schedule.latencyLastPixel / clockMHz,
  };
}

export interface Neighbours {
  /** The next board with more look-up tables, and whether the design fits there. */
  readonly larger?: { readonly name: string; readonly fits: boolean };
  readonly smaller?: { readonly name: string; readonly fits: boolean };
}

/** The boards next to the design's own, by look-up tables. */
export function neighbouringBoards(design: Design, boards: readonly FpgaTarget[]): Neighbours {
  const own = design.target.resources.lut;
  const bySize = boards
    .filter(({ vendor }) => vendor === design.target.vendor)
    .sort((a, b) => a.resources.lut - b.resources.lut);
  const larger = bySize.find((t) => t.resources.lut > own);
  const smaller = bySize.filter((t) => t.resources.lut < own).pop();
  const entry = (t: FpgaTarget): { name: string; fits: boolean } => ({
    name: t.name,
    fits: estimateDesign(design, t).fits,
  });
  return {
    ...(larger === undefined ? {} : { larger: entry(larger) }),
    ...(smaller === undefined ? {} : { smaller: entry(smaller) }),
  };
}

export interface Summary {
  readonly target: string;
  readonly part: string;
  readonly timing: Timing;
  readonly estimate: Estimate;
}

/** Two networks are not built for a board that has no room for them, by the estimate. */
export function checkCanaryFits({ plan, target }: Design, { fits, utilisation }: Estimate): void {
  if (!plan.canary || fits) return;
  const { lut, ff, dsp, bram36 } = utilisation;
  const [name, share] = Object.entries({ LUT: lut, FF: ff, DSP: dsp, BRAM36: bram36 }).reduce((a, b) =>
    b[1] > a[1] ? b : a,
  );
  throw new UserError(
    `two networks do not fit ${target.title}: they take ${Math.ceil(100 * share)} % of its ${name}`,
    { field: '--canary', remedy: 'leave it out, ask for fewer frames per second, or for a larger board' },
  );
}

export const summarize = (design: Design): Summary => ({
  target: design.target.name,
  part: design.target.part,
  timing: timingOf(design),
  estimate: estimateDesign(design),
});
