/** `vetoc verify` on the files of a run folder: what it finds, what it records, and how it ends. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emitHls } from '../../src/backends/hls/emit.js';
import { hlsTemplates } from '../../src/backends/hls/templates.js';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { writeGraph } from '../../src/ir/graph-files.js';
import type { VerificationRecord } from '../../src/run/verification.js';
import { loadFpga } from '../../src/targets/load.js';
import { runCli, type CliResult } from '../cli/run-cli.js';
import { rivalNetwork } from '../hls/networks.js';
import { writeFiles } from '../hls/project.js';
import { randomNetwork } from '../passes/random-networks.js';
import { sampleFrames } from '../sample-graphs.js';

const graph = rivalNetwork();
const dir = mkdtempSync(join(tmpdir(), 'vetoc-folder-'));
const frames = join(dir, 'frames.npy');

/** `frames` as `uint16 [N, 64, 64]` in NumPy's format. */
function npy(pixels: readonly Uint16Array[]): Uint8Array {
  const dictionary = `{'descr': '<u2', 'fortran_order': False, 'shape': (${pixels.length}, 64, 64), }`;
  const header = `${dictionary.padEnd(128 - 11)}\n`;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), ...pixels.map((p) => Buffer.from(p.buffer))]);
}

const FEW = ['--random', '2', '--aimed', '2', '--tries', '10', '--threads', '1', '--shrink', '20'];
const verifyRun = (...options: readonly string[]): Promise<CliResult> =>
  runCli('verify', dir, '--frames', frames, ...FEW, ...options);
const record = (): VerificationRecord =>
  JSON.parse(readFileSync(join(dir, 'verify.json'), 'utf8')) as VerificationRecord;

beforeAll(async () => {
  await writeGraph(join(dir, 'fixed.json'), 'fixed', graph);
  // No witness reads the float network; a run has one all the same.
  await writeGraph(join(dir, 'float/graph.json'), 'float', randomNetwork(1));
  const recipe = {
    version: 1,
    name: 'folder',
    seed: 1,
    frames: { kind: 'simulate', count: 20, height: 64, width: 64 },
    preprocess: { factor: 2 },
    training: { network: 'veto-nano', epochs: 1 },
  };
  writeFiles(dir, {
    'recipe.json': JSON.stringify(recipe),
    'onnx/fixed.onnx': emitFixedOnnx(graph),
    'frames.npy': npy(sampleFrames(3, 64 * 64)),
  });
  const project = emitHls(graph, { target: await loadFpga('kcu1500') });
  writeFiles(
    dir,
    Object.fromEntries(Object.entries(project).map(([path, content]) => [`hls/${path}`, content])),
  );
});
afterAll(() => {
  rmSync(dir, { recursive: true });
});

describe('vetoc verify', () => {
  it('is exact, with both header sets where the second is named, and records versions and hashes', async () => {
    // Our own headers stand for the vendor's: what is tested is that they are a witness of their own.
    const vendor = join(dir, 'hls/sim');
    const { code, stdout } = await verifyRun('--ap-types', vendor);
    expect(stdout).toContain('Verdict: exact');
    expect(code).toBe(0);
    const { witnesses, frames: kinds, files, definition, framesSha256, coverage, drills } = record();
    expect(drills!.witnesses.map((w) => w.witness)).toEqual(witnesses.map((w) => w.witness));
    for (const w of drills!.witnesses) {
      expect(w).toMatchObject({ drills: drills!.drills, mismatches: 0, skipped: null, failed: null });
      expect(w.values).toBeGreaterThan(10_000);
    }
    for (const s of drills!.stages)
      expect([s.lowest.channels, s.highest.channels, s.leftOut], s.stage).toEqual([
        s.channels,
        s.channels,
        0,
      ]);
    expect(witnesses.map((w) => w.witness)).toEqual(['onnxruntime', 'csim', 'csim-vendor']);
    for (const w of witnesses) {
      expect(w).toMatchObject({ mismatches: 0, skipped: null, failed: null });
      expect(w.version).not.toBe('');
      expect(w.frames).toBe(Object.values(kinds).reduce((sum, n) => sum + n, 0));
      expect(w.values).toBeGreaterThan(w.frames * 64 * 64);
    }
    expect(kinds.file).toBe(3);
    expect(definition.witness).toBe('interpreter');
    expect(framesSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(coverage.decision.kept + coverage.decision.vetoed).toBe(witnesses[0]!.frames);
    const hashOf = (path: string): string =>
      createHash('sha256')
        .update(readFileSync(join(dir, path)))
        .digest('hex');
    const hashed = new Map(files.map((f) => [f.path, f.sha256]));
    for (const path of [
      'fixed.json',
      'fixed.bin',
      'onnx/fixed.onnx',
      'hls/tb/serve.cpp',
      'hls/sim/ap_fixed.h',
    ])
      expect(hashed.get(path), path).toBe(hashOf(path));
    expect(hashed.has('VETOC_AP_TYPES/ap_int.h')).toBe(true);
    for (const path of Object.keys(hlsTemplates()).filter((p) => p.startsWith('vetoc/')))
      expect(hashed.has(`hls/firmware/${path}`), path).toBe(true);
  });

  it('refuses to prove where no project has proofs', async () => {
    const { code, stderr } = await verifyRun('--prove');
    expect(code).toBe(2);
    expect(stderr).toContain('holds nothing that can be proved');
    expect(stderr).toContain('vetoc export rtl');
  });

  it('names a test bench of before drills, which changes no verdict, and drills as many as asked for', async () => {
    // The same bench without the file that drills brought: its text stands where it was included.
    const [given, probe] = ['given.h', 'probe.h'].map((name) => join(dir, 'hls/tb', name));
    const [text, including] = [given!, probe!].map((path) => readFileSync(path, 'utf8'));
    rmSync(given!);
    writeFileSync(probe!, including!.replace('#include "given.h"', text!));
    const options = ['--witness', 'ort', 'csim', '--drills', '2', '--dry-run', '--json'];
    const { code, stdout } = await verifyRun(...options);
    writeFileSync(given!, text!);
    writeFileSync(probe!, including!);
    const { drills } = JSON.parse(stdout) as VerificationRecord;
    expect(code).toBe(0);
    expect(drills!.witnesses).toMatchObject([
      { witness: 'onnxruntime', drills: 2, mismatches: 0, skipped: null },
      { witness: 'csim', drills: 0, skipped: expect.stringContaining('of an earlier vetoc') as string },
    ]);
    expect(drills!.stages.some((s) => s.leftOut > 0)).toBe(true);
  });

  it('drills nothing where that is asked for', async () => {
    const { code, stdout } = await verifyRun('--witness', 'ort', '--drills', '0', '--dry-run', '--json');
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as VerificationRecord).drills).toBeNull();
  });

  it('is incomplete, names the missing compiler and ends with 1', async () => {
    const { code, stdout } = await verifyRun('--compiler', 'no-such-compiler');
    expect(code).toBe(1);
    expect(stdout).toContain('Verdict: incomplete');
    expect(stdout).toMatch(/csim: missing — .*no-such-compiler is not installed/);
    expect(record().verdict).toBe('incomplete');
  });

  it('is incomplete where the vendor’s headers are asked for and not named', async () => {
    const { code, stdout } = await verifyRun('--witness', 'csim-vendor', '--dry-run');
    expect(code).toBe(1);
    expect(stdout).toContain('csim-vendor: missing — VETOC_AP_TYPES does not name');
  });

  it('is different, with the reason, where a file cannot even be opened', async () => {
    const path = join(dir, 'onnx/fixed.onnx');
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, 500));
    const { code, stdout } = await verifyRun('--witness', 'onnxruntime', '--dry-run');
    writeFileSync(path, whole);
    expect(code).toBe(1);
    expect(stdout).toMatch(/Verdict: different[^]*broke down: .*ONNX Runtime cannot run this model/);
  });

  it('is different where the run holds the files of another network', async () => {
    const path = join(dir, 'onnx/fixed.onnx');
    const whole = readFileSync(path);
    writeFileSync(path, emitFixedOnnx({ ...graph, threshold: -graph.threshold - 1 }));
    const { code, stdout } = await verifyRun('--witness', 'onnxruntime', '--dry-run');
    writeFileSync(path, whole);
    expect(code).toBe(1);
    expect(stdout).toContain('first difference in keep');
  });
});
