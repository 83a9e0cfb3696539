import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { saveLayersModel } from '../../src/backends/layers-model/layers-model.js';
import { loadNetwork } from '../../src/frontends/network/load.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { flattenParameters, parameterLayout } from '../../src/train/parameters.js';

const folder = mkdtempSync(join(tmpdir(), 'vetoc-load-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const request = (network: string) => ({
  network,
  preprocess: preprocessNodes(preprocessSchema.parse({ factor: 2 }), [32, 32]),
  classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
  seed: 5,
});
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('the network of a recipe', () => {
  it('is one of the registry by its name', async () => {
    expect(await loadNetwork(request('veto-nano'))).toEqual(createNetwork(request('veto-nano')));
  });

  it('is a description in a JSON file', async () => {
    const layers = [
      { op: 'conv', filters: 3 },
      { op: 'globalPool', mode: 'max' },
      { op: 'dense', units: 'classes' },
    ];
    const graph = await loadNetwork(request(file('layers.json', JSON.stringify(layers))));
    expect(graph.nodes.filter((n) => 'weights' in n).map((n) => n.kind)).toEqual(['conv2d', 'dense']);
  });

  // Before anything else in this file opens a back end: nor has `vetoc run` when it reads the network.
  it('is a LayersModel, whatever is open', async () => {
    const layer = (class_name: string, config: object) => ({ class_name, config });
    const layers = [
      layer('GlobalMaxPooling2D', { name: 'pool', batch_input_shape: [null, 16, 16, 1], dtype: 'float32' }),
      layer('Dense', { name: 'dense', units: 2, use_bias: true }),
    ];
    const weights = [
      { name: 'dense/kernel', shape: [1, 2], dtype: 'float32' },
      { name: 'dense/bias', shape: [2], dtype: 'float32' },
    ];
    writeFileSync(join(folder, 'hand.bin'), Buffer.from(Float32Array.of(1, 2, 3, 4).buffer));
    const modelTopology = { class_name: 'Sequential', config: { name: 'hand', layers } };
    const weightsManifest = [{ paths: ['hand.bin'], weights }];
    const graph = await loadNetwork(
      request(file('hand.json', JSON.stringify({ modelTopology, weightsManifest }))),
    );
    expect(graph.nodes.at(-1)).toMatchObject({
      kind: 'dense',
      weights: Float32Array.of(1, 2),
      bias: Float32Array.of(3, 4),
    });
  });

  it('is a LayersModel with its weights', async () => {
    await openBackend('cpu');
    const graph = createNetwork(request('veto-nano'));
    const files = await saveLayersModel(graph);
    writeFileSync(join(folder, 'weights.bin'), files.weights);
    const path = file('model.json', files.json);
    const loaded = await loadNetwork(request(path));
    const weights = (g: typeof graph) => flattenParameters(g, parameterLayout(g).trainable);
    expect(Array.from(weights(loaded))).toEqual(expect.arrayContaining(Array.from(weights(graph))));
    expect(loaded.nodes[0]).toEqual(graph.nodes[0]);
  });

  it.each([
    { name: 'text.json', text: 'layers', why: /text\.json.*cannot be read as JSON/ },
    { name: 'bad.json', text: '[{"op":"conv"}]', why: /bad\.json: layers\.0\.filters/ },
    {
      name: 'model-bad.json',
      text: '{"modelTopology":{}}',
      why: /model-bad\.json: weightsManifest: .*the model\.json that TensorFlow\.js wrote/,
    },
  ])('is refused in words: $name', async ({ name, text, why }) => {
    await expect(loadNetwork(request(file(name, text)))).rejects.toThrow(why);
  });
});
