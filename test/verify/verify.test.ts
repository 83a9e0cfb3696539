import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { nodeId } from '../../src/ir/common.js';
import { inputNode } from '../../src/ir/graph.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import type { FrameResult, Witness } from '../../src/simulate/witness.js';
import { aimedFrames, patternFrames, type NamedFrame } from '../../src/verify/frames.js';
import { searchedFrames } from '../../src/verify/search.js';
import { describeVerification } from '../../src/text/verification.js';
import { verify } from '../../src/verify/verify.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

const graph = sampleFixedGraph();
const [height, width] = inputNode(graph).size;
const definition = createInterpreter(graph);
const frames = sampleFrames(3, height * width).map((pixels, i): NamedFrame => ({
  name: `frame ${i}`,
  kind: 'random',
  pixels,
}));

/** A witness that answers as the interpreter does, but for what `spoil` does to it. */
function spoiled(spoil: (result: FrameResult, pixels: Uint16Array) => FrameResult): Witness {
  return {
    name: 'spoiled',
    version: '1',
    run: async (pixels, options) =>
      (await definition.run(pixels, options)).map((r, i) => spoil(r, pixels[i]!)),
    close: () => Promise.resolve(),
  };
}

/** Adds one to an element of a stage when pixel (20, 20) is bright. */
const faulty = (stage: string, element: number): Witness =>
  spoiled((result, pixels) => {
    if (pixels[20 * width + 20]! < 100) return result;
    const tensors = new Map(result.tensors);
    const changed = tensors.get(nodeId(stage))!.slice();
    changed[element]! += 1;
    return { ...result, tensors: tensors.set(nodeId(stage), changed) };
  });

describe('verify', () => {
  it('is exact when every integer of every witness agrees', async () => {
    const ort = await createOrtWitness(graph);
    const result = await verify(graph, definition, [ort], frames);
    await ort.close();
    expect(result.verdict).toBe('exact');
    expect(result.witnesses[0]).toMatchObject({ frames: 3, mismatches: 0, first: null });
    expect(result.witnesses[0]!.values).toBeGreaterThan(3 * height * width);
  });

  it('names the stage, pixel and channel, shows what went in, and finds the one pixel that matters', async () => {
    const bright: NamedFrame = {
      name: 'bright',
      kind: 'random',
      pixels: new Uint16Array(height * width).fill(500),
    };
    const element = (3 * 8 + 5) * 6 + 2;
    const result = await verify(graph, definition, [faulty('conv1', element)], [...frames, bright]);
    expect(result.verdict).toBe('different');
    const { first } = result.witnesses[0]!;
    expect(first).toMatchObject({ stage: 'conv1', y: 3, x: 5, channel: 2 });
    expect(first!.found).toBe(first!.expected + 1);
    expect(first!.trace!.terms).toHaveLength(9);
    expect(first!.minimal!.pixels).toMatchObject([{ y: 20, x: 20 }]);
    expect(describeVerification(result)).toContain('first difference in conv1 at pixel (3, 5), channel 2');
  });

  it('names the earliest stage of all frames, not the first frame in which a consequence shows', async () => {
    const wrong = (result: FrameResult, stage: string): FrameResult => {
      const tensors = new Map(result.tensors);
      const changed = tensors.get(nodeId(stage))!.map((v) => v + 1);
      return { ...result, tensors: tensors.set(nodeId(stage), changed) };
    };
    const witness = spoiled((result, pixels) =>
      wrong(result, pixels === frames[2]!.pixels ? 'pool1' : 'avg1'),
    );
    const { first, differentFrames } = (await verify(graph, definition, [witness], frames)).witnesses[0]!;
    expect(first).toMatchObject({ stage: 'pool1', frame: 2 });
    expect(differentFrames).toBe(3);
  });

  it('still names the stage when a witness is right once it is asked again', async () => {
    let asked = 0;
    const forgetful = spoiled((result) => {
      const tensors = new Map(result.tensors);
      const changed = tensors.get(nodeId('add1'))!.map((v) => v + (asked === 0 ? 1 : 0));
      asked += 1;
      return { ...result, tensors: tensors.set(nodeId('add1'), changed) };
    });
    const { first } = (await verify(graph, definition, [forgetful], frames)).witnesses[0]!;
    expect(first).toMatchObject({ stage: 'add1', frame: 0, minimal: null });
    expect(first!.text).toContain('depends on the frames before');
  });

  it('names the decision when only the threshold is wrong', async () => {
    const result = await verify(graph, definition, [spoiled((r) => ({ ...r, keep: !r.keep }))], frames);
    expect(result.witnesses[0]!.first!.stage).toBe('keep');
  });

  it('is incomplete, never exact, when a witness is missing', async () => {
    const missing = { name: 'csim', reason: 'there is no compiler' };
    const result = await verify(graph, definition, [spoiled((r) => r), missing], frames);
    expect(result.verdict).toBe('incomplete');
    expect(describeVerification(result)).toContain('csim: missing — there is no compiler');
  });

  it('is different when a witness breaks down, and when it leaves a stage out', async () => {
    const dead: Witness = {
      ...spoiled((r) => r),
      run: () => Promise.reject(new Error('segmentation fault')),
    };
    const result = await verify(graph, definition, [dead], frames);
    expect(result.verdict).toBe('different');
    expect(result.witnesses[0]!.failed).toContain('segmentation fault');
    const silent = spoiled((r) => ({ ...r, tensors: new Map() }));
    expect((await verify(graph, definition, [silent], frames)).verdict).toBe('different');
  });
});

describe('coverage', () => {
  it('lists what black frames have not exercised', async () => {
    const black: NamedFrame = { name: 'black', kind: 'random', pixels: new Uint16Array(height * width) };
    const { coverage } = await verify(graph, definition, [spoiled((r) => r)], [black]);
    expect(coverage.unseen.length).toBeGreaterThan(5);
  });

  it('aimed frames drive the first convolution to its proved bounds', async () => {
    const aimed = [...patternFrames(graph), ...aimedFrames(graph, 40)];
    const { coverage } = await verify(graph, definition, [spoiled((r) => r)], aimed, { coverageFrames: 200 });
    const conv1 = coverage.stages.find((s) => s.stage === 'conv1')!;
    expect(conv1.boundReached).toBeGreaterThan(0.9);
    expect(coverage.unseen.length).toBeLessThan(5);
  });
});

describe('searched frames', () => {
  it('show ties and saturation that the given ones do not, and the edge of the decision', async () => {
    const black: NamedFrame = { name: 'black', kind: 'random', pixels: new Uint16Array(height * width) };
    const found = searchedFrames(graph, [black, ...frames], createRandom(4), 300);
    const unseen = async (asked: readonly NamedFrame[]): Promise<number> => {
      const { coverage } = await verify(graph, definition, [spoiled((r) => r)], asked, {
        coverageFrames: 400,
      });
      return coverage.unseen.length;
    };
    expect(await unseen([black, ...frames, ...found])).toBeLessThan(await unseen([black, ...frames]));
    const [vetoed, kept] = (await definition.run(found.slice(-2).map((f) => f.pixels))) as [
      FrameResult,
      FrameResult,
    ];
    expect([vetoed.keep, kept.keep]).toEqual([false, true]);
    const [a, b] = found.slice(-2).map((f) => f.pixels) as [Uint16Array, Uint16Array];
    const changed = [...a.keys()].filter((i) => a[i] !== b[i]);
    expect(changed).toHaveLength(1);
    expect(Math.abs(a[changed[0]!]! - b[changed[0]!]!)).toBe(1);
  });

  it('are the same for the same seed', () => {
    const search = (): readonly NamedFrame[] => searchedFrames(graph, frames, createRandom(4), 20);
    expect(search()).toEqual(search());
  });
});
