/** What decides frames of a stream: fast where that is right, and right in any case. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { createDecider, type Decider } from '../../src/live/decide/decider.js';
import { createFastPreprocessor } from '../../src/live/simd/preprocess.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { createInterpreter } from '../../src/simulate/interpreter.js';
import { writeUntrainedRun } from '../bench/live/network.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

const graph = sampleFixedGraph();
const frames = sampleFrames(24, 40 * 36);
const networkOf = (fixed: FixedGraph, model = emitFixedOnnx(fixed)) => ({
  fixed,
  model,
  digest: '',
  threshold: fixed.threshold,
});

/** Asks in batches, the first of which is the one that is checked. */
async function expectDefined(decider: Decider, fast: boolean): Promise<void> {
  const right = await createInterpreter(graph).run(frames);
  for (let from = 0; from < frames.length; from += 8) {
    const results = await decider.run(frames.slice(from, from + 8));
    expect(results.map(({ score, keep, logits }) => ({ score, keep, logits }))).toEqual(
      right.slice(from, from + 8).map(({ score, keep, logits }) => ({ score, keep, logits })),
    );
    expect(decider.isFast()).toBe(fast);
  }
  await decider.close();
}

it('preprocesses in WebAssembly and gives what the definition gives', async () => {
  await expectDefined(await createDecider(networkOf(graph), 8), true);
});

it('takes the three tensors of the recipe veto', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vetoc-decider-'));
  try {
    const seen = sampleFrames(9, 128 * 128);
    const fixed = await writeUntrainedRun(folder, { recipe: 'veto', size: [128, 128], frames: seen });
    const decider = await createDecider(networkOf(fixed), 8);
    const right = await createInterpreter(fixed).run(seen.slice(6));
    await decider.run(seen.slice(0, 6));
    expect((await decider.run(seen.slice(6))).map(({ score }) => score)).toEqual(
      right.map(({ score }) => score),
    );
    expect(new Set(right.map(({ score }) => score)).size).toBe(3);
    expect(decider.isFast()).toBe(true);
    await decider.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('gives preprocessing up that does not repeat fixed.onnx, frames of the first call included', async () => {
  const wrong = createFastPreprocessor(graph)!;
  const lying = {
    ...wrong,
    run(pixels: Uint16Array, outs: readonly Float32Array[], number: number) {
      wrong.run(
        pixels.map((count) => 3 * count),
        outs,
        number,
      );
    },
  };
  await expectDefined(await createDecider(networkOf(graph), 8, lying), false);
});

it('runs files of an earlier version, and preprocessing that the module does not know, as they are', async () => {
  const decoded = ModelProto.decode(emitFixedOnnx(graph));
  decoded.metadataProps = [];
  const earlier = ModelProto.encode(decoded).finish();
  await expectDefined(await createDecider(networkOf(graph, earlier), 8), false);
  await expectDefined(await createDecider(networkOf(graph), 8, null), false);
});
