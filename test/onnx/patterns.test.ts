/** Every pattern of `patterns.ts` with every ending, imported and held against ONNX Runtime on the file. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { compareWithOriginal, comparisonFrames, isEqual } from '../../src/simulate/original.js';
import { openOrtOriginal } from '../../src/simulate/ort-original.js';
import { BODIES, ENDINGS, patternModel, SIDE } from './patterns.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-patterns-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const preprocess = preprocessNodes(preprocessSchema.parse({ factor: 1 }), [SIDE, SIDE]);
const CLASSES = ['miss', 'weak', 'hit'];

const patterns = Object.keys(BODIES).flatMap((body) =>
  Object.keys(ENDINGS).map((ending) => [body, ending] as const),
);

describe('the patterns of exporters', () => {
  it('are at least 150', () => {
    expect(patterns.length).toBeGreaterThanOrEqual(150);
  });

  it.each(patterns)('%s, then %s: equals ONNX Runtime on the original', async (body, ending) => {
    const bytes = patternModel(
      body,
      ending,
      patterns.findIndex((p) => p[0] === body && p[1] === ending),
    );
    const path = join(folder, 'pattern.onnx');
    await writeFile(path, bytes);
    const imported = importOnnx(
      readOnnxModel(bytes, path),
      {
        name: 'pattern',
        preprocess,
        classes: (logits) => ({
          classNames: CLASSES.slice(-logits),
          hitClasses: [false, true, true].slice(0, logits),
        }),
      },
      () => {
        throw new Error('no external data here');
      },
    );
    const original = await openOrtOriginal(imported, path);
    const comparison = await compareWithOriginal(imported, original, comparisonFrames(imported.graph, 2));
    await original.close();
    expect(comparison.magnitude).toBeGreaterThan(1e-3);
    expect(comparison.difference / comparison.magnitude).toBeLessThanOrEqual(comparison.allowed);
    expect(isEqual(comparison)).toBe(true);
  });
});
