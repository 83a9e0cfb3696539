/** `vetoc runs`, `vetoc diff` and `vetoc recipes`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHdf5 } from '../../src/data/write/hdf5-writer.js';
import type { RunDifference } from '../../src/report/run-difference.js';
import { differences } from '../../src/run/runs/differences.js';
import { interpret } from '../../src/simulate/interpret.js';
import { brightGraph } from '../explain/small-graphs.js';
import { sampleFloatGraph } from '../onnx/sample-float.js';
import { runCli } from './run-cli.js';
import { writeRun } from './written-run.js';

const SIDE = 32;
const graph = brightGraph(SIDE);
const even = (level: number): Uint16Array => new Uint16Array(SIDE * SIDE).fill(level);
/** Thirty hits from 50 counts a pixel up, twenty misses from 4 up; 44 counts and more are kept. */
const levels = [...Array.from({ length: 30 }, (_, i) => 50 + i), ...Array.from({ length: 20 }, (_, i) => 4 + i)]; // prettier-ignore
/** From 60 counts up: ten hits less. */
const strict = { ...graph, threshold: interpret(graph, even(60)).score };

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vetoc-runs-'));
  await writeRun(at('runs/mild'), graph, sampleFloatGraph());
  await writeRun(at('runs/deep/strict'), strict, sampleFloatGraph());
  await writeRun(at('small'), brightGraph(16), sampleFloatGraph());
  mkdirSync(at('runs/broken'));
  writeFileSync(at('runs/broken/recipe.json'), '{');
  writeFileSync(at('runs/broken/fixed.json'), '');
  mkdirSync(at('runs/half.partial'));
  mkdirSync(at('empty'));
  const recipe = JSON.parse(readFileSync(at('runs/deep/strict/recipe.json'), 'utf8')) as object;
  const madeWith = { began: '2026-11-29T07:25:13.000Z' };
  writeFileSync(
    at('runs/deep/strict/recipe.json'),
    JSON.stringify({ ...recipe, seed: 9, target: 'zcu102', madeWith }),
  );
  writeFileSync(
    at('runs/mild/evaluation.json'),
    JSON.stringify({
      fixed: {
        frames: 5,
        veto: { recall: { count: 2, total: 3 }, missesRejected: { count: 2, total: 2 } },
      },
    }),
  );
  const writer = await createHdf5(at('night.h5'));
  const data = writer.growing('/entry/data/data', 'u2', [SIDE, SIDE], 1, 'gzip');
  for (const level of levels) data.append(even(level));
  writer.dataset(
    '/entry/data/hit',
    Uint8Array.from(levels, (_, i) => Number(i < 30)),
  );
  await writer.commit();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('vetoc runs', () => {
  it('lists the runs under a folder, and says of a broken one what is wrong', async () => {
    const { code, stdout } = await runCli('runs', at('runs'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/runs\/mild +– +demo +7 +kcu1500 +1\/3 +0\/2 +–/);
    expect(stdout).toMatch(/runs\/deep\/strict +2026-11-29 07:25 UTC +demo +9 +zcu102 +– +– +–/);
    expect(stdout).toMatch(/runs\/broken cannot be read: .*recipe\.json/);
    expect(stdout).not.toContain('partial');
    const { stdout: json } = await runCli('runs', at('runs'), '--json');
    expect(JSON.parse(json)).toHaveLength(3);
  });

  it('refuses folders without a run, and those that are not there', async () => {
    for (const [name, words] of [
      ['empty', 'holds no finished run'],
      ['nowhere', 'is not there'],
    ] as const) {
      const { code, stderr } = await runCli('runs', at(name));
      expect([code, stderr]).toEqual([2, expect.stringContaining(`${at(name)}: DIR: ${words}`)]);
    }
  });
});

describe('vetoc diff', () => {
  const ask = (...more: readonly string[]) =>
    runCli('diff', at('runs/mild'), at('runs/deep/strict'), '--frames', at('night.h5'), ...more);

  it('counts what only one of them decides rightly, with the exact test', async () => {
    const { code, stdout } = await ask('--json');
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as RunDifference;
    expect(found.paired).toMatchObject({ frames: 50, hits: [20, 10, 0, 0], misses: [20, 0, 0, 0] });
    expect(found.paired!.pHits).toBeCloseTo(2 ** -9, 12);
    expect(found.recipe.map((row) => row.what)).toEqual(['seed', 'target', 'madeWith']);
    expect(found.formats).toEqual([]);
    expect(found.firmware.find((row) => row.what === 'board')).toMatchObject({
      left: expect.stringContaining('KCU1500'),
      right: expect.stringContaining('ZCU102'),
    });
  });

  it('writes a page and prints the same', async () => {
    const { code, stdout } = await ask('--html', at('diff.html'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^hits +20 +10 +0 +0$/m);
    const page = readFileSync(at('diff.html'), 'utf8');
    for (const part of ['Decisions on the same frames', 'p = 0.0020 of hits', 'zcu102', 'LUT'])
      expect(page).toContain(part);
  });

  it('does not compare decisions of runs for other frames, and says so', async () => {
    const { code, stdout } = await runCli('diff', at('runs/mild'), at('small'));
    expect(code).toBe(0);
    expect(stdout).toContain(
      'The runs take frames of 32 × 32 and of 16 × 16: no frame can be decided by both.',
    );
    expect(stdout).not.toContain('by neither');
  });

  it('finds every leaf that differs, also where one side has none', () => {
    const left = { a: 1, b: { c: [1, 2], d: 'x' }, e: null };
    const right = { a: 1, b: { c: [1, 3, 4] }, e: null };
    expect(differences(left, right)).toEqual([
      { path: 'b.c.1', left: '2', right: '3' },
      { path: 'b.c.2', left: undefined, right: '4' },
      { path: 'b.d', left: '"x"', right: undefined },
    ]);
  });
});

it('vetoc recipes lists what can be asked for by name', async () => {
  const { code, stdout } = await runCli('recipes');
  expect(code).toBe(0);
  for (const name of [/^demo: 7 layers of its own, for kcu1500$/m, /^resnet101: /m, /^veto-nano /m])
    expect(stdout).toMatch(name);
});
