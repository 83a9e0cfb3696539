/** The firmware of a finished run, for the board and the rate that are asked for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { designHls, type HlsOptions } from '../backends/dataflow/design.js';
import { emitDesign } from '../backends/hls/emit.js';
import { goldenFiles } from '../backends/hls/golden.js';
import { withReloadableWeights } from '../backends/hls/reloadable.js';
import { summarize, type Summary } from '../backends/hls/summary.js';
import { UserError } from '../core/errors.js';
import { readGraph } from '../ir/graph-files.js';
import { inputNode, type FixedGraph } from '../ir/graph.js';
import { interpret } from '../simulate/interpret.js';
import { draftRun, RUN_FILES } from './folder.js';

export interface ExportHlsRequest {
  readonly design: HlsOptions;
  /** Folder; `hls-TARGET` in the run unless given. */
  readonly out?: string;
  /** Replace the folder if it is there. */
  readonly replace?: boolean;
  /** Weights that can be exchanged while frames run. */
  readonly reloadable?: boolean;
}

export interface WrittenFirmware {
  readonly out: string;
  /** Paths in the folder. */
  readonly files: readonly string[];
  readonly summary: Summary;
  /** What the board is called. */
  readonly board: string;
}

/** The raw frames of the run's own golden vectors. */
async function goldenFrames(run: string, graph: FixedGraph): Promise<Uint16Array[]> {
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

/** Writes the HLS project with test bench and golden vectors. Throws `UserError`. */
export async function exportHls(run: string, request: ExportHlsRequest): Promise<WrittenFirmware> {
  const read = await readGraph(join(run, RUN_FILES.fixedGraph), 'fixed');
  const graph = request.reloadable === true ? withReloadableWeights(read) : read;
  const design = designHls(graph, request.design);
  const out = request.out ?? join(run, `hls-${design.target.name}`);
  const frames = await goldenFrames(run, graph);
  const draft = await draftRun(out, request.replace);
  const files: Readonly<Record<string, string | Uint8Array>> = {
    ...emitDesign(design),
    ...goldenFiles(design, frames, (network, frame) => interpret(network, frame, true)),
  };
  try {
    for (const [path, content] of Object.entries(files)) await draft.write(path, content);
    await draft.publish();
  } catch (error) {
    await draft.discard();
    throw error;
  }
  return { out, files: Object.keys(files), summary: summarize(design), board: design.target.title };
}
