/** The firmware of a finished run as SystemVerilog. */
import { join } from 'node:path';
import type { HlsOptions } from '../backends/dataflow/design.js';
import { designRtl } from '../backends/rtl/design.js';
import { emitRtl } from '../backends/rtl/emit.js';
import { rtlGolden } from '../backends/rtl/golden.js';
import type { RtlSchedule } from '../backends/rtl/schedule.js';
import { readGraph } from '../ir/graph-files.js';
import { interpret } from '../simulate/interpret.js';
import { draftRun, RUN_FILES } from './folder.js';
import { goldenFrames } from './golden-frames.js';

export interface ExportRtlRequest {
  readonly design: HlsOptions;
  /** Folder; `rtl` in the run unless given, where verification looks for it. */
  readonly out?: string;
  /** Replace the folder if it is there. */
  readonly replace?: boolean;
}

export interface WrittenRtl {
  readonly out: string;
  /** Paths in the folder. */
  readonly files: readonly string[];
  readonly clockMHz: number;
  /** What simulation is held to. */
  readonly cycles: Pick<RtlSchedule, 'cyclesPerFrame' | 'bottleneck' | 'latencyLastPixel'>;
}

/** Writes the RTL project with benches, golden vectors and cycle model. Throws `UserError`. */
export async function exportRtl(run: string, request: ExportRtlRequest): Promise<WrittenRtl> {
  const graph = await readGraph(join(run, RUN_FILES.fixedGraph), 'fixed');
  const design = designRtl(graph, request.design);
  const out = request.out ?? join(run, RUN_FILES.rtl);
  const frames = await goldenFrames(run, graph);
  const draft = await draftRun(out, request.replace);
  const files: Readonly<Record<string, string | Uint8Array>> = {
    ...emitRtl(design),
    ...rtlGolden(design, frames, (network, frame) => interpret(network, frame, true)),
  };
  try {
    for (const [path, content] of Object.entries(files)) await draft.write(path, content);
    await draft.publish();
  } catch (error) {
    await draft.discard();
    throw error;
  }
  const { cyclesPerFrame, bottleneck, latencyLastPixel } = design.schedule;
  return {
    out,
    files: Object.keys(files),
    clockMHz: design.clockMHz,
    cycles: { cyclesPerFrame, bottleneck, latencyLastPixel },
  };
}
