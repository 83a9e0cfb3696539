/** RTL projects on disk, and their simulations. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HlsOptions } from '../../src/backends/dataflow/design.js';
import { designRtl, type RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import type { Simulation } from '../../src/simulate/served.js';
import { buildRuntime } from '../../src/simulate/verilator-build.js';
import { createRtl } from '../../src/simulate/verilator.js';
import { loadFpga } from '../../src/targets/load.js';
import { writeProject } from '../hls/project.js';

const target = await loadFpga('kcu1500');

export const rtlDesign = (graph: FixedGraph, options: Omit<HlsOptions, 'target'> = {}): RtlDesign =>
  designRtl(graph, { target, ...options });

let runtime: Promise<readonly string[] | undefined> | undefined;

/** Verilator's own C++, compiled once for all tests of a file; undefined where there is no Verilator. */
export const sharedRuntime = (): Promise<readonly string[] | undefined> =>
  (runtime ??= buildRuntime(mkdtempSync(join(tmpdir(), 'vetoc-verilated-'))));

/** The witness of a design's files, quickly compiled. `change` may spoil the files first. */
export async function simulate(
  graph: FixedGraph,
  design: RtlDesign,
  change: (files: Readonly<Record<string, string>>) => Readonly<Record<string, string>> = (files) => files,
): Promise<Simulation> {
  const objects = await sharedRuntime();
  const folder = writeProject(change(emitRtl(design)));
  return createRtl(graph, folder, parseModel(printModel(design), 'model.json'), {
    optimization: '-O0',
    ...(objects === undefined ? {} : { runtime: objects }),
  });
}
