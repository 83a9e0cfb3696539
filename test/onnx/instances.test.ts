/** Fresh instances of what was once wrong, held against ONNX Runtime on the file; and what is refused, in words. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { isEqual } from '../../src/frontends/original/compare.js';
import { compareWritten, importWritten } from './import-written.js';
import { INSTANCES, WITH_WORDS } from './instances.js';
import { writtenModel } from './patterns.js';
import { QUANTIZED, QUANTIZED_REFUSED } from './quantized-instances.js';

const [SEED, OPSET] = [6, 17];
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-instances-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an instance of what was once wrong', () => {
  it.each(Object.entries(INSTANCES))('%s: equals ONNX Runtime', async (_name, network) => {
    const bytes = writtenModel(network, SEED, OPSET);
    const { difference, magnitude } = await compareWritten(bytes, join(folder, 'model.onnx'));
    expect(magnitude).toBeGreaterThan(1e-3);
    expect(difference / magnitude).toBeLessThan(2 ** -17);
  });

  const opsets = [13, 19, 21].flatMap((opset) =>
    Object.entries(QUANTIZED).map(([name, network]) => [name, opset, network] as const),
  );
  it.each(opsets)('%s, opset %i: equals ONNX Runtime to its roundings', async (_name, opset, network) => {
    const comparison = await compareWritten(writtenModel(network, SEED, opset), join(folder, 'model.onnx'));
    expect(comparison.magnitude).toBeGreaterThan(1e-3);
    expect(isEqual(comparison)).toBe(true);
    // Of roundings that the import follows nothing is left but float32.
    expect(comparison.difference / comparison.magnitude).toBeLessThan(2 ** -17);
  });

  it.each(Object.entries(QUANTIZED_REFUSED))('%s: refused in words', (_name, [network, says]) => {
    expect(() => importWritten(writtenModel(network, SEED, OPSET))).toThrow(says);
  });

  it.each(Object.entries(WITH_WORDS))('%s: refused in words', (_name, [network, says]) => {
    expect(() => importWritten(writtenModel(network, SEED, OPSET))).toThrow(says);
  });

  // Frames reach neither of its limits: what it became is looked at.
  const swished = Object.entries(INSTANCES).filter(([name]) => name.startsWith('activation: hard-swish'));
  it.each(swished)('%s: is one activation and nothing beside it', (_name, network) => {
    const { graph } = importWritten(writtenModel(network, SEED, OPSET));
    const kinds = graph.nodes.map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('conv2d'))).toEqual(['conv2d', 'hardSwish', 'globalAvgPool', 'dense']);
  });

  it('a file of a form that ONNX Runtime here does not read: its number and what to do are said', async () => {
    const model = ModelProto.decode(writtenModel(INSTANCES['vector: three dense layers']!, SEED, OPSET));
    model.irVersion = 99;
    await expect(
      compareWritten(ModelProto.encode(model).finish(), join(folder, 'newer.onnx')),
    ).rejects.toThrow(
      /IR version 99, which is newer than ONNX Runtime here reads — save it again with an older one/,
    );
  });
});
