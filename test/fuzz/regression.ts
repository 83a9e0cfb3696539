/**
 * A shrunk failure as one file: the network without its proofs (they are computed anew), the frame, the check.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InvariantError } from '../../src/core/errors.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { CHECKS, type CheckName, type Subject } from './check.js';
import { rebuild } from './shrink.js';

export const REGRESSIONS = join(import.meta.dirname, '../regressions');

const ARRAYS = { i32: Int32Array, u8: Uint8Array, f64: Float64Array } as const;

function pack(value: unknown): unknown {
  for (const [name, type] of Object.entries(ARRAYS))
    if (value instanceof type) return { [name]: [...(value as Int32Array)] };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== 'proof')
      .map(([key, v]) => [key, pack(v)]),
  );
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [key, content] = entries[0] ?? ['', null];
  if (entries.length === 1 && key in ARRAYS)
    return ARRAYS[key as keyof typeof ARRAYS].from(content as number[]);
  return Object.fromEntries(entries.map(([k, v]) => [k, unpack(v)]));
}

const fileSchema = z.strictObject({
  /** What went wrong, and when it was mended. */
  note: z.string(),
  check: z.enum(CHECKS),
  hls: z.strictObject({
    pixelsPerClock: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8), z.literal(16)]),
    framesPerSecond: z.number().optional(),
  }),
  graph: z.looseObject({ nodes: z.array(z.unknown()) }),
  /** Pixels that are not 0, `[index, value]`, for each frame. */
  frames: z.array(z.array(z.tuple([z.int(), z.int()]))),
});

export function regressionText(check: CheckName, { graph, frames, hls }: Subject, note: string): string {
  const sparse = frames.map((f) => [...f].flatMap((value, i) => (value === 0 ? [] : [[i, value]])));
  return `${JSON.stringify({ note, check, hls, graph: pack(graph), frames: sparse }, null, 1)}\n`;
}

export interface Regression {
  readonly name: string;
  readonly note: string;
  readonly check: CheckName;
  readonly subject: Subject;
}

function read(name: string): Regression {
  const file = fileSchema.parse(JSON.parse(readFileSync(join(REGRESSIONS, name), 'utf8')));
  const plain = unpack(file.graph) as Omit<FixedGraph, 'nodes'> & { nodes: UnprovenNode[] };
  const { nodes, ...facts } = plain;
  const graph = rebuild(facts, nodes);
  if (graph === null) throw new InvariantError(`${name} is no well-formed network any more`);
  const [height, width] = inputNode(graph).size;
  const frames = file.frames.map((pixels) => {
    const frame = new Uint16Array(height * width);
    for (const [i, value] of pixels) frame[i] = value;
    return frame;
  });
  const { pixelsPerClock, framesPerSecond } = file.hls;
  const hls = framesPerSecond === undefined ? { pixelsPerClock } : { pixelsPerClock, framesPerSecond };
  return { name, note: file.note, check: file.check, subject: { graph, frames, hls } };
}

/** Every file of `test/regressions/`. */
export const readRegressions = (): readonly Regression[] =>
  readdirSync(REGRESSIONS)
    .filter((f) => f.endsWith('.json'))
    .sort()
    .map(read);
