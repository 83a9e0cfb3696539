/** What a comparison with the original lets pass: as much as the file's own formats leave open, and no more. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImportedOnnx } from '../../src/frontends/onnx/import.js';
import { compareWithOriginal, comparisonFrames, isEqual } from '../../src/frontends/original/compare.js';
import { openOrtOriginal } from '../../src/frontends/original/onnx.js';
import { inFloat16 } from './half-models.js';
import { importWritten } from './import-written.js';
import { patternModel } from './patterns.js';
import { CALIBRATED, EXACT, QOPERATOR, quantizedModel } from './quantized-models.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-bounds-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `model` with `by` on the first logit: a fault of just that size. */
function withFault(model: ImportedOnnx, by: number): ImportedOnnx {
  const nodes = model.graph.nodes.map((node) => {
    if (node.id !== lastDense(model)) return node;
    if (node.kind !== 'dense') throw new Error('the network ends in a dense layer');
    const bias = node.bias.slice();
    bias[0]! += by;
    return { ...node, bias };
  });
  return { ...model, graph: { ...model.graph, nodes } };
}
const lastDense = ({ graph }: ImportedOnnx): string =>
  graph.nodes.findLast(({ kind }) => kind === 'dense')!.id;

const MODELS: Readonly<Record<string, () => Uint8Array>> = {
  float32: () => patternModel('a residual', 'the mean and a Gemm', 1),
  float16: () => inFloat16(patternModel('a residual', 'the mean and a Gemm', 1)),
  'steps of 0.03': () => quantizedModel(CALIBRATED['activations in steps of 0.03']![0], 1),
  'steps of powers of two': () => quantizedModel(EXACT['a residual of two scales']!, 1),
};

describe.each(Object.entries(MODELS))('a file in %s', (name, bytesOf) => {
  it('is equal, and a fault just above the bound is not', async () => {
    const bytes = bytesOf();
    const path = join(folder, 'model.onnx');
    await writeFile(path, bytes);
    const model = importWritten(bytes);
    const original = await openOrtOriginal(model, path);
    const frames = comparisonFrames(model.graph, 2);
    const own = await compareWithOriginal(model, original, frames);
    const bound = own.allowed * own.magnitude;
    expect(isEqual(own)).toBe(true);
    // Most of the bound is left for what another machine rounds otherwise.
    expect(own.difference, name).toBeLessThan(bound / 2);
    for (const sign of [-1, 1]) {
      const above = await compareWithOriginal(
        withFault(model, sign * (1.05 * bound + own.difference)),
        original,
        frames,
      );
      expect(isEqual(above), `${name}: ${JSON.stringify(above)}`).toBe(false);
    }
    await original.close();
    expect(own.allowed).toBeLessThan({ float32: 2 ** -12, float16: 2 ** -6 }[name] ?? 2 ** -3);
  });
});

describe('a bound', () => {
  it('follows from the steps of the file: integers of eight bits leave more open than of sixteen', async () => {
    const allowed: number[] = [];
    for (const build of [
      QOPERATOR['QLinearConv, pools of integers, QLinearAdd, QGemm']!,
      EXACT['uint16 activations']!,
    ]) {
      const bytes = quantizedModel(build, 1);
      const path = join(folder, 'steps.onnx');
      await writeFile(path, bytes);
      const model = importWritten(bytes);
      const original = await openOrtOriginal(model, path);
      allowed.push((await compareWithOriginal(model, original, comparisonFrames(model.graph, 2))).allowed);
      await original.close();
    }
    expect(allowed[0]).toBeGreaterThan(4 * allowed[1]!);
  });
});
