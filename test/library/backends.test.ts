/** A back end is one record: a run writes it, verification asks its witness, export has it, and the report gets its figures. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, expect, it, vi } from 'vitest';
import type { Backend } from '../../src/backends/backend.js';
import { define } from '../../src/cli/commands/export.js';
import { beginStage, silence } from '../../src/run/events.js';
import { draftRun } from '../../src/run/folder.js';
import { parseRecipe } from '../../src/run/recipe.js';
import { emitStage } from '../../src/run/stages/emit.js';
import { verifyFolder } from '../../src/run/verification.js';
import { loadFpga } from '../../src/targets/load.js';
import { randomNetwork } from '../passes/random-networks.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

vi.mock('../../src/backends/index.js', async (original) => {
  const { BACKENDS } = await original<{ readonly BACKENDS: readonly Backend[] }>();
  const { paper, stamp } = await import('./paper-backend.js');
  return { BACKENDS: [...BACKENDS.filter((b) => b.name === 'onnx'), paper, stamp] };
});

const dir = mkdtempSync(join(tmpdir(), 'vetoc-backends-'));
afterAll(() => {
  rmSync(dir, { recursive: true });
});

it('is written, verified, exported and reported from its record alone', async () => {
  const recipe = parseRecipe(
    JSON.stringify({
      version: 1,
      name: 'paper',
      seed: 1,
      frames: { kind: 'simulate', count: 20, height: 64, width: 64 },
      preprocess: { factor: 2 },
      training: { network: 'veto-nano', epochs: 1 },
    }),
    'recipe',
  );
  expect(recipe.verify.witnesses).toEqual(['onnxruntime', 'clerk']);

  const networks = { float: randomNetwork(1), fixed: sampleFixedGraph({ weightBits: 5, activationBits: 5 }) };
  const draft = await draftRun(join(dir, 'run'));
  const target = await loadFpga('kcu1500');
  const emitted = await emitStage(draft, recipe, networks, target, [], beginStage(silence, 'Emit'));
  expect(readFileSync(draft.path('paper/graph.txt'), 'utf8')).toContain('vetoc fixed');
  expect(emitted.firmware).toMatchObject([{ title: 'print-outs', board: 'paper' }]);
  expect(emitted.left).toEqual([{ backend: 'stamp', title: 'stamps', why: 'it is too small' }]);

  const size = networks.fixed.nodes.find((node) => node.kind === 'input')!.size;
  const frames = sampleFrames(2, size[0] * size[1], 3).map((pixels, i) => ({
    name: `frame ${i}`,
    kind: 'file' as const,
    pixels,
  }));
  const record = await verifyFolder(draft.dir, networks.fixed, frames, {
    witnesses: recipe.verify.witnesses,
    threads: 1,
  });
  expect(record.verdict).toBe('exact');
  expect(record.witnesses.map((w) => w.witness)).toEqual(['onnxruntime', 'clerk']);
  expect(record.files.map((f) => f.path)).toEqual(['onnx/fixed.onnx', 'paper/graph.txt']);

  const command = new Command('export');
  define(command);
  expect(command.commands.map((c) => c.name())).toEqual(['onnx', 'weights', 'paper', 'stamp']);
});
