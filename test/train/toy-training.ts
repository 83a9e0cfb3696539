/** A small training: frames of 32×32 with or without spots, a small network, a quick recipe. */
import { createRandom } from '../../src/core/random.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { trainingSchema, type TrainingInput } from '../../src/train/recipe.js';
import type { LabelledFrames } from '../../src/train/sample-cache.js';

export const SIZE = 32;

/** Misses: Poisson background and a hot pixel. Hits: a few small spots on it. */
export function toyFrames(
  count: number,
  seed: number,
): LabelledFrames & { readonly frames: readonly Uint16Array[] } {
  const random = createRandom(seed);
  const frames = Array.from({ length: count }, (_, i) => {
    const frame = Uint16Array.from({ length: SIZE * SIZE }, () => random.poisson(1));
    const spots = i % 2 === 1 ? 6 : 0;
    for (let s = 0; s < spots; s++) {
      const y = random.integer(1, SIZE - 3);
      const x = random.integer(1, SIZE - 3);
      for (const at of [y * SIZE + x, y * SIZE + x + 1, (y + 1) * SIZE + x])
        frame[at] = frame[at]! + random.poisson(25);
    }
    frame[random.integer(0, frame.length - 1)] = 3000;
    return frame;
  });
  return { count, frames, read: (i) => Promise.resolve(frames[i]!), label: (i) => i % 2 };
}

export const preprocess = preprocessNodes(
  preprocessSchema.parse({ factor: 2, channels: [{ bin: 'sum', clampMax: 255 }] }),
  [SIZE, SIZE],
);
export const graph = createNetwork({
  network: 'veto-nano',
  preprocess,
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 3,
});
export const train = toyFrames(96, 1);
export const validation = toyFrames(32, 2);
export const recipe = (more: TrainingInput = {}) =>
  trainingSchema.parse({
    epochs: 4,
    batchSize: 16,
    learningRate: 0.01,
    workers: 1,
    averaging: 0.9,
    select: 'last',
    ...more,
  });

/** Without normalisation: its weights are all that changes. */
export const bareGraph = () =>
  createNetwork({
    network: [
      { op: 'conv', filters: 4, stride: 2 },
      { op: 'globalPool', mode: 'both' },
      { op: 'dense', units: 'classes' },
    ].map((layer) => layerSchema.parse(layer)),
    preprocess,
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 3,
  });
