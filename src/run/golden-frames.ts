/** The frames that a run's benches compare with, for projects that are exported later. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GoldenFrames } from '../backends/backend.js';
import { UserError } from '../core/errors.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { modulesOf } from '../ir/modules.js';
import { interpret } from '../simulate/interpret.js';
import type { FrameResult } from '../simulate/witness.js';
import { RUN_FILES } from './folder.js';

/** The pictures of `size` in the file `file` of `run`. */
async function picturesIn(
  run: string,
  file: string,
  size: readonly [number, number],
): Promise<Uint16Array[]> {
  const path = join(run, file);
  const bytes = await readFile(path).catch(() => {
    throw new UserError('cannot be read', {
      file: path,
      remedy: 'run vetoc run again: it writes the golden frames',
    });
  });
  const pixels = size[0] * size[1];
  if (bytes.length === 0 || bytes.length % (2 * pixels) !== 0)
    throw new UserError(`does not hold whole ${size.join('×')} frames`, { file: path });
  return Array.from({ length: bytes.length / (2 * pixels) }, (_, f) =>
    Uint16Array.from({ length: pixels }, (__, i) => bytes.readUInt16LE(2 * (f * pixels + i))),
  );
}

/** The raw frames of the run's own golden vectors; of several modules a file has those of one. Throws `UserError`. */
export async function goldenFrames(run: string, graph: FixedGraph): Promise<Uint16Array[]> {
  const { size } = inputNode(graph);
  const count = modulesOf(graph);
  if (count === 1) return picturesIn(run, RUN_FILES.goldenFrames, size);
  const [height, width] = size;
  const modules: Uint16Array[][] = [];
  for (let k = 0; k < count; k++)
    modules.push(await picturesIn(run, RUN_FILES.goldenModule(k), [height / count, width]));
  const odd = modules.findIndex(({ length }) => length !== modules[0]!.length);
  if (odd >= 0)
    throw new UserError(`holds ${modules[odd]!.length} frames, that of module 0 ${modules[0]!.length}`, {
      file: join(run, RUN_FILES.goldenModule(odd)),
      remedy: 'run vetoc run again: it writes the golden frames',
    });
  return modules[0]!.map((_, f) => {
    const frame = new Uint16Array(height * width);
    modules.forEach((pictures, k) => {
      frame.set(pictures[f]!, (k * frame.length) / count);
    });
    return frame;
  });
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
