/**
 * From a wish (frame rate, latency, clock) to the cheapest dataflow that meets it, or to a refusal that names the
 * nearest possible wish.
 */
import { UnsupportedError, UserError, type UnsupportedReason } from '../../core/errors.js';
import type { Shape } from '../../ir/common.js';
import { fixedShapes, inputNode, type FixedGraph } from '../../ir/graph.js';
import type { FpgaTarget } from '../../targets/target.js';
import { macsPerFrame, type Weighted } from './folding.js';
import { checkLink, DEFAULT_LINK, packetBeats, type Link } from './link.js';
import { lowerGraph } from './lower.js';
import { wordsPerFrame, type Plan } from './plan.js';
import { schedulePlan, type Schedule } from './schedule.js';
import { rememberedForms } from './strategy.js';

export const PIXELS_PER_CLOCK = [1, 2, 4, 8, 16] as const;
export type PixelsPerClock = (typeof PIXELS_PER_CLOCK)[number];

export interface HlsOptions {
  readonly target: FpgaTarget;
  readonly pixelsPerClock?: PixelsPerClock;
  /** Frames per second to keep up with; as many as the pixel stream brings unless given. */
  readonly framesPerSecond?: number;
  /** Clock of the firmware, instead of the target's. */
  readonly clockMHz?: number;
  /** Longest time from the last pixel of a frame to its decision. */
  readonly latencyMicroseconds?: number;
  /** A second network that sees the same frames in shadow; its weights must be reloadable. Not unless given. */
  readonly canary?: boolean;
  /** Line buffers in block RAM that corrects single flipped bits (ECC); not unless given. */
  readonly ecc?: boolean;
  /** How frames arrive; what is left out is as in `DEFAULT_LINK`. */
  readonly link?: Partial<Link>;
}

export interface Design {
  readonly graph: FixedGraph;
  readonly target: FpgaTarget;
  readonly clockMHz: number;
  readonly pixelsPerClock: PixelsPerClock;
  /** Whether line buffers have ECC. */
  readonly ecc: boolean;
  readonly plan: Plan;
  readonly schedule: Schedule;
}

/** Cycles that a packet's beats take at `pixelsPerClock`. */
export function beatsPerFrame(graph: FixedGraph, link: Link, pixelsPerClock: number): number {
  const { size } = inputNode(graph);
  return packetBeats(
    link,
    pixelsPerClock,
    wordsPerFrame({ shape: [size[0], size[1], 1], lanes: pixelsPerClock }),
  );
}

/** What the firmware cannot do at all, every reason of it. */
function checkSupported(graph: FixedGraph): void {
  const shapes = fixedShapes(graph);
  const reasons: UnsupportedReason[] = [];
  for (const node of graph.nodes) {
    const channels = node.inputs.map((id) => shapes.get(id)![2]);
    if (node.kind === 'bin' && channels[0] !== 1)
      reasons.push({ what: node.id, why: `binning of ${channels[0]} channels: bin before joining them` });
    if (node.kind === 'crop' && channels[0] !== 1)
      reasons.push({ what: node.id, why: `cropping of ${channels[0]} channels: crop before joining them` });
    if (node.id !== graph.output && !graph.nodes.some((n) => n.inputs.includes(node.id)))
      reasons.push({ what: node.id, why: 'nothing reads it: take it out of the graph' });
  }
  const output = graph.nodes.find((n) => n.id === graph.output)!;
  if (output.format.width > 31)
    reasons.push({
      what: output.id,
      why: `logits of ${output.format.width} bits: the score register holds 32`,
    });
  if (reasons.length > 0) throw new UnsupportedError('the firmware', reasons);
}

function checkCanary({ reloadable }: FixedGraph, { canary }: HlsOptions): void {
  if (canary === true && !reloadable)
    throw new UserError('a network in shadow needs weights that can be exchanged', {
      field: '--canary',
      remedy: 'add --reloadable',
    });
}

function checkOptions(options: HlsOptions, clockMHz: number): void {
  const { target, framesPerSecond, latencyMicroseconds, pixelsPerClock } = options;
  if (!(clockMHz > 0 && clockMHz <= target.maxClockMHz))
    throw new UserError(`${clockMHz} MHz is beyond ${target.title}`, {
      field: 'clock',
      remedy: `ask for at most ${target.maxClockMHz} MHz`,
    });
  if (framesPerSecond !== undefined && !(framesPerSecond > 0))
    throw new UserError(`${framesPerSecond} frames/s is no frame rate`, { field: 'framesPerSecond' });
  if (latencyMicroseconds !== undefined && !(latencyMicroseconds > 0))
    throw new UserError(`${latencyMicroseconds} µs is no latency`, { field: 'latency' });
  if (pixelsPerClock !== undefined && !PIXELS_PER_CLOCK.includes(pixelsPerClock))
    throw new UserError(`${String(pixelsPerClock)} pixels per clock cannot be had`, {
      field: 'pixelsPerClock',
      remedy: `choose one of ${PIXELS_PER_CLOCK.join(', ')}`,
    });
}

/** Rounded down to three significant digits, so that what is offered can be had. */
const roundDown = (x: number): number => {
  const step = 10 ** (Math.floor(Math.log10(x)) - 2);
  return Number((Math.floor(x / step + 1e-9) * step).toPrecision(3));
};
/** Rounded up likewise. */
const roundUp = (x: number): number => {
  const step = 10 ** (Math.floor(Math.log10(x)) - 2);
  return Number((Math.ceil(x / step - 1e-9) * step).toPrecision(3));
};

/** Cycles a frame that the frame rate leaves; refused where the beats alone take longer. */
function interval(
  graph: FixedGraph,
  link: Link,
  options: HlsOptions,
  clockMHz: number,
  pixelsPerClock: number,
): number {
  const beats = beatsPerFrame(graph, link, pixelsPerClock);
  if (options.framesPerSecond === undefined) return beats;
  const cycles = Math.floor((clockMHz * 1e6) / options.framesPerSecond);
  if (cycles >= beats) return cycles;
  const faster = PIXELS_PER_CLOCK.find((p) => beatsPerFrame(graph, link, p) <= cycles);
  throw new UserError(
    `${options.framesPerSecond} frames/s leave ${cycles} cycles a frame, but its ${beats} beats alone take longer`,
    {
      field: 'framesPerSecond',
      remedy: `ask for at most ${roundDown((clockMHz * 1e6) / beats)} frames/s${faster === undefined ? '' : ` or for ${faster} pixels per clock`}`,
    },
  );
}

/**
 * Budgets that spend multipliers where they shorten the latency most. After the last pixel a stage still has about one
 * row of its output to do, `cycles / height`; its multipliers are `macs / cycles`. Least multipliers for a given sum
 * of such tails: `cycles ∝ √(macs · height)` (Lagrange).
 */
const tailBudget =
  (speed: number) =>
  (node: Weighted, output: Shape): number =>
    Math.max(1, Math.sqrt(macsPerFrame(node, output) * output[0]) / speed);

const lastPixelMicroseconds = (schedule: Schedule, clockMHz: number): number =>
  schedule.latencyLastPixel / clockMHz;

interface Candidate {
  readonly plan: Plan;
  readonly schedule: Schedule;
}

/** The slowest, hence cheapest, of the folded designs that meet the latency; else the best that there is. */
function meetLatency(
  first: Candidate,
  at: (speed: number) => Candidate,
  micros: number,
  clockMHz: number,
): Candidate {
  const meets = (c: Candidate): boolean => lastPixelMicroseconds(c.schedule, clockMHz) <= micros;
  if (meets(first)) return first;
  let slow = 0.25;
  let fast = slow;
  let found: Candidate | undefined;
  let best = first;
  while (fast < 2 ** 20) {
    const candidate = at(fast);
    if (candidate.schedule.latencyLastPixel < best.schedule.latencyLastPixel) best = candidate;
    if (meets(candidate)) {
      found = candidate;
      break;
    }
    // Every stage is as fast as it gets: more speed changes nothing.
    if (
      fast > 1 &&
      JSON.stringify(foldingsOf(candidate.plan)) === JSON.stringify(foldingsOf(at(fast * 4).plan))
    )
      break;
    slow = fast;
    fast *= 4;
  }
  if (found === undefined)
    throw new UserError(`a decision within ${micros} µs of the last pixel cannot be had`, {
      field: 'latency',
      remedy: `ask for at least ${roundUp(lastPixelMicroseconds(best.schedule, clockMHz))} µs, for a faster clock or for a smaller network`,
    });
  for (let i = 0; i < 3; i++) {
    const middle = Math.sqrt(slow * fast);
    const candidate = at(middle);
    if (meets(candidate)) {
      found = candidate;
      fast = middle;
    } else slow = middle;
  }
  return found;
}

const foldingsOf = (plan: Plan): unknown => plan.stages.map((s) => ('folding' in s ? s.folding : undefined));

/** The cheapest design for `graph` that meets `options`. */
export const designHls = (graph: FixedGraph, options: HlsOptions): Design =>
  designFor(graph, options, HLS_TIMING);

/** How long the plans of a back end take. */
export interface Timing {
  readonly schedule: (plan: Plan, interval?: number) => Schedule;
  /** Cycles that the slowest stage needs between frames. */
  readonly restart: number;
}

/** Cycles that the slowest stage's pipeline needs to drain and start again. */
const HLS_TIMING: Timing = { schedule: schedulePlan, restart: 24 };

/** The cheapest design for `graph` that meets `options`, by the timing of a back end. */
export function designFor(graph: FixedGraph, options: HlsOptions, timing: Timing): Design {
  const clockMHz = options.clockMHz ?? options.target.clockMHz;
  const pixelsPerClock = options.pixelsPerClock ?? 1;
  const link: Link = { ...DEFAULT_LINK, ...options.link };
  checkOptions(options, clockMHz);
  checkLink(link);
  checkCanary(graph, options);
  checkSupported(graph);
  const cyclesPerFrame = interval(graph, link, options, clockMHz, pixelsPerClock);
  const wanted = options.framesPerSecond === undefined ? undefined : cyclesPerFrame;
  const margin = Math.max(beatsPerFrame(graph, link, pixelsPerClock), cyclesPerFrame - timing.restart);
  const forms = rememberedForms();
  const at = (speed?: number): Candidate => {
    const plan = lowerGraph(graph, {
      target: options.target,
      forms,
      pixelsPerClock,
      link,
      canary: options.canary ?? false,
      cyclesPerFrame: margin,
      ...(speed === undefined ? {} : { budgetOf: tailBudget(speed) }),
    });
    return { plan, schedule: timing.schedule(plan, wanted) };
  };
  const first = at();
  if (wanted !== undefined && first.schedule.cyclesPerFrame > wanted)
    throw new UserError(
      `${options.framesPerSecond} frames/s leave ${wanted} cycles a frame, but ${first.schedule.bottleneck} takes ${first.schedule.cyclesPerFrame} at its fastest`,
      {
        field: 'framesPerSecond',
        remedy: `ask for at most ${roundDown((clockMHz * 1e6) / first.schedule.cyclesPerFrame)} frames/s, or bin more pixels`,
      },
    );
  const micros = options.latencyMicroseconds;
  const { plan, schedule } = micros === undefined ? first : meetLatency(first, at, micros, clockMHz);
  const ecc = options.ecc ?? false;
  return { graph, target: options.target, clockMHz, pixelsPerClock, ecc, plan, schedule };
}
