/**
 * Timing of a plan: cycles of each stage, latency, frame rate and the depth of every FIFO, from the cycle-level model.
 *
 * Frames arrive at line rate, one beat a cycle, at the rate asked for, one after the other. FIFOs are as deep as they
 * ever get when nothing waits for room, so that no stage stalls another and the input is never held up within a frame.
 */
import { invariant, UserError } from '../../core/errors.js';
import { simulateDataflow, type Blocked, type Dataflow, type Simulation } from './dataflow.js';
import { highWater } from './occupancy.js';
import { packetBeats } from './link.js';
import { receiveOf, wordsPerFrame, type Plan } from './plan.js';
import { buildModel, QUEUE, type Model } from './processes.js';

export interface FifoReport {
  readonly stream: string;
  readonly producer: string;
  readonly consumer: string;
  /** Words. */
  readonly depth: number;
  readonly wordBits: number;
  /** Most words that the model saw waiting. */
  readonly highWater: number;
  readonly reason: string;
}

export interface ProcessReport {
  readonly process: string;
  readonly stage: string;
  /** Cycles a frame when nothing stalls, restart included. */
  readonly cycles: number;
}

export interface Schedule {
  /** Cycles between frames that the design sustains: the slowest process. */
  readonly cyclesPerFrame: number;
  readonly bottleneck: string;
  /** Cycles between frames that the FIFOs are sized for. */
  readonly interval: number;
  /** From the first and the last beat of a frame to its decision. */
  readonly latencyFirstPixel: number;
  readonly latencyLastPixel: number;
  /** Longest time that a beat had to wait at the input. */
  readonly inputStall: number;
  readonly processes: readonly ProcessReport[];
  readonly fifos: readonly FifoReport[];
}

const MIN_DEPTH = 2;
/** Frames that are enough for nearly every design: the pipeline fills, then repeats itself. */
const FEW_FRAMES = 3;
/** A latency that has not settled after so many grows from frame to frame. */
const MANY_FRAMES = 24;

function arrivalTimes(beats: number, interval: number, frames: number): Int32Array {
  const times = new Int32Array(beats * frames);
  for (let f = 0; f < frames; f++) for (let i = 0; i < beats; i++) times[f * beats + i] = f * interval + i;
  return times;
}

/** What a back end's model is run for: frames one after the other. */
export type SteadyModel = Omit<Dataflow, 'arrivals' | 'frames'> & { readonly decisions: number };

export interface Steady {
  readonly frames: number;
  /** The frame whose latency is stated: the last of those that repeat, or the latest where a backlog of the start melts. */
  readonly frame: number;
  readonly arrivals: Int32Array;
  readonly simulation: Extract<Simulation, { kind: 'finished' }>;
}

/**
 * Runs `model` until two frames in succession, `interval` cycles apart, are decided after the same time. A design that
 * comes to a halt, or that falls behind further with each frame, is a `UserError`. One that starts with a backlog and melts
 * it by less than `MANY_FRAMES` show is stated by its slowest frame.
 */
export function steady(model: SteadyModel, beats: number, interval: number): Steady {
  let growth = 0;
  for (let frames = FEW_FRAMES; frames <= MANY_FRAMES; frames *= 2) {
    const arrivals = arrivalTimes(beats, interval, frames);
    const simulation = simulateDataflow({ ...model, arrivals, frames });
    if (simulation.kind === 'deadlock')
      throw new UserError(
        `the dataflow comes to a halt in frame ${simulation.frame}: ${describe(simulation.blocked)}`,
        {
          field: 'FIFO depths',
          remedy: 'leave out the limit on FIFO depths, or raise it',
        },
      );
    const decided = simulation.writes[model.decisions]!;
    growth = decided[frames - 1]! - decided[frames - 2]! - interval;
    if (growth === 0) return { frames, frame: frames - 1, arrivals, simulation };
    if (growth < 0 && 2 * frames > MANY_FRAMES)
      return { frames, frame: slowestFrame(decided, interval), arrivals, simulation };
  }
  throw new UserError(
    `the decisions fall behind by ${growth} cycles with every frame when frames follow each other in ${interval} cycles`,
    {
      field: 'FIFO depths',
      remedy: 'leave out the limit on FIFO depths, raise it, or ask for fewer frames per second',
    },
  );
}

/** Cycles from the last of the `beats` of a frame that comes alone to the write of its decision; FIFOs must have no limit. */
export function decidedAlone(model: SteadyModel, beats: number): number {
  const simulation = simulateDataflow({ ...model, arrivals: arrivalTimes(beats, beats, 1), frames: 1 });
  invariant(simulation.kind === 'finished', 'a dataflow with room for every word comes to an end');
  return simulation.writes[model.decisions]![0]! - (beats - 1);
}

function slowestFrame(decided: ArrayLike<number>, interval: number): number {
  let slowest = 0;
  for (let frame = 1; frame < decided.length; frame++)
    if (decided[frame]! - decided[slowest]! > (frame - slowest) * interval) slowest = frame;
  return slowest;
}

const stageOf = (process: string): string => process.split('.')[0]!;

const describe = (blocked: readonly Blocked[]): string =>
  blocked
    .map((b) => `${b.process} waits for ${b.waits} ${b.waits === 'data' ? 'from' : 'in'} ${b.stream}`)
    .join('; ');

/** Beats of a packet. */
export const beatsOf = (plan: Plan): number =>
  packetBeats(plan.link, plan.pixelsPerClock, wordsPerFrame(receiveOf(plan).outputs[0]!));

function processReports(model: Model): ProcessReport[] {
  return model.processes.map((p) => ({
    process: p.name,
    stage: stageOf(p.name),
    cycles: p.events.cycles + p.restart,
  }));
}

/** Why a FIFO is as deep as it is. */
function reasonFor(plan: Plan, producer: string, consumer: string, depth: number): string {
  if (depth <= MIN_DEPTH) return 'reader keeps up with writer';
  const from = plan.stages.find((s) => s.name === producer);
  const to = plan.stages.find((s) => s.name === consumer);
  if (from?.kind === 'commonMode' && producer === consumer)
    return 'a segment of a row waits until its sum is known';
  if (producer === consumer) return 'rows of windows come in bursts: the line buffer reads ahead meanwhile';
  if (to?.kind === 'decide' && from?.kind === 'receive') return 'frames on their way through the network';
  if (to !== undefined && to.inputs.length > 1)
    return `waits for the other branch of ${to.name}: its line buffers and pipelines fill first`;
  if (from?.kind === 'bin') return 'a row of blocks arrives in a burst, once for each row of blocks';
  if (from?.kind === 'fork') return 'absorbs bursts, so that the other branch is not held up';
  return `${consumer} reads more slowly than ${producer} writes its bursts`;
}

/** Cycles from the last pixel of a frame that comes alone to its decision, with room for every word. */
export function latencyAlone(plan: Plan): number {
  const model = buildModel(plan, () => Infinity);
  return decidedAlone(model, beatsOf(plan));
}

/**
 * The timing of `plan` for frames every `interval` cycles (as fast as the design can, unless given).
 * `depths` overrides FIFO depths; a design that then comes to a halt is a `UserError` that names who waits for whom.
 */
export function schedulePlan(plan: Plan, interval?: number, depths?: ReadonlyMap<string, number>): Schedule {
  const model = buildModel(plan, (stream) => depths?.get(stream) ?? Infinity);
  const processes = processReports(model);
  const slowest = processes.reduce((a, b) => (b.cycles > a.cycles ? b : a));
  const beats = beatsOf(plan);
  const spacing = Math.max(interval ?? 0, slowest.cycles);
  const { arrivals, simulation, frame } = steady(model, beats, spacing);
  const decided = simulation.writes[model.decisions]![frame]!;
  const accepted = simulation.reads[model.source]!;
  let inputStall = 0;
  for (let i = 0; i < accepted.length; i++)
    inputStall = Math.max(inputStall, accepted[i]! - arrivals[i]! - 1);
  const fifos = model.streams.flatMap((stream, i): FifoReport[] => {
    if (stream.wordBits === 0) return [];
    const most = highWater(simulation.writes[i]!, simulation.reads[i]!);
    const asked = stream.name === QUEUE ? stream.depth : depths?.get(stream.name);
    const depth = asked ?? Math.max(MIN_DEPTH, most);
    const { producer, consumer, wordBits } = stream;
    return [
      {
        stream: stream.name,
        producer,
        consumer,
        depth,
        wordBits,
        highWater: most,
        reason: reasonFor(plan, producer, consumer, depth),
      },
    ];
  });
  return {
    cyclesPerFrame: slowest.cycles,
    bottleneck: slowest.process,
    interval: spacing,
    latencyFirstPixel: decided - arrivals[frame * beats]!,
    latencyLastPixel: decided - arrivals[(frame + 1) * beats - 1]!,
    inputStall,
    processes,
    fifos,
  };
}
