/**
 * A plan as processes and streams, which the cycle model runs: what each stage's loops (loops.ts) are joined by.
 */
import { invariant } from '../../core/errors.js';
import { bitsFor } from '../../fixed/format.js';
import { sumBounds } from '../../ir/ops/common-mode.js';
import { contrastWindow } from '../../ir/ops/contrast.js';
import type { DataflowStream, Process, Rule } from './dataflow.js';
import { loopsOf, type Loop } from './loops.js';
import { isWeighted, nodeOf, receiveOf, type Plan, type Stage } from './plan.js';

/** Cycles between the last event of a frame and the first of the next, beyond the pipeline's depth. */
const RESTART = 2;
/** The same where a stage first asks which weights count: the loop between frames drains, too. */
const RELOADABLE_RESTART = 6;
/** A word can be read the cycle after it was written. */
const FIFO_LATENCY = 1;
/** The stream of what is said of each packet: number, causes, beats dropped. */
export const PACKETS = 'packets';
const PACKET_BITS = 64 + 8 + 3 + 32;
/** The FIFO in front: beats with TKEEP, SOF, EOFE, TLAST and what was lost before them. */
export const QUEUE = 'queue';
const QUEUE_FLAG_BITS = 5 + 8;
/** The name of the stream between a stage's line buffer and its multipliers. */
export const windowsOf = (stage: string): string => `${stage}.windows`;

/** The name of the stream of words that wait until the sum of their segment is known. */
export const waitingOf = (stage: string): string => `${stage}.waiting`;

export interface ModelStream extends DataflowStream {
  /** Bits of a word; 0 for the beats and the decisions, which are not the design's FIFOs. */
  readonly wordBits: number;
  readonly producer: string;
  readonly consumer: string;
}

export interface Model {
  readonly rule: Rule;
  readonly processes: readonly Process[];
  readonly streams: readonly ModelStream[];
  readonly source: number;
  readonly decisions: number;
}

/** The processes and streams of `plan`, with the depth that `depthOf` gives each of its streams. */
export function buildModel(plan: Plan, depthOf: (stream: string) => number): Model {
  const streams: ModelStream[] = [];
  const index = new Map<string, number>();
  const add = (stream: Omit<ModelStream, 'latency'>): number => {
    index.set(stream.name, streams.length);
    streams.push({ ...stream, latency: FIFO_LATENCY });
    return streams.length - 1;
  };
  const producer = new Map(plan.stages.flatMap((s) => s.outputs.map((o) => [o.name, s.name] as const)));
  const consumer = new Map(plan.stages.flatMap((s) => s.inputs.map((i) => [i.name, s.name] as const)));
  const receiver = receiveOf(plan);
  const absorb = plan.stages.find((s) => s.kind === 'absorb');
  const source = add({
    name: 'frames',
    depth: Infinity,
    wordBits: 0,
    producer: '',
    consumer: (absorb ?? receiver).name,
  });
  const last = plan.stages[plan.stages.length - 1]!.name;
  const decisions = add({ name: 'decisions', depth: Infinity, wordBits: 0, producer: last, consumer: '' });
  const packets = add({
    name: PACKETS,
    depth: depthOf(PACKETS),
    wordBits: PACKET_BITS,
    producer: receiver.name,
    consumer: last,
  });
  // The FIFO in front has the depth that was asked for, whatever the model sees.
  const queue =
    absorb === undefined
      ? source
      : add({
          name: QUEUE,
          depth: absorb.link.fifoBeats,
          wordBits: 16 * plan.pixelsPerClock + QUEUE_FLAG_BITS,
          producer: absorb.name,
          consumer: receiver.name,
        });
  for (const { name, lanes, format } of plan.streams)
    add({
      name,
      depth: depthOf(name),
      wordBits: lanes * format.width,
      producer: producer.get(name)!,
      consumer: consumer.get(name)!,
    });
  const processes = plan.stages.flatMap((stage) => {
    // Maps are read ahead from their memory: a calibration waits for the words alone.
    const waited = stage.kind === 'calibrate' ? stage.inputs.slice(0, 1) : stage.inputs;
    const inputs = waited.map((s) => index.get(s.name)!);
    const outputs = stage.outputs.map((s) => index.get(s.name)!);
    if (stage.kind === 'absorb') {
      inputs.push(source);
      outputs.push(queue);
    }
    if (stage.kind === 'receive') {
      inputs.push(queue);
      outputs.push(packets);
    }
    if (stage.kind === 'decide') {
      inputs.push(packets);
      outputs.push(decisions);
    }
    const parts = loopsOf(stage);
    if (parts.length === 0) return [];
    if (parts.length === 1) return [processOf(stage, parts[0]!, inputs, outputs)];
    const inner = innerStreams(stage).map(({ name, wordBits }) =>
      add({ name, depth: depthOf(name), wordBits, producer: stage.name, consumer: stage.name }),
    );
    return [processOf(stage, parts[0]!, inputs, inner), processOf(stage, parts[1]!, inner, outputs)];
  });
  return { rule: { kind: 'stall' }, processes, streams, source, decisions };
}

const processOf = (stage: Stage, loop: Loop, inputs: number[], outputs: number[]): Process => ({
  name: `${stage.name}${loop.suffix}`,
  inputs,
  outputs,
  events: loop.events,
  depths: outputs.map(() => loop.depth),
  restart: loop.depth + (isWeighted(stage) && stage.node.proof.worstCase ? RELOADABLE_RESTART : RESTART),
});

/** The streams between the two loops of a stage. */
function innerStreams(stage: Stage): readonly Pick<ModelStream, 'name' | 'wordBits'>[] {
  if (stage.kind !== 'commonMode') return [{ name: windowsOf(stage.name), wordBits: windowBits(stage) }];
  const { lanes, format } = stage.inputs[0]!;
  const { sum } = sumBounds(stage.node);
  return [
    { name: waitingOf(stage.name), wordBits: lanes * format.width },
    {
      name: `${stage.name}.sums`,
      wordBits: bitsFor(-sum, sum, true) + bitsFor(0, stage.node.columns, false),
    },
  ];
}

/** Bits of a window: the line buffer's lanes at every position of the kernel. */
function windowBits(stage: Stage): number {
  const node = nodeOf(stage);
  const window = node?.kind === 'contrast' ? contrastWindow(node) : node;
  invariant(window !== undefined && 'kernel' in window, `${stage.name} has no windows`);
  const { lanes, format } = stage.inputs[0]!;
  return lanes * format.width * window.kernel[0] * window.kernel[1];
}
