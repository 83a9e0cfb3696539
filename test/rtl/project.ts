/** RTL projects on disk, and their simulations. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HlsOptions } from '../../src/backends/dataflow/design.js';
import { designRtl, type RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { rtlGolden } from '../../src/backends/rtl/golden.js';
import type { Link } from '../../src/backends/dataflow/link.js';
import { createRandom } from '../../src/core/random.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import type { Simulation } from '../../src/simulate/served.js';
import { buildRuntime, type Runtime } from '../../src/backends/rtl/verilator-build.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { loadFpga } from '../../src/targets/load.js';
import { writeProject } from '../hls/project.js';
import { mapsWith } from './raw-networks.js';

const target = await loadFpga('kcu1500');

export const rtlDesign = (graph: FixedGraph, options: Omit<HlsOptions, 'target'> = {}): RtlDesign =>
  designRtl(graph, { target, ...options });

let runtime: Promise<Runtime | undefined> | undefined;

/** Verilator's own C++, compiled once for all tests of a file; undefined where there is no Verilator. */
export const sharedRuntime = (): Promise<Runtime | undefined> =>
  (runtime ??= buildRuntime(folderOfThisProcess(), '-O0'));

function folderOfThisProcess(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-verilated-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A project with frames for its benches, written as `emit` makes its files. */
export function benchProject(
  graph: FixedGraph,
  link: Partial<Link> = {},
  emit: (design: RtlDesign) => Readonly<Record<string, string | Uint8Array>> = emitRtl,
  options: Omit<HlsOptions, 'target'> = {},
): string {
  const [height, width] = inputNode(graph).size;
  const random = createRandom(4);
  const frames = Array.from({ length: 3 }, () =>
    Uint16Array.from({ length: height * width }, () => random.integer(0, 300)),
  );
  const design = rtlDesign(graph, { pixelsPerClock: 2, link, ...options });
  return writeProject({
    ...emit(design),
    ...rtlGolden(
      design,
      frames,
      (network, frame, maps) => interpret(network, frame, true, undefined, maps),
      mapsWith(graph, frames[0]!),
    ),
  });
}

/** The witness of a design's files, quickly compiled. `change` may spoil the files first. */
export async function simulate(
  graph: FixedGraph,
  design: RtlDesign,
  change: (files: Readonly<Record<string, string>>) => Readonly<Record<string, string>> = (files) => files,
): Promise<Simulation> {
  const shared = await sharedRuntime();
  const folder = writeProject(change(emitRtl(design)));
  return createRtl(graph, folder, parseModel(printModel(design), 'model.json'), {
    optimization: '-O0',
    ...(shared === undefined ? {} : { runtime: shared }),
  });
}
