/** The firmware of a finished run, for the board and the rate that are asked for. */
import { join } from 'node:path';
import { designHls, type HlsOptions } from '../backends/dataflow/design.js';
import { emitDesign } from '../backends/hls/emit.js';
import { goldenFiles } from '../backends/hls/golden.js';
import { withReloadableWeights } from '../backends/hls/reloadable.js';
import { summarize, type Summary } from '../backends/hls/summary.js';
import { readGraph } from '../ir/graph-files.js';
import { interpret } from '../simulate/interpret.js';
import { draftRun, RUN_FILES } from './folder.js';
import { goldenFrames } from './golden-frames.js';

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
