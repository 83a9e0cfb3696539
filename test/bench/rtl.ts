/**
 * RTL simulation: how long the project takes to generate and to build with Verilator, and how many frames a second it
 * simulates, back to back and in all manners of the witness.
 *
 *     npx tsx test/bench/rtl.ts [FIXED.json [FRAMES]]
 *
 * The network is that of a run's `fixed.json`, else one like the demo's. One core, -O3. Beside it stands whatever else is
 * built on the same machine in the same minute: figures depend on the machine and on what else it does, read them as ratios.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { designRtl } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { readGraph } from '../../src/ir/graph-files.js';
import { inputNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { smallVetoNetwork } from '../hls/networks.js';
import { writeFiles } from '../hls/project.js';
import { sampleFrames } from '../sample-graphs.js';

const [file, frames = '96'] = process.argv.slice(2);
const target = await loadFpga('kcu1500');
const graph = file === undefined ? smallVetoNetwork(32, 4) : await readGraph(file, 'fixed');
const { size } = inputNode(graph);
const folder = mkdtempSync(join(tmpdir(), 'vetoc-bench-'));
try {
  const start = performance.now();
  const design = designRtl(graph, { target });
  writeFiles(folder, emitRtl(design));
  const written = performance.now();
  const rtl = await createRtl(graph, folder, parseModel(printModel(design), 'model.json'));
  const built = performance.now();
  if (rtl.kind !== 'ready') throw new Error(rtl.reason);
  const different = sampleFrames(16, size[0] * size[1]);
  const all = Array.from({ length: Number(frames) }, (_, i) => different[i % different.length]!);
  const results = await rtl.witness.run(all);
  const simulated = performance.now();
  await rtl.witness.close();
  const seconds = (a: number, b: number): number => (b - a) / 1000;
  const rate = all.length / seconds(built, simulated);
  const wrong = results.filter((r, i) => i < 16 && r.score !== interpret(graph, all[i]!).score).length;
  console.log(
    `${graph.name}, ${size.join('x')}: generated in ${seconds(start, written).toFixed(1)} s, built in ${seconds(written, built).toFixed(1)} s`,
  );
  console.log(
    `${all.length} frames, ${rate.toFixed(1)} frames/s, ${((rate * design.schedule.cyclesPerFrame) / 1e6).toFixed(2)} M cycles/s, ${wrong} of 16 scores wrong`,
  );
  console.log(
    `${design.schedule.cyclesPerFrame} cycles a frame, decision ${design.schedule.latencyLastPixel} cycles after the last beat`,
  );
} finally {
  rmSync(folder, { recursive: true });
}
