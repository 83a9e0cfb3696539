/** A run folder made without training: what `vetoc verify` reads. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { HlsOptions } from '../../src/backends/hls/design.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { goldenFiles } from '../../src/backends/hls/golden.js';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { RUN_FILES, writeGraph } from '../../src/cli/run-folder.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpret.js';
import { loadFpga } from '../../src/targets/load.js';
import { randomNetwork } from '../passes/random-networks.js';
import { sampleFrames } from '../sample-graphs.js';

/** Writes the run of `graph` into a fresh folder and returns its path. */
export async function writeSampleRun(graph: FixedGraph, options: Partial<HlsOptions> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'vetoc-run-'));
  const write = async (path: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  };
  const [height, width] = inputNode(graph).size;
  const golden = sampleFrames(3, height * width, 5);
  const results = await createInterpreter(graph).run(golden, { tensors: true });
  const target = await loadFpga('kcu1500');
  const hls = { ...emitHls(graph, { target, ...options }), ...goldenFiles(graph, golden, results) };
  for (const [path, content] of Object.entries(hls)) await write(`${RUN_FILES.hls}/${path}`, content);
  await write(RUN_FILES.fixedOnnx, emitFixedOnnx(graph));
  await writeGraph(join(dir, RUN_FILES.fixedGraph), 'fixed', graph);
  await writeGraph(join(dir, RUN_FILES.floatGraph), 'float', randomNetwork(1));
  // No frames can be had from this recipe: verification then says so and goes on.
  await write(
    RUN_FILES.recipe,
    JSON.stringify({ version: 1, name: 'sample', frames: { kind: 'files', paths: ['absent.h5'] } }),
  );
  return dir;
}
