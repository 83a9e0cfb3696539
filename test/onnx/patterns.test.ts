/** Every pattern of `patterns.ts` with every ending, imported and held against ONNX Runtime on the file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isEqual } from '../../src/frontends/original/compare.js';
import { compareWritten } from './import-written.js';
import { BODIES, ENDINGS, patternModel } from './patterns.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-patterns-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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
    const comparison = await compareWritten(bytes, join(folder, 'pattern.onnx'));
    expect(comparison.magnitude).toBeGreaterThan(1e-3);
    expect(comparison.difference / comparison.magnitude).toBeLessThanOrEqual(comparison.allowed);
    expect(isEqual(comparison)).toBe(true);
  });
});
