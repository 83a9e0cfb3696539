/**
 * RTL simulation: how long the project takes to generate and to build with Verilator, and how many frames a second its
 * witness simulates and holds to all stages and cycles: with its beats back to back (or, with --all-manners, with gaps and
 * stalls too, as `vetoc verify` does).
 *
 *     npx tsx test/bench/rtl.ts [FIXED.json [FRAMES]] [--beside-build COMMAND] [--beside COMMAND]
 *                                [--all-manners]
 *
 * The network is that of a run's `fixed.json`, else one like the demo's. The two commands build another simulation and
 * run it on as many frames; they take turns with ours, three times each, and the medians' ratio is printed: figures depend on
 * the machine and on what else it does.
 */
import { execSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { designRtl, type RtlDesign } from '../../src/backends/rtl/design.js';
import { emitRtl } from '../../src/backends/rtl/emit.js';
import { parseModel, printModel } from '../../src/backends/rtl/model-file.js';
import { createRtl } from '../../src/backends/rtl/verilator.js';
import { readGraph } from '../../src/ir/graph-files.js';
import { inputNode } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import type { Witness } from '../../src/simulate/witness.js';
import { median } from '../../src/statistics/quantile.js';
import { loadFpga } from '../../src/targets/load.js';
import { smallVetoNetwork } from '../hls/networks.js';
import { writeFiles } from '../hls/project.js';
import { sampleFrames } from '../sample-graphs.js';

const TURNS = 3;
/** As many frames at a time, so that their stages do not pile up in memory. */
const BATCH = 32;
const {
  positionals: [file, frames = '96'],
  values: beside,
} = parseArgs({
  allowPositionals: true,
  options: {
    'beside-build': { type: 'string' },
    beside: { type: 'string' },
    'all-manners': { type: 'boolean' },
  },
});
const target = await loadFpga('kcu1500');
const graph = file === undefined ? smallVetoNetwork(32, 4) : await readGraph(file, 'fixed');
const { size } = inputNode(graph);

const secondsOf = async (work: () => unknown): Promise<number> => {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
};

/** Median seconds of `own` and of `command`, in turns. */
async function inTurns(
  own: () => Promise<unknown>,
  command: string | undefined,
): Promise<readonly [own: number, other: number]> {
  const times: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn++) {
    times[0].push(await secondsOf(own));
    if (command !== undefined) times[1].push(await secondsOf(() => execSync(command, { stdio: 'ignore' })));
  }
  return [median(times[0]), command === undefined ? NaN : median(times[1])];
}
const ratio = (a: number, b: number): string =>
  Number.isNaN(b) ? '' : `, ${(a / b).toFixed(2)} of the other's ${b.toFixed(2)} s`;

let design: RtlDesign | undefined;
let witness: Witness | undefined;
let folder = '';
async function build(): Promise<void> {
  await discard();
  folder = mkdtempSync(join(tmpdir(), 'vetoc-bench-'));
  design = designRtl(graph, { target });
  writeFiles(folder, emitRtl(design));
  const rtl = await createRtl(graph, folder, parseModel(printModel(design), 'model.json'), {
    ...(beside['all-manners'] === true ? {} : { manners: ['back to back'] }),
  });
  if (rtl.kind !== 'ready') throw new Error(rtl.reason);
  witness = rtl.witness;
}
async function discard(): Promise<void> {
  await witness?.close();
  if (folder !== '') rmSync(folder, { recursive: true });
}

try {
  const [built, otherBuilt] =
    beside['beside-build'] === undefined
      ? [await secondsOf(build), NaN]
      : await inTurns(build, beside['beside-build']);
  console.log(
    `${graph.name}, ${size.join('x')}: generated and built in ${built.toFixed(1)} s${ratio(built, otherBuilt)}`,
  );
  const different = sampleFrames(16, size[0] * size[1]);
  const all = Array.from({ length: Number(frames) }, (_, i) => different[i % different.length]!);
  const scores = different.map((frame) => interpret(graph, frame).score);
  let wrong = 0;
  const simulate = async (): Promise<void> => {
    for (let first = 0; first < all.length; first += BATCH) {
      const results = await witness!.run(all.slice(first, first + BATCH), { tensors: true });
      wrong += results.filter((r, i) => r.score !== scores[(first + i) % scores.length]).length;
    }
  };
  const [simulated, other] = await inTurns(simulate, beside.beside);
  const { cyclesPerFrame, latencyLastPixel } = design!.schedule;
  const rate = all.length / simulated;
  console.log(
    `${all.length} frames in ${simulated.toFixed(2)} s, ${rate.toFixed(1)} frames/s, ${((rate * cyclesPerFrame) / 1e6).toFixed(2)} M cycles/s${ratio(simulated, other)}; ${wrong} of ${all.length * TURNS} scores wrong`,
  );
  console.log(`${cyclesPerFrame} cycles a frame, decision ${latencyLastPixel} cycles after the last beat`);
} finally {
  await discard();
}
