/** Descriptions of layers that read what is not there: refused at once, where TensorFlow.js would look for it for ever. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importNetwork } from '../../src/frontends/import-network.js';
import { preprocessSchema } from '../../src/frontends/network/preprocess.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-connections-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Layer {
  readonly class_name: string;
  readonly name: string;
  readonly config: object;
  inbound_nodes: unknown[];
}
type Read = readonly [layer: string, call: number, tensor: number, kwargs: object];
const reads = (layer: string, call = 0, tensor = 0): Read => [layer, call, tensor, {}];

/** An input, a convolution, its mean and two logits, as `change` leaves them. */
function description(change: (layers: Layer[], config: Record<string, unknown>) => void): object {
  const layer = (class_name: string, name: string, config: object, ...inputs: Read[]): Layer => ({
    class_name,
    name,
    config: { name, trainable: true, ...config },
    inbound_nodes: inputs.length === 0 ? [] : [inputs],
  });
  const image = { batch_input_shape: [null, 12, 12, 1], dtype: 'float32', sparse: false };
  const convolution = { filters: 1, kernel_size: [3, 3], padding: 'same', use_bias: false };
  const layers = [
    layer('InputLayer', 'image', image),
    layer('Conv2D', 'conv', convolution, reads('image')),
    layer('GlobalAveragePooling2D', 'mean', {}, reads('conv')),
    layer('Dense', 'logits', { units: 2, use_bias: false }, reads('mean')),
  ];
  const config: Record<string, unknown> = {
    name: 'm',
    layers,
    input_layers: [['image', 0, 0]],
    output_layers: [['logits', 0, 0]],
  };
  change(layers, config);
  return { class_name: 'Model', keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js', config };
}

async function imported(change: Parameters<typeof description>[0]) {
  const path = join(folder, 'model.json');
  const specs = [
    { name: 'conv/kernel', shape: [3, 3, 1, 1], dtype: 'float32' },
    { name: 'logits/kernel', shape: [1, 2], dtype: 'float32' },
  ];
  const model = {
    format: 'layers-model',
    modelTopology: description(change),
    weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
  };
  await writeFile(path, JSON.stringify(model));
  await writeFile(join(folder, 'weights.bin'), Buffer.from(new Float32Array(11).fill(0.25).buffer));
  return importNetwork({
    path,
    rawSize: [12, 12],
    preprocess: preprocessSchema.parse({ factor: 1 }),
    classes: () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] }),
  });
}

describe('the connections of a LayersModel', () => {
  it('are followed where they are whole', async () => {
    const { comparison } = await imported(() => undefined);
    expect(comparison!.magnitude).toBeGreaterThan(0);
  });

  const strays: Readonly<Record<string, readonly [Parameters<typeof description>[0], RegExp]>> = {
    'a misspelt name': [
      (layers) => (layers[2]!.inbound_nodes = [[reads('cnv')]]),
      /layer mean reads cnv, and there is no/,
    ],
    'a call that was never made': [
      (layers) => (layers[2]!.inbound_nodes = [[reads('conv', 3)]]),
      /layer mean reads call 3 of conv, and there are 1, counted from 0/,
    ],
    'an output that a layer does not have': [
      (layers) => (layers[2]!.inbound_nodes = [[reads('conv', 0, 2)]]),
      /layer mean reads output 2 of conv, which has one/,
    ],
    'a layer that reads nothing': [
      (layers) => (layers[3]!.inbound_nodes = []),
      /its output reads call 0 of logits, and there are 0/,
    ],
    'an output of another name': [
      (_layers, config) => (config['output_layers'] = [['logit', 0, 0]]),
      /its output reads logit, and there is no such layer/,
    ],
    'an input of another name': [
      (_layers, config) => (config['input_layers'] = [['picture', 0, 0]]),
      /its input reads picture, and there is no such layer/,
    ],
    'a circle of two': [
      (layers) => (layers[1]!.inbound_nodes = [[reads('mean')]]),
      /layers conv, mean, logits read each other in a cycle/,
    ],
    'a layer that reads its own second call': [
      (layers) => (layers[1]!.inbound_nodes = [[reads('image')], [reads('conv', 1)]]),
      /layers conv read each other in a cycle/,
    ],
    'a layer that is called twice, which is no circle': [
      (layers) => {
        layers[1]!.inbound_nodes = [[reads('image')], [reads('conv', 0)]];
        layers[2]!.inbound_nodes = [[reads('conv', 1)]];
      },
      /conv \(Conv2D\): is used more than once: its weights would be shared \(taken from ONNX/,
    ],
  };
  it.each(Object.entries(strays))('%s: is refused in words', async (_name, [change, says]) => {
    await expect(imported(change)).rejects.toThrow(says);
  });
});
