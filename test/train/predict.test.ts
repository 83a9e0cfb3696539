import { describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { createPredictor } from '../../src/train/predict.js';
import { tf } from '../../src/tensorflow/tf.js';

describe('a prediction on the wasm back end', () => {
  /** Bytes of tensors at the most, for a network of so many convolutions. */
  async function peakBytes(convolutions: number): Promise<number> {
    const layers: LayerInput[] = [
      ...Array.from({ length: convolutions }, () => ({ op: 'conv', filters: 16, norm: true }) as const),
      { op: 'globalPool', mode: 'avg' },
      { op: 'dense', units: 'classes' },
    ];
    const graph = createNetwork({
      network: layers.map((layer) => layerSchema.parse(layer)),
      preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), [64, 64]),
      classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
      seed: 1,
    });
    const predictor = createPredictor(graph);
    const profile = await tf.profile(() => tf.scalar(predictor.predict([new Uint16Array(64 * 64)]).length));
    predictor.dispose();
    return profile.peakBytes;
  }

  it('holds the values of the layer at hand, not those of all layers', async () => {
    await openBackend('wasm');
    expect(await peakBytes(12)).toBeLessThan(1.5 * (await peakBytes(3)));
  });
});
