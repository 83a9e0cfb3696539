/** Generated projects on disk, built and run by their own Makefile. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { designHls, type HlsOptions } from '../../src/backends/dataflow/design.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { goldenFiles } from '../../src/backends/hls/golden.js';
import { inputNode, type FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { runProcess } from '../../src/simulate/process.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFrames } from '../sample-graphs.js';

const target = await loadFpga('kcu1500');

export function writeFiles(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

/** A fresh folder that holds `files`. */
export function writeProject(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'vetoc-hls-'));
  writeFiles(folder, files);
  return folder;
}

/** A project with golden vectors, as `vetoc export hls` writes it. */
export function projectOf(graph: FixedGraph, options: Partial<HlsOptions>, frames = 3): string {
  const { size } = inputNode(graph);
  const raw = sampleFrames(frames, size[0] * size[1], 7);
  const design = designHls(graph, { target, ...options });
  return writeProject({
    ...emitDesign(design),
    ...goldenFiles(design, raw, (network, frame) => interpret(network, frame, true)),
  });
}

/** `make GOAL`, without optimisation. */
export async function make(
  folder: string,
  goal: string,
  variables: readonly string[] = [],
): Promise<{ code: number; output: string }> {
  const optimisation = goal === 'check-sanitized' ? [] : ['CXXFLAGS=-O0'];
  const result = await runProcess('make', ['-C', folder, goal, ...optimisation, ...variables]);
  if (result.kind !== 'finished') throw new Error(JSON.stringify(result));
  return { code: result.code, output: result.stdout + result.stderr };
}

/**
 * Changes one file, runs the bench (by default on every stream), puts the file back; what the bench said, which must have
 * failed. What it built stays.
 */
export async function plantedFault(
  folder: string,
  file: string,
  change: (text: string) => string,
  goal = 'check-streams',
): Promise<string> {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`nothing was planted in ${file}`);
  writeFileSync(path, changed);
  const { code, output } = await make(folder, goal);
  writeFileSync(path, text);
  if (code === 0) throw new Error(`the bench did not see the fault in ${file}`);
  return /MISMATCH.*(\nThe first stage.*)?/.exec(output)?.[0] ?? output;
}
