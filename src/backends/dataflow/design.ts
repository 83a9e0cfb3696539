/**
 * From a wish (frame rate, latency, clock) to the cheapest dataflow that meets it, or to a refusal that names the
 * nearest possible wish.
 */
import { UnsupportedError, UserError, type UnsupportedReason } from '../../core/errors.js';
import { fixedShapes, inputNode, type FixedGraph } from '../../ir/graph.js';
import { refuseModules } from '../../ir/modules.js';
import type { FpgaTarget } from '../../targets/target.js';
import {
  checkLink,
  DEFAULT_LINK,
  packetBeats,
  type Link,
  PIXELS_PER_CLOCK,
  type PixelsPerClock,
  perClock,
} from './link.js';
import { meetLatency, type Candidate, type Timing } from './latency.js';
import { lowerGraph } from './lower.js';
import type { Budget } from './pace.js';
import { wordsPerFrame, type Plan } from './plan.js';
import { roundDown } from './round.js';
import { latencyAlone, schedulePlan, type Schedule } from './schedule.js';
import { formsOf } from './strategy.js';

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
      remedy: `ask for at most ${roundDown((clockMHz * 1e6) / beats)} frames/s${faster === undefined ? '' : ` or for ${perClock(faster)}`}`,
    },
  );
}

/** The cheapest design of HLS for `graph` that meets `options`. Throws `UserError`. */
export function designHls(graph: FixedGraph, options: HlsOptions): Design {
  checkHlsTarget(options.target);
  return designFor(graph, options, HLS_TIMING);
}

/** Throws `UserError` for a board that HLS makes no firmware for. */
export function checkHlsTarget({ vendor, title, name }: FpgaTarget): void {
  if (vendor !== 'amd')
    throw new UserError(`Vitis HLS makes no firmware for ${title}`, {
      field: 'target',
      remedy: `give a board of AMD; for this one: vetoc export rtl RUN --target ${name}`,
    });
}

/** Cycles that the slowest stage's pipeline needs to drain and start again. */
const HLS_TIMING: Timing = { schedule: schedulePlan, alone: latencyAlone, restart: 24 };

/** The cheapest design for `graph` that meets `options`, by the timing of a back end. */
export function designFor(graph: FixedGraph, options: HlsOptions, timing: Timing): Design {
  const clockMHz = options.clockMHz ?? options.target.clockMHz;
  const pixelsPerClock = options.pixelsPerClock ?? 1;
  const link: Link = { ...DEFAULT_LINK, ...options.link };
  checkOptions(options, clockMHz);
  checkLink(link);
  checkCanary(graph, options);
  refuseModules(
    'the firmware',
    graph,
    'a frame arrives in parts: vetoc run --split modules makes projects of each',
  );
  checkSupported(graph);
  const cyclesPerFrame = interval(graph, link, options, clockMHz, pixelsPerClock);
  const wanted = options.framesPerSecond === undefined ? undefined : cyclesPerFrame;
  const margin = Math.max(beatsPerFrame(graph, link, pixelsPerClock), cyclesPerFrame - timing.restart);
  const forms = formsOf(graph);
  const lower = (budgetOf?: Budget, pixels: PixelsPerClock = pixelsPerClock): Plan =>
    lowerGraph(graph, {
      target: options.target,
      forms,
      pixelsPerClock: pixels,
      link,
      canary: options.canary ?? false,
      cyclesPerFrame: margin,
      ...(budgetOf === undefined ? {} : { budgetOf }),
    });
  const scheduled = (plan: Plan): Candidate => ({ plan, schedule: timing.schedule(plan, wanted) });
  const first = scheduled(lower());
  if (wanted !== undefined && first.schedule.cyclesPerFrame > wanted)
    throw new UserError(
      `${options.framesPerSecond} frames/s leave ${wanted} cycles a frame, but ${first.schedule.bottleneck} takes ${first.schedule.cyclesPerFrame} at its fastest`,
      {
        field: 'framesPerSecond',
        remedy: `ask for at most ${roundDown((clockMHz * 1e6) / first.schedule.cyclesPerFrame)} frames/s, or bin more pixels`,
      },
    );
  const micros = options.latencyMicroseconds;
  const { plan, schedule } =
    micros === undefined
      ? first
      : meetLatency(first, { graph, lower, scheduled, timing, micros, clockMHz, pixelsPerClock });
  const ecc = options.ecc ?? false;
  return { graph, target: options.target, clockMHz, pixelsPerClock, ecc, plan, schedule };
}
