import { mkdirSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { veto } from '../../src/ir/graph.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { predictFloat } from '../../src/train/predict.js';
import { fillCache, type LabelledFrames } from '../../src/train/sample-cache.js';
import { trainNetwork, type TrainEvent } from '../../src/train/train.js';
import { bareGraph, graph, recipe, SIZE, toyFrames, train, validation } from './toy-training.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-train-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('training', () => {
  it('learns to tell spots from hot pixels, and keeps the hits that it was asked to keep', async () => {
    const events: TrainEvent[] = [];
    const result = await trainNetwork({
      graph,
      train,
      validation,
      recipe: recipe({
        epochs: 14,
        select: 'veto',
        augmentation: { shift: 1, gain: 1, pedestal: 0, background: 0, hotPixels: 1, droppedPanel: 0 },
      }),
      seed: 1,
      backend: 'wasm',
      onProgress: (event) => events.push(event),
    });
    const logits = await predictFloat(result.graph, validation.frames, { backend: 'wasm' });
    const scores = logits.map((row) => veto(row, graph.hitClasses));
    const kept = scores.filter((s, i) => i % 2 === 1 && s >= result.graph.threshold).length;
    expect(kept).toBeGreaterThanOrEqual(Math.ceil(0.995 * 16));
    const best = result.history[result.bestEpoch - 1]!;
    expect(best.validation.hitMissAccuracy).toBeGreaterThan(0.9);
    expect(events.filter((e) => e.kind === 'epoch')).toHaveLength(14);
    const last = events.findLast((e) => e.kind === 'step');
    expect(last).toMatchObject({ step: 6, steps: 6, fraction: 1 });
  });

  it('gives the same weights for the same seed, and others for another', async () => {
    const run = (seed: number) =>
      trainNetwork({ graph, train, validation, recipe: recipe({ epochs: 2 }), seed, backend: 'wasm' });
    const [a, b, c] = [await run(5), await run(5), await run(6)];
    expect(a.graph).toEqual(b.graph);
    expect(a.graph).not.toEqual(c.graph);
  });

  it('reads frames from a file when they do not fit the memory limit, with the same result', async () => {
    // 1,100 frames of 32 × 32 counts of 2 bytes: 2.1 MiB.
    const big = toyFrames(1100, 9);
    const full = preprocessNodes(preprocessSchema.parse({ factor: 1 }), [SIZE, SIZE]);
    const large = createNetwork({
      network: 'veto-nano',
      preprocess: full,
      classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
      seed: 3,
    });
    const temporary = join(folder, 'temporary');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    const seen = { reading: 0, training: 0 };
    const runLarge = (cacheMebibytes: number) =>
      trainNetwork({
        graph: large,
        train: big,
        validation,
        recipe: recipe({ epochs: 1, batchSize: 256, cacheMebibytes }),
        seed: 5,
        backend: 'wasm',
        onProgress({ kind }) {
          const files = readdirSync(temporary).length;
          if (kind === 'frames') seen.reading = Math.max(seen.reading, files);
          if (kind === 'step') seen.training = Math.max(seen.training, files);
        },
      });
    const fromFile = await runLarge(1);
    // A training that is killed leaves no file behind: it has no name any more once it is open.
    expect(seen).toEqual({ reading: 1, training: process.platform === 'win32' ? 1 : 0 });
    expect(fromFile.graph).toEqual((await runLarge(64)).graph);
    vi.unstubAllEnvs();
  });

  it('gives the same weights twice with two workers', async () => {
    const run = () =>
      trainNetwork({
        graph,
        train,
        validation,
        recipe: recipe({ epochs: 1, workers: 2 }),
        seed: 5,
        backend: 'wasm',
      });
    const [a, b] = [await run(), await run()];
    expect(a.workers).toBe(2);
    expect(a.graph).toEqual(b.graph);
  });

  it('sums over workers and micro-batches the gradient of a whole batch, where no layer normalises by it', async () => {
    const bare = bareGraph();
    const run = (workers: number, microBatch: number) =>
      trainNetwork({
        graph: bare,
        train,
        validation,
        recipe: recipe({ epochs: 1, workers, microBatch }),
        seed: 5,
        backend: 'wasm',
      });
    const one = await run(1, 0);
    for (const other of [await run(2, 0), await run(1, 3)]) {
      expect(other.history[0]!.loss).toBeCloseTo(one.history[0]!.loss, 5);
      expect(other.history[0]!.validation.loss).toBeCloseTo(one.history[0]!.validation.loss, 4);
    }
  });
});

describe('a cache of frames', () => {
  it('is the same whether its progress is followed or not', async () => {
    const silent = await fillCache(graph, validation, { cacheMebibytes: 16 });
    const done: number[] = [];
    const followed = await fillCache(graph, validation, { cacheMebibytes: 16, onFrame: (n) => done.push(n) });
    expect(done).toEqual(validation.frames.map((_, i) => i + 1));
    expect(silent.handle).toEqual(followed.handle);
    expect(silent.digest).toBe(followed.digest);
  });
});

describe('a killed training', () => {
  const killedAfter = async (epoch: number, checkpoints: string): Promise<void> => {
    const kill = trainNetwork({
      graph,
      train,
      validation,
      recipe: recipe(),
      seed: 5,
      backend: 'wasm',
      checkpoints,
      onProgress: (event) => {
        if (event.kind === 'step' && event.epoch === epoch + 1 && event.step === 2) throw new Error('killed');
      },
    });
    await expect(kill).rejects.toThrow('killed');
  };

  it('goes on from its checkpoint to the same final weights', async () => {
    const checkpoints = join(folder, 'run.checkpoints');
    const whole = await trainNetwork({
      graph,
      train,
      validation,
      recipe: recipe(),
      seed: 5,
      backend: 'wasm',
    });
    await killedAfter(2, checkpoints);
    const events: TrainEvent[] = [];
    const resumed = await trainNetwork({
      graph,
      train,
      validation,
      recipe: recipe(),
      seed: 5,
      backend: 'wasm',
      checkpoints,
      onProgress: (event) => events.push(event),
    });
    expect(events.find((e) => e.kind === 'resumed')).toMatchObject({ epoch: 2 });
    expect(resumed.graph).toEqual(whole.graph);
    expect(resumed.history).toEqual(whole.history);
    expect(readdirSync(checkpoints)).toHaveLength(1);
  });

  it('does not go on from the checkpoint of another training, and leaves that alone', async () => {
    const checkpoints = join(folder, 'other.checkpoints');
    await killedAfter(1, checkpoints);
    const [kept] = readdirSync(checkpoints);
    const before = await readFile(join(checkpoints, kept!));
    const darker: LabelledFrames = {
      ...train,
      read: async (i) => (await train.read(i)).map((v) => v >> 1),
    };
    for (const change of [{ seed: 6 }, { train: darker }]) {
      const events: TrainEvent[] = [];
      await trainNetwork({
        graph,
        train,
        validation,
        recipe: recipe(),
        seed: 5,
        backend: 'wasm',
        checkpoints,
        onProgress: (event) => events.push(event),
        ...change,
      });
      expect(events.map((e) => e.kind)).not.toContain('resumed');
    }
    expect(readdirSync(checkpoints)).toHaveLength(3);
    expect((await readFile(join(checkpoints, kept!))).equals(before)).toBe(true);
  });

  it('refuses a damaged checkpoint', async () => {
    const checkpoints = join(folder, 'damaged.checkpoints');
    await killedAfter(1, checkpoints);
    const [kept] = readdirSync(checkpoints);
    await writeFile(join(checkpoints, kept!), 'vetockpt and then nothing');
    await expect(
      trainNetwork({ graph, train, validation, recipe: recipe(), seed: 5, backend: 'wasm', checkpoints }),
    ).rejects.toThrow(/damaged/);
  });
});

describe('what cannot be trained', () => {
  it('is refused in words', async () => {
    const run = (more: Partial<Parameters<typeof trainNetwork>[0]>) =>
      trainNetwork({
        graph,
        train,
        validation,
        recipe: recipe({ epochs: 1 }),
        seed: 1,
        backend: 'wasm',
        ...more,
      });
    await expect(run({ train: { ...train, count: 0 } })).rejects.toThrow(/no train frames/);
    await expect(run({ train: { ...train, label: () => 2 } })).rejects.toThrow(/class 2.*2 classes/);
    await expect(run({ train: { ...train, label: () => 1 } })).rejects.toThrow(
      /train: there are no misses among the train frames — give frames of hits and of misses/,
    );
    await expect(run({ train: { ...train, label: () => 0 } })).rejects.toThrow(/no hits among the train/);
    await expect(run({ validation: { ...validation, label: () => 0 } })).rejects.toThrow(
      /no hits among the validation frames/,
    );
    await expect(run({ recipe: recipe({ classWeights: [1, 2, 3] }) })).rejects.toThrow(
      /3 weights for 2 classes/,
    );
    await expect(
      run({ recipe: recipe({ learningRate: 1, clipNorm: 0, warmupEpochs: 0, epochs: 30 }) }),
    ).resolves.toBeDefined();
  });
});
