/** The cycle model of a design as a file of its project: what holds the simulation to its cycles. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { z } from 'zod';
import { invariant } from '../../core/errors.js';
import { parseJsonAs } from '../../core/json.js';
import { simulateDataflow, type Events } from '../dataflow/dataflow.js';
import { beatsOf } from '../dataflow/schedule.js';
import type { RtlDesign } from './design.js';
import { rtlModel } from './schedule.js';

/** Raised whenever the meaning of the file changes. */
const VERSION = 1;

const whole = z.int().min(0);
const modelSchema = z
  .strictObject({
    version: z.literal(VERSION),
    top: z.string().regex(/^[a-z][a-z0-9_]*$/),
    beats: whole,
    /** Cycles from a read to the event that its credit serves. */
    creditBack: whole,
    /** The streams that the outside fills and empties, by index. */
    source: whole,
    decisions: whole,
    /** `depth` is null where a stream has no bound in the model. */
    streams: z.array(z.strictObject({ name: z.string(), depth: whole.nullable(), latency: whole })),
    processes: z.array(
      z.strictObject({
        name: z.string(),
        inputs: z.array(whole),
        outputs: z.array(whole),
        depths: z.array(whole),
        ports: z.array(whole),
        restart: whole,
        cycles: whole,
        /** Bytes, and little-endian words of 32 bits: deflated, in base64. */
        flags: z.base64(),
        gaps: z.base64(),
      }),
    ),
  })
  .readonly();
type ModelFile = z.infer<typeof modelSchema>;

const packed = (bytes: Uint8Array): string => deflateRawSync(bytes).toString('base64');
const unpacked = (text: string): Uint8Array => inflateRawSync(Buffer.from(text, 'base64'));

export function printModel(design: RtlDesign): string {
  const model = rtlModel(design.network, design.schedule.links);
  invariant(model.rule.kind === 'credit', 'the RTL holds credits');
  const file: ModelFile = {
    version: VERSION,
    top: design.top,
    beats: beatsOf(design.plan),
    creditBack: model.rule.back,
    source: model.source,
    decisions: model.decisions,
    streams: model.streams.map(({ name, depth, latency }) => ({
      name,
      depth: Number.isFinite(depth) ? depth : null,
      latency,
    })),
    processes: model.processes.map(({ name, inputs, outputs, depths, ports, events, restart }) => ({
      name,
      inputs: [...inputs],
      outputs: [...outputs],
      depths: [...depths],
      ports: [...(ports ?? outputs.keys())],
      restart,
      cycles: events.cycles,
      flags: packed(events.flags),
      gaps: packed(new Uint8Array(events.gaps.buffer, events.gaps.byteOffset, events.gaps.byteLength)),
    })),
  };
  return `${JSON.stringify(file, null, 1)}\n`;
}

export interface ReadModel {
  readonly top: string;
  /** Of a frame. */
  readonly beats: number;
  /** The cycle in which each decision of `frames` frames is offered, for beats offered in `arrivals`. */
  readonly decided: (arrivals: Int32Array, frames: number) => Int32Array;
}

/** Reads what `printModel` wrote; `file` is its name for messages. */
export function parseModel(text: string, file: string): ReadModel {
  const model = parseJsonAs(modelSchema, text, file, 'export the RTL again');
  const { top, beats, creditBack, source, decisions, streams, processes } = model;
  const flow = {
    rule: { kind: 'credit', back: creditBack } as const,
    source,
    streams: streams.map((s) => ({ ...s, depth: s.depth ?? Infinity })),
    processes: processes.map(({ flags, gaps, cycles, ...rest }) => {
      const words = unpacked(gaps);
      const events: Events = {
        flags: unpacked(flags),
        gaps: new Uint32Array(words.buffer.slice(words.byteOffset, words.byteOffset + words.byteLength)),
        cycles,
      };
      return { ...rest, events };
    }),
  };
  return {
    top,
    beats,
    decided(arrivals, frames) {
      const simulation = simulateDataflow({ ...flow, arrivals, frames });
      invariant(simulation.kind === 'finished', 'the RTL comes to a halt');
      const { latency } = streams[decisions]!;
      return simulation.writes[decisions]!.map((t) => t + latency);
    },
  };
}
