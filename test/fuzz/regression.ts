/**
 * A shrunk failure as one file: the network, fixed (without its proofs, which are computed anew) or float, the frames,
 * the check.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { InvariantError } from '../../src/core/errors.js';
import type { UnprovenNode } from '../../src/ir/build.js';
import { inputNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { verifyFloatGraph } from '../../src/ir/verify.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import { check, CHECKS, type CheckName, type Subject } from './check.js';
import { checkFloat, FLOAT_CHECKS, type FloatFailure } from './float-checks.js';
import type { Outcome } from './outcome.js';
import { rebuild } from './shrink.js';

export const REGRESSIONS = join(import.meta.dirname, '../regressions');

const ARRAYS = { i32: Int32Array, u8: Uint8Array, f32: Float32Array, f64: Float64Array } as const;

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

const shared = {
  /** What went wrong, and when it was mended. */
  note: z.string(),
  graph: z.looseObject({ nodes: z.array(z.unknown()) }),
  /** Pixels that are not 0, `[index, value]`, for each frame. */
  frames: z.array(z.array(z.tuple([z.int(), z.int()]))),
};
const fixedSchema = z.strictObject({
  ...shared,
  check: z.enum(CHECKS),
  hls: z.strictObject({
    pixelsPerClock: z.union([z.literal(1), z.literal(2), z.literal(4), z.literal(8), z.literal(16)]),
    framesPerSecond: z.number().optional(),
  }),
});
const floatSchema = z.strictObject({
  ...shared,
  check: z.string().refine((name) => FLOAT_CHECKS.includes(name)),
  quantization: quantizationSchema,
});

type Fields = Readonly<Record<string, unknown>>;
function text(frames: readonly Uint16Array[], fields: Fields): string {
  const sparse = frames.map((f) => [...f].flatMap((value, i) => (value === 0 ? [] : [[i, value]])));
  return `${JSON.stringify({ ...fields, frames: sparse }, null, 1)}\n`;
}

export const regressionText = (check: CheckName, { graph, frames, hls }: Subject, note: string): string =>
  text(frames, { note, check, hls, graph: pack(graph) });

export const floatRegressionText = ({ check, subject, outcome }: FloatFailure): string =>
  text(subject.frames, {
    note: `${outcome.stage}: ${outcome.text}`,
    check,
    quantization: subject.quantization,
    graph: pack(subject.graph),
  });

export interface Regression {
  readonly name: string;
  replay(): Promise<Outcome>;
}

function readFrames(
  graph: FloatGraph | FixedGraph,
  frames: readonly (readonly (readonly [number, number])[])[],
): readonly Uint16Array[] {
  const [height, width] = inputNode(graph).size;
  return frames.map((pixels) => {
    const frame = new Uint16Array(height * width);
    for (const [i, value] of pixels) frame[i] = value;
    return frame;
  });
}

function readFloat(name: string, file: z.infer<typeof floatSchema>): Regression {
  const graph = verifyFloatGraph(unpack(file.graph) as FloatGraph);
  const { quantization } = file;
  const subject = { graph, frames: readFrames(graph, file.frames), quantization };
  return { name, replay: () => checkFloat(file.check, subject) };
}

function readFixed(name: string, file: z.infer<typeof fixedSchema>): Regression {
  const plain = unpack(file.graph) as Omit<FixedGraph, 'nodes'> & { nodes: UnprovenNode[] };
  const { nodes, ...facts } = plain;
  const graph = rebuild(facts, nodes);
  if (graph === null) throw new InvariantError(`${name} is no well-formed network any more`);
  const { pixelsPerClock, framesPerSecond } = file.hls;
  const hls = framesPerSecond === undefined ? { pixelsPerClock } : { pixelsPerClock, framesPerSecond };
  const subject = { graph, frames: readFrames(graph, file.frames), hls };
  return { name, replay: () => check(file.check, subject) };
}

function read(name: string): Regression {
  const json = JSON.parse(readFileSync(join(REGRESSIONS, name), 'utf8')) as object;
  return 'hls' in json ? readFixed(name, fixedSchema.parse(json)) : readFloat(name, floatSchema.parse(json));
}

/** Every file of `test/regressions/`. */
export const readRegressions = (): readonly Regression[] =>
  readdirSync(REGRESSIONS)
    .filter((f) => f.endsWith('.json'))
    .sort()
    .map(read);
