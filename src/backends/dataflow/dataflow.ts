/**
 * A cycle-level model of a dataflow: processes that read and write bounded streams in a fixed order.
 *
 * A process is a pipelined loop with an initiation interval of 1. Each of its events happens in one cycle, reads some
 * streams and, some cycles later, writes others. The order of events does not depend on data, so that the times follow
 * without stepping through idle cycles: an event happens as soon as its process has come to it, its inputs are there
 * and its outputs have room. There are two rules of what room is:
 *
 * - `stall`: a full stream stalls the whole pipeline, which happens when the word would be written (HLS loops);
 * - `credit`: an event takes a credit of each stream that it will write to, so that the pipeline behind it never
 *   stalls; the credit comes back some cycles after the reader took the word (RTL).
 *
 * The result is exact for these rules. For RTL, depths and latencies are those of the modules, and simulation holds
 * them to it; for HLS, how deep a pipeline is and what a restart costs are estimates in `loops.ts` and `processes.ts`.
 */
import { invariant } from '../../core/errors.js';

/** Bits 0–3 of an event: reads of inputs 0–3. Bits 4–7: writes of outputs 0–3. */
export const READ = (port: number): number => 1 << port;
export const WRITE = (port: number): number => 16 << port;

/** The events of one frame, in order. */
export interface Events {
  readonly flags: Uint8Array;
  /** Cycles from the event before (or from the start of the frame) to this one, at least 1. */
  readonly gaps: Uint32Array;
  /** Innermost loop bodies: cycles from start to end when nothing stalls. */
  readonly cycles: number;
}

export interface Process {
  readonly name: string;
  /** Indices of streams. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly events: Events;
  /** Cycles from an event to its write, for each output. */
  readonly depths: readonly number[];
  /** The bit `WRITE(port)` that stands for each output; output `i` is port `i` unless given. */
  readonly ports?: readonly number[];
  /** Cycles from the last event of a frame to the first possible of the next. */
  readonly restart: number;
}

export interface DataflowStream {
  readonly name: string;
  /** Words that fit; `Infinity` for sizing. */
  readonly depth: number;
  /** Cycles from the write of a word to the first cycle in which it can be read. */
  readonly latency: number;
}

/** What an event waits for where it will write: see above. */
export type Rule =
  | { readonly kind: 'stall' }
  /** `back`: cycles from a read to the event that its credit serves. */
  | { readonly kind: 'credit'; readonly back: number };

export interface Dataflow {
  readonly rule: Rule;
  readonly processes: readonly Process[];
  readonly streams: readonly DataflowStream[];
  /** The stream that the outside fills, and the cycle in which each of its words arrives. */
  readonly source: number;
  readonly arrivals: Int32Array;
  readonly frames: number;
}

export interface Blocked {
  readonly process: string;
  readonly waits: 'data' | 'room';
  readonly stream: string;
}

export type Simulation =
  | {
      readonly kind: 'finished';
      /** Cycle of every write and read, by stream. */
      readonly writes: readonly Int32Array[];
      readonly reads: readonly Int32Array[];
    }
  /** Nothing can go on: every process that is not done waits for another. */
  | { readonly kind: 'deadlock'; readonly frame: number; readonly blocked: readonly Blocked[] };

/** Collects events; a tick without reads or writes only lets time pass. */
export function eventRecorder(): { tick(flags: number): void; skip(cycles: number): void; finish(): Events } {
  let flags = new Uint8Array(256);
  let gaps = new Uint32Array(256);
  let length = 0;
  let pending = 0;
  let cycles = 0;
  return {
    tick(bits) {
      pending += 1;
      cycles += 1;
      if (bits === 0) return;
      if (length === flags.length) {
        const biggerFlags = new Uint8Array(length * 2);
        biggerFlags.set(flags);
        flags = biggerFlags;
        const biggerGaps = new Uint32Array(length * 2);
        biggerGaps.set(gaps);
        gaps = biggerGaps;
      }
      flags[length] = bits;
      gaps[length++] = pending;
      pending = 0;
    },
    skip(count) {
      pending += count;
      cycles += count;
    },
    finish: () => ({ flags: flags.slice(0, length), gaps: gaps.slice(0, length), cycles }),
  };
}

interface State {
  readonly process: Process;
  /** Cycles behind the last event of a frame: positions that neither read nor write. */
  readonly tail: number;
  frame: number;
  event: number;
  /** Cycle of the last event. */
  time: number;
  /** Cycles after `time` before the process can act again. */
  wait: number;
}

interface Run {
  readonly flow: Dataflow;
  readonly writes: Int32Array[];
  readonly reads: Int32Array[];
  readonly written: Int32Array;
  readonly read: Int32Array;
}

/** Words that each stream carries in all frames. */
function wordCounts(flow: Dataflow): number[] {
  const counts = flow.streams.map(() => 0);
  counts[flow.source] = flow.arrivals.length;
  for (const { outputs, events, ports } of flow.processes)
    outputs.forEach((stream, i) => {
      const bit = WRITE(ports?.[i] ?? i);
      let words = 0;
      for (const f of events.flags) if ((f & bit) !== 0) words += 1;
      counts[stream] = words * flow.frames;
    });
  return counts;
}

const writeBit = ({ ports }: Process, output: number): number => 16 << (ports?.[output] ?? output);

/** The first thing that the next event of `s` waits for. */
function obstacle(run: Run, s: State): Blocked | undefined {
  const { process } = s;
  const bits = process.events.flags[s.event]!;
  const at = (stream: number, waits: Blocked['waits']): Blocked => ({
    process: process.name,
    waits,
    stream: run.flow.streams[stream]!.name,
  });
  for (let p = 0; p < process.inputs.length; p++) {
    const stream = process.inputs[p]!;
    if ((bits & READ(p)) !== 0 && run.read[stream]! >= run.written[stream]!) return at(stream, 'data');
  }
  for (let p = 0; p < process.outputs.length; p++) {
    const stream = process.outputs[p]!;
    if (
      (bits & writeBit(process, p)) !== 0 &&
      run.written[stream]! - run.read[stream]! >= run.flow.streams[stream]!.depth
    )
      return at(stream, 'room');
  }
  return undefined;
}

/** Lets `s` go on until it is blocked or done; whether anything happened. */
function advance(run: Run, s: State): boolean {
  const { process } = s;
  const { inputs, outputs, events, depths } = process;
  const { flags, gaps } = events;
  const { rule, streams } = run.flow;
  let moved = false;
  while (s.frame < run.flow.frames) {
    if (obstacleFast(run, process, flags[s.event]!)) break;
    const bits = flags[s.event]!;
    let time = s.time + s.wait + gaps[s.event]! - 1;
    for (let p = 0; p < inputs.length; p++)
      if ((bits & READ(p)) !== 0) {
        const stream = inputs[p]!;
        time = Math.max(time, run.writes[stream]![run.read[stream]!]! + streams[stream]!.latency);
      }
    for (let p = 0; p < outputs.length; p++)
      if ((bits & writeBit(process, p)) !== 0) {
        const stream = outputs[p]!;
        const freed = run.written[stream]! - streams[stream]!.depth;
        if (freed < 0) continue;
        const taken = run.reads[stream]![freed]!;
        time = Math.max(time, rule.kind === 'stall' ? taken + 1 - depths[p]! : taken + rule.back);
      }
    for (let p = 0; p < inputs.length; p++)
      if ((bits & READ(p)) !== 0) run.reads[inputs[p]!]![run.read[inputs[p]!]!++] = time;
    for (let p = 0; p < outputs.length; p++)
      if ((bits & writeBit(process, p)) !== 0)
        run.writes[outputs[p]!]![run.written[outputs[p]!]!++] = time + depths[p]!;
    s.time = time;
    s.wait = 1;
    moved = true;
    if (++s.event === flags.length) {
      s.event = 0;
      s.frame += 1;
      s.wait = process.restart + s.tail;
    }
  }
  return moved;
}

function obstacleFast(run: Run, process: Process, bits: number): boolean {
  const { inputs, outputs } = process;
  for (let p = 0; p < inputs.length; p++)
    if ((bits & READ(p)) !== 0 && run.read[inputs[p]!]! >= run.written[inputs[p]!]!) return true;
  for (let p = 0; p < outputs.length; p++)
    if (
      (bits & writeBit(process, p)) !== 0 &&
      run.written[outputs[p]!]! - run.read[outputs[p]!]! >= run.flow.streams[outputs[p]!]!.depth
    )
      return true;
  return false;
}

/** Runs `flow`. Streams that nobody reads are the design's outputs and never full. */
export function simulateDataflow(flow: Dataflow): Simulation {
  invariant(
    flow.processes.every(
      (p) => p.inputs.length <= 4 && (p.ports ?? p.outputs.map((_, i) => i)).every((i) => i < 4),
    ),
    'at most four ports a side',
  );
  const counts = wordCounts(flow);
  const run: Run = {
    flow,
    writes: counts.map((n) => new Int32Array(n)),
    reads: counts.map((n) => new Int32Array(n)),
    written: new Int32Array(counts.length),
    read: new Int32Array(counts.length),
  };
  run.writes[flow.source]!.set(flow.arrivals);
  run.written[flow.source] = flow.arrivals.length;
  const states = flow.processes.map((process): State => ({
    process,
    tail: process.events.cycles - process.events.gaps.reduce((sum, gap) => sum + gap, 0),
    frame: 0,
    event: 0,
    time: 0,
    wait: 0,
  }));
  const writerOf = new Map(flow.processes.flatMap((p, i) => p.outputs.map((s) => [s, i] as const)));
  const readerOf = new Map(flow.processes.flatMap((p, i) => p.inputs.map((s) => [s, i] as const)));
  const neighbours = flow.processes.map((p) => [
    ...new Set(
      [...p.outputs.map((s) => readerOf.get(s)), ...p.inputs.map((s) => writerOf.get(s))].filter(
        (i) => i !== undefined,
      ),
    ),
  ]);
  // Only a neighbour of a process that moved can have become able to move.
  const queue = states.map((_, i) => i);
  const queued = states.map(() => true);
  for (let head = 0; head < queue.length; head++) {
    const i = queue[head]!;
    queued[i] = false;
    if (advance(run, states[i]!))
      for (const j of neighbours[i]!)
        if (!queued[j]) {
          queued[j] = true;
          queue.push(j);
        }
    if (head > 1 << 16) {
      queue.splice(0, head + 1);
      head = -1;
    }
  }
  const stuck = states.filter((s) => s.frame < flow.frames);
  if (stuck.length === 0) return { kind: 'finished', writes: run.writes, reads: run.reads };
  return {
    kind: 'deadlock',
    frame: Math.min(...stuck.map((s) => s.frame)),
    blocked: stuck.map((s) => obstacle(run, s)).filter((b) => b !== undefined),
  };
}
