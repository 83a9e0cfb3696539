/** Graphs on the disk: `x.json` beside its numbers `x.bin` and the readable `x.txt`. */
import { readFile } from 'node:fs/promises';
import { UserError } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import type { FixedGraph, FloatGraph } from './graph.js';
import { parseGraph, printGraph, serializeGraph, type GraphKind } from './serialize.js';

/** Writes `x.json`, `x.bin` and the readable `x.txt` beside each other. */
export async function writeGraph(
  jsonPath: string,
  kind: GraphKind,
  graph: FixedGraph | FloatGraph,
): Promise<void> {
  const stem = jsonPath.replace(/\.json$/, '');
  const files = serializeGraph(kind, graph);
  await writeFileAtomic(`${stem}.bin`, files.bin);
  await writeFileAtomic(`${stem}.txt`, printGraph(kind, graph));
  await writeFileAtomic(jsonPath, files.json);
}

/** Reads what `writeGraph` wrote; throws `UserError` naming the file. */
export async function readGraph<K extends GraphKind>(
  jsonPath: string,
  kind: K,
): Promise<ReturnType<typeof parseGraph<K>>> {
  const remedy = 'name the folder of a finished run (vetoc run makes one)';
  const read = (path: string): Promise<Buffer> =>
    readFile(path).catch((error: unknown) => {
      throw new UserError(`cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`, {
        file: path,
        remedy,
      });
    });
  const json = (await read(jsonPath)).toString('utf8');
  const bin = await read(jsonPath.replace(/\.json$/, '.bin'));
  return parseGraph(kind, { json, bin }, jsonPath);
}
