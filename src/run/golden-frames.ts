/** The frames that a run's benches compare with, for projects that are exported later. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/errors.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { RUN_FILES } from './folder.js';

/** The raw frames of the run's own golden vectors. */
export async function goldenFrames(run: string, graph: FixedGraph): Promise<Uint16Array[]> {
  const file = join(run, RUN_FILES.hls, 'golden', 'frames.bin');
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
