import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFrames } from '../sample-graphs.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const SIDE = 64;

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Starts vetoc with `args` and sends `signal` once it says `word`. */
function interruptedAt(word: string, signal: NodeJS.Signals, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let [stderr, sent] = ['', false];
  return new Promise((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      stderr += String(text);
      if (!sent && stderr.includes(word)) sent = child.kill(signal);
    });
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ code, stderr });
    });
  });
}

const interrupted = async (out: string, signal: NodeJS.Signals): Promise<number | null> =>
  (await interruptedAt('Train', signal, ['run', 'demo', '--out', out])).code;

it('Ctrl-C leaves nothing behind; a kill leaves nothing that looks finished', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-interrupt-'));
  try {
    const out = join(folder, 'run');
    expect(await interrupted(out, 'SIGINT')).toBe(130);
    expect(existsSync(out)).toBe(false);
    expect(existsSync(`${out}.partial`)).toBe(false);
    await interrupted(out, 'SIGKILL');
    expect(existsSync(out)).toBe(false);
    expect(existsSync(join(`${out}.partial`, 'recipe.json'))).toBe(false);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 400_000);

it('Ctrl-C says what is kept and how to go on, and the same command goes on from there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-interrupt-'));
  try {
    const at = (name: string): string => join(folder, name);
    const graph = brightGraph(SIDE);
    await writeRun(at('run'), graph, dequantize(graph));
    const writer = await createHdf5(at('night.h5'));
    const data = writer.growing('/entry/data/data', 'u2', [SIDE, SIDE], 1, 'none');
    for (const frame of sampleFrames(20, SIDE * SIDE, 1))
      for (let again = 0; again < 300; again++) data.append(frame);
    await writer.commit();
    const filter = ['filter', at('run'), '--frames', at('night.h5'), '--out', at('kept.cxi')];
    const { code, stderr } = await interruptedAt('Score', 'SIGINT', filter);
    expect([code, existsSync(at('kept.cxi')), existsSync(at('kept.cxi.scores'))]).toEqual([130, false, true]);
    expect(stderr).toContain(`${at('kept.cxi.scores')} is kept: repeat the command to go on from there`);
    const again = await runCli(...filter);
    expect([again.code, existsSync(at('kept.cxi.scores'))]).toEqual([0, false]);
    const simulated = await interruptedAt('Simulate', 'SIGINT', ['simulate', at('more.h5'), '--count', '90000', '--size', '64x64']); // prettier-ignore
    expect(simulated.code).toBe(130);
    expect(simulated.stderr).toMatch(
      /interrupted: files that were begun are removed, nothing that was there is changed\n/,
    );
    expect((await readdir(folder)).sort()).toEqual(['kept.cxi', 'night.h5', 'run']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 200_000);
