/** The frames that a run's benches compare with, for projects that are exported later. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoldenFrames } from '../backends/backend.js';
import { UserError } from '../core/errors.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { interpret } from '../simulate/interpret.js';
import type { FrameResult } from '../simulate/witness.js';
import { RUN_FILES } from './folder.js';

/** The raw frames of the run's own golden vectors. */
export async function goldenFrames(run: string, graph: FixedGraph): Promise<Uint16Array[]> {
  const file = join(run, RUN_FILES.goldenFrames);
  const bytes = await readFile(file).catch(() => {
    throw new UserError('cannot be read', {
      file,
      remedy: 'run vetoc run again: it writes the golden frames',
    });
  });
  const { size } = inputNode(graph);
  const pixels = size[0] * size[1];
  if (bytes.length === 0 || bytes.length % (2 * pixels) !== 0)
    throw new UserError(`does not hold whole ${size.join('×')} frames`, { file });
  return Array.from({ length: bytes.length / (2 * pixels) }, (_, f) =>
    Uint16Array.from({ length: pixels }, (__, i) => bytes.readUInt16LE(2 * (f * pixels + i))),
  );
}

/** The definition of the arithmetic, which computes a frame of a graph once, however many back ends ask. */
export function rememberedInterpreter(): GoldenFrames['interpret'] {
  const known = new WeakMap<FixedGraph, WeakMap<Uint16Array, FrameResult>>();
  return (graph, frame, maps) => {
    const results = known.get(graph) ?? new WeakMap<Uint16Array, FrameResult>();
    known.set(graph, results);
    const result = results.get(frame) ?? interpret(graph, frame, true, undefined, maps);
    results.set(frame, result);
    return result;
  };
}
