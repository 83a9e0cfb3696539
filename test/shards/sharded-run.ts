/** A run that nobody trained and small files of frames for it, for commands that are dealt into shards. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { writeHdf5 } from '../data/make-hdf5.js';
import { runCli } from '../cli/run-cli.js';
import { writeRun } from '../cli/written-run.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

const [H, W] = [40, 36];
/** Files that are written; more are copies of them. */
const DISTINCT = 8;

export interface ShardedRun {
  readonly run: string;
  /** Files of frames, in the order in which they are named. */
  readonly files: readonly string[];
  readonly frames: number;
}

/** Writes `files` files of `each` frames, and a run for them with its ONNX file, into `folder`. */
export async function writeShardedRun(folder: string, files: number, each: number): Promise<ShardedRun> {
  const run = join(folder, 'run');
  const fixed = { ...sampleFixedGraph(), threshold: 0 };
  await writeRun(run, fixed, dequantize(fixed));
  const exported = await runCli('export', 'onnx', run);
  if (exported.code !== 0) throw new Error(exported.stderr);
  mkdirSync(join(folder, 'night'));
  const names: string[] = [];
  for (let k = 0; k < files; k++) {
    const name = join(folder, 'night', `run-${String(k).padStart(3, '0')}.h5`);
    names.push(name);
    if (k >= DISTINCT) {
      copyFileSync(names[k % DISTINCT]!, name);
      continue;
    }
    await writeHdf5(name, {
      '/data': {
        data: Uint16Array.from(sampleFrames(each, H * W, k + 1).flatMap((frame) => [...frame])),
        shape: [each, H, W],
      },
      '/hit': { data: Uint8Array.from({ length: each }, (_, i) => Number((i + k) % 3 === 0)) },
    });
  }
  return { run, files: names, frames: files * each };
}

export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
