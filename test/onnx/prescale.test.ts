/** The prescale in `fixed.onnx` and in the C++, as verification asks for it: the interpreter's bits, and faults that are seen. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { createRandom } from '../../src/core/random.js';
import { MAX_PRESCALE, prescaled, type PrescaleQuestion } from '../../src/ir/prescale.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { createCsim } from '../../src/backends/hls/csim.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import type { Witness } from '../../src/simulate/witness.js';
import { patternFrames } from '../../src/verify/frames.js';
import { describeVerification } from '../../src/text/verification.js';
import { verify } from '../../src/verify/verify.js';
import { projectOf } from '../hls/project.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

const PIXELS = 40 * 36;
const sampled = sampleFrames(4, PIXELS);
const scores = sampled.map((frame) => interpret(sampleFixedGraph(), frame).score).sort((a, b) => a - b);
/** Some of the frames are misses, some hits. */
const graph = { ...sampleFixedGraph(), threshold: scores[2]! };

const random = createRandom(5);
const EDGES = [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n];
const questions: readonly PrescaleQuestion[] = [
  ...EDGES.flatMap((number) =>
    [0, 1, 2, MAX_PRESCALE].flatMap((n) => [0, 1, 2 ** 32 - 1].map((key) => ({ number, key, n }))),
  ),
  ...Array.from({ length: 1200 }, (_, i) => ({
    number: i % 2 === 0 ? BigInt(i) : (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()),
    key: random.uint32(),
    n: 1 + (random.uint32() % 20),
  })),
];
const frames = questions.map((_, i) => sampled[i % sampled.length]!);
const keeps = sampled.map((frame) => interpret(graph, frame).keep);

const named = [
  ...patternFrames(graph),
  ...sampled.map((pixels) => ({ name: 'sample', kind: 'random' as const, pixels })),
];

async function verified(witness: Witness) {
  const all = await verify(graph, createInterpreter(graph), [witness], [...named, ...named], {
    coverageFrames: 0,
    minimizeBudget: 10,
  });
  await witness.close();
  return all;
}

describe('fixed.onnx with a prescale', () => {
  const model = emitFixedOnnx(graph, { prescale: true });

  it('gives the bits of the interpreter over edges and 1,200 numbers, keys and N', async () => {
    const witness = await createOrtWitness(graph, { batch: 400 }, model);
    const found = await witness.run(frames, { prescale: questions });
    await witness.close();
    const expected = questions.map((q, i) => prescaled(keeps[i % keeps.length]!, q));
    expect(found.map((r) => r.prescaled)).toEqual(expected);
    expect(found.map((r) => r.keep)).toEqual(questions.map((_, i) => keeps[i % keeps.length]));
    const chosen = expected.filter((e) => e.byPrescale).length;
    expect(chosen).toBeGreaterThan(100);
    expect(chosen).toBeLessThan(900);
  });

  it('is the file of before without it, with no trace of a prescale', () => {
    const plain = emitFixedOnnx(graph);
    expect(emitFixedOnnx(graph, { prescale: false })).toEqual(plain);
    expect(Buffer.from(plain).includes('prescale')).toBe(false);
    expect(ModelProto.decode(plain).graph!.input!.map((i) => i.name)).toEqual(['frames']);
    expect(ModelProto.decode(model).graph!.input!.map((i) => i.name)).toEqual(['frames', 'prescale']);
  });

  it('is verified with every stage and every drill; a file without it is said to have none', async () => {
    const right = await verified(await createOrtWitness(graph, {}, model));
    expect(right.witnesses[0]).toMatchObject({
      mismatches: 0,
      failed: null,
      prescaledFrames: 2 * named.length,
    });
    expect(right.witnesses[0]!.keptByPrescale).toBeGreaterThan(3);
    expect(describeVerification(right)).toMatch(/prescale: decided \d+ frames, of which it alone kept \d+/);
    const without = await verified(await createOrtWitness(graph));
    expect(without.witnesses[0]).toMatchObject({ mismatches: 0, prescaledFrames: 0 });
    expect(describeVerification(without)).toContain('prescale: it has none');
    const witness = await createOrtWitness(graph, {}, model);
    const all = await verify(graph, createInterpreter(graph), [witness], named, {
      drills: { most: 4, seed: 1 },
    });
    await witness.close();
    expect(all.verdict).toBe('exact');
  });

  it.each([
    ['a factor of the hash', 'int64_2146121005'],
    ['a shift of the hash', 'int64_32768'],
    ['the column of the key', 'int64_1'],
  ])('with another number for %s is found to differ', async (_name, constant) => {
    const wrong = ModelProto.decode(model);
    const tensor = wrong.graph!.initializer!.find((t) => t.name === constant)!;
    const bytes = Buffer.from(tensor.rawData!);
    bytes.writeBigInt64LE(constant === 'int64_1' ? 0n : bytes.readBigInt64LE() - 1n);
    tensor.rawData = bytes;
    const { verdict, witnesses } = await verified(
      await createOrtWitness(graph, {}, ModelProto.encode(wrong).finish()),
    );
    expect(verdict).toBe('different');
    expect(witnesses[0]!.first!.stage).toBe('by_prescale');
  });
});

describe('the prescale of the firmware, as verification asks for it', () => {
  it('has the bits of the interpreter; a fault in its hash is found and named', async () => {
    const folder = projectOf(graph, { pixelsPerClock: 4 }, 1);
    const open = async (): Promise<Witness> => {
      const opened = await createCsim(graph, folder, { flags: ['-O0'] });
      if (opened.kind !== 'ready') throw new Error(opened.reason);
      return opened.witness;
    };
    const right = await verified(await open());
    expect(right.witnesses[0]).toMatchObject({
      mismatches: 0,
      failed: null,
      prescaledFrames: 2 * named.length,
    });
    expect(right.witnesses[0]!.keptByPrescale).toBeGreaterThan(3);
    const header = join(folder, 'firmware/vetoc/prescale.h');
    writeFileSync(header, readFileSync(header, 'utf8').replace('h ^= h >> 15;', 'h ^= h >> 14;'));
    const wrong = await verified(await open());
    rmSync(folder, { recursive: true });
    expect(wrong.verdict).toBe('different');
    expect(wrong.witnesses[0]!.first!.stage).toBe('by_prescale');
    expect(wrong.witnesses[0]!.first!.text).not.toContain('asked again');
  });
});
