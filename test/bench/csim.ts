/**
 * C simulation: how long the generated C++ takes to generate and to compile, and how many frames a second it simulates.
 *
 *     npx tsx test/bench/csim.ts [FRAMES]
 *
 * One core, g++ -O3. The second network does the work of hls4ml's benchmark (64×64, two small convolutions), whose C
 * simulation took 5–7 ms a frame and 7–9 s to compile on a core of the machine where vetoc was written. Figures depend
 * on the machine and on what else it does: read them as ratios.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emitHls } from '../../src/backends/hls/emit.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { interpret } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { rivalNetwork, smallVetoNetwork } from '../hls/networks.js';
import { writeFiles } from '../hls/project.js';
import { sampleFrames } from '../sample-graphs.js';

const count = Number(process.argv[2] ?? 500);
const target = await loadFpga('kcu1500');

async function measure(name: string, graph: FixedGraph): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-bench-'));
  try {
    const start = performance.now();
    const files = emitHls(graph, { target });
    const generated = performance.now();
    writeFiles(folder, files);
    const written = performance.now();
    const csim = await createCsim(graph, folder);
    const compiled = performance.now();
    if (csim.kind !== 'ready') throw new Error(csim.reason);
    const { size } = inputNode(graph);
    const different = sampleFrames(20, size[0] * size[1]);
    const frames = Array.from({ length: count }, (_, i) => different[i % different.length]!);
    const [first] = await csim.witness.run(different.slice(0, 1));
    const same = interpret(graph, different[0]!).logits.every((v, i) => v === first!.logits[i]);
    const before = performance.now();
    await csim.witness.run(frames);
    const ms = (performance.now() - before) / count;
    await csim.witness.close();
    console.log(
      `${name.padEnd(34)} generate ${(generated - start).toFixed(0)} ms, compile ${((compiled - written) / 1000).toFixed(1)} s, ${ms.toFixed(2)} ms a frame (${(1000 / ms).toFixed(0)} frames/s), ${same ? 'exact' : 'WRONG'}`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await measure('small veto network, 128×128', smallVetoNetwork());
await measure('small veto network, 512×512 binned', smallVetoNetwork(128, 4));
await measure('two convolutions, 64×64 (hls4ml)', rivalNetwork());
