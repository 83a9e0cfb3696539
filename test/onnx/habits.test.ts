/** Strangers' habits, held against ONNX Runtime on the file; and what is refused, in words. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HABITS, REFUSED, type Network } from './habits.js';

import { compareWritten, importWritten } from './import-written.js';
import { writtenModel } from './patterns.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-habits-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the habits of exporters', () => {
  it.each(Object.entries(HABITS))('%s: equals ONNX Runtime', async (_name, network: Network) => {
    const compared = await compareWritten(writtenModel(network, 6, 17), join(folder, 'model.onnx'));
    const { difference, magnitude } = compared;
    expect(magnitude).toBeGreaterThan(1e-3);
    expect(difference / magnitude).toBeLessThan(2 ** -17);
  });

  it.each(Object.entries(REFUSED))('%s: refused in words', (_name, [network, says]) => {
    expect(() => importWritten(writtenModel(network, 6, 17))).toThrow(says);
  });
});
