/** `vetoc import` and `vetoc run --model`: files of every kind, in this process. */
import { mkdir, mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { importNetwork } from '../../src/frontends/import-network.js';
import { loadRun, RUN_FILES } from '../../src/run/folder.js';
import { readGraph } from '../../src/ir/graph-files.js';
import { createPreprocessor } from '../../src/evaluate/preprocessor.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { saveLayersModel } from '../../src/backends/layers-model/layers-model.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { runCli } from '../cli/run-cli.js';
import { AT_NIGHT } from '../night.js';
import { sampleFrames } from '../sample-graphs.js';
import { KERAS2_FORMS, keras2Logits, writeKeras2 } from './keras2-file.js';
import { sampleFloatGraph } from './sample-float.js';

const MODELS = fileURLToPath(new URL('models/', import.meta.url));
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const importFile = (path: string, rawSize: readonly [number, number] = [32, 32]) =>
  importNetwork({
    path,
    rawSize,
    preprocess: preprocessSchema.parse({ factor: 1 }),
    classes: (logits) => ({
      classNames: ['empty', 'weak', 'strong'].slice(0, logits),
      hitClasses: [false, true, true].slice(0, logits),
    }),
  });

describe('Keras in HDF5', () => {
  it('gives the network that Keras’ own ONNX export gives', async () => {
    const [fromH5, fromOnnx] = await Promise.all(
      ['keras.h5', 'keras.onnx'].map(async (file) =>
        createFloatReference((await importFile(join(MODELS, file))).graph),
      ),
    );
    for (const frame of sampleFrames(3, 1024, 5)) {
      const a = fromH5!.decide(frame).logits;
      const b = fromOnnx!.decide(frame).logits;
      expect(a.length).toBe(2);
      a.forEach((value, i) => {
        expect(Math.abs(value - b[i]!)).toBeLessThan(64 * 2 ** -23 * Math.max(...a.map(Math.abs)));
      });
    }
  });

  it.each(KERAS2_FORMS)('gives what the network of a Keras 2 file computes: %s', async (form) => {
    const path = join(folder, 'keras2.h5');
    const weights = await writeKeras2(path, form);
    const { graph } = await importFile(path, [16, 16]);
    const preprocessor = createPreprocessor(graph);
    for (const frame of sampleFrames(3, 256, 5)) {
      const [boundary] = preprocessor.boundary;
      const image = Array.from(preprocessor.run(frame)[0]!, (q) => q * boundary!.lsb);
      const expected = keras2Logits(weights, image);
      const { logits } = createFloatReference(graph).decide(frame);
      expect(logits).toHaveLength(expected.length);
      expected.forEach((value, i) => {
        expect(logits[i]).toBeCloseTo(value, 4);
      });
      expect(Math.abs(expected[0]! - expected[1]!)).toBeGreaterThan(0.01);
    }
  });

  it('is refused without a model in it, naming the file', async () => {
    const path = fileURLToPath(new URL('../data/fixtures/types.h5', import.meta.url));
    await expect(importFile(path)).rejects.toThrow(/types\.h5: holds no Keras model/);
  });
});

describe('a LayersModel', () => {
  it('that vetoc wrote comes back as the same function', async () => {
    const graph = createNetwork({
      network: 'veto-nano',
      preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), [32, 32]),
      classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
      seed: 4,
    });
    const files = await saveLayersModel(graph);
    const home = join(folder, 'layers');
    await mkdir(home);
    await writeFile(join(home, 'model.json'), files.json);
    await writeFile(join(home, 'weights.bin'), files.weights);
    const again = await importFile(join(home, 'model.json'));
    const [frame] = sampleFrames(1, 1024, 6);
    const [a, b] = [graph, again.graph].map((g) => createFloatReference(g).decide(frame!).logits);
    a!.forEach((value, i) => {
      expect(b![i]).toBeCloseTo(value, 4);
    });
  });
});

/** `model` with the weights of its first convolution in `location`. */
async function withExternalData(location: string, length?: number): Promise<string> {
  const model = ModelProto.decode(await readFile(join(MODELS, 'resnet18.onnx')));
  const tensor = model.graph!.initializer!.find(({ dims }) => dims?.length === 4)!;
  const bytes = tensor.rawData!;
  tensor.rawData = new Uint8Array();
  delete tensor.rawData;
  tensor.dataLocation = 1;
  tensor.externalData = [
    { key: 'location', value: location },
    { key: 'offset', value: '16' },
    { key: 'length', value: String(length ?? bytes.length) },
  ];
  const path = join(folder, 'external.onnx');
  await writeFile(path, ModelProto.encode(model).finish());
  await writeFile(join(folder, 'weights.data'), Buffer.concat([Buffer.alloc(16), bytes]));
  return path;
}

describe('external data', () => {
  it('is read from the file beside the model', async () => {
    const { graph } = await importFile(await withExternalData('weights.data'), [64, 64]);
    const plain = await importFile(join(MODELS, 'resnet18.onnx'), [64, 64]);
    expect(graph.nodes).toEqual(plain.graph.nodes);
  });

  it('is refused by the tensor’s name outside the folder, of a wrong size, or missing', async () => {
    await symlink('/etc/hostname', join(folder, 'link.data')).catch(() => undefined);
    for (const [location, length, why] of [
      ['../weights.data', undefined, 'not beside the model'],
      ['/etc/passwd', undefined, 'not beside the model'],
      ['link.data', undefined, 'not beside the model'],
      ['weights.data', 8, 'external data of 8 bytes where its dims say'],
      ['nowhere.data', undefined, 'cannot be read'],
    ] as const) {
      const path = await withExternalData(location, length);
      await expect(importFile(path, [64, 64])).rejects.toThrow(why);
      await expect(importFile(path, [64, 64])).rejects.toThrow(/onnx::Conv/);
    }
  });
});

describe('files that are no model', () => {
  it('are refused by name: too large, a zip, nothing there', async () => {
    const large = join(folder, 'large.onnx');
    const handle = await open(large, 'w');
    await handle.truncate(2 ** 31 + 10);
    await handle.close();
    await expect(importFile(large)).rejects.toThrow(/large\.onnx: has 2147483658 bytes.*external data/);
    const zip = join(folder, 'model.pt');
    await writeFile(zip, 'PK\x03\x04…');
    await expect(importFile(zip)).rejects.toThrow(/torch\.onnx\.export/);
    await expect(importFile(join(folder, 'gone.onnx'))).rejects.toThrow(/ENOENT/);
  });
});

describe('vetoc import', () => {
  it('writes the graph and says how far it is from the original', async () => {
    const out = join(folder, 'out');
    const result = await runCli(
      ...['import', join(MODELS, 'resnet18.onnx'), '--frame-size', '130x128', '--out', out, '--json'],
    );
    expect(result.code).toBe(0);
    const { file, compared, preprocess } = JSON.parse(result.stdout) as {
      file: string;
      compared: { difference: number; magnitude: number };
      preprocess: { factor: number; crop: unknown; channels: unknown[] };
    };
    expect(compared.difference).toBeLessThan(1e-5 * compared.magnitude);
    // The recipe leaves out two rows and columns of blocks; the network takes them.
    expect(preprocess).toMatchObject({
      factor: 2,
      causal: false,
      crop: { offset: [1, 0], size: [128, 128] },
    });
    // The default recipe has two; the network takes one.
    expect(preprocess.channels).toHaveLength(1);
    const graph = await readGraph(file, 'float');
    expect(graph.classNames).toEqual(['miss', 'hit']);
  });

  it('takes back float.onnx with its classes and threshold, and fails with 2 on frames of another size', async () => {
    const path = join(folder, 'float.onnx');
    await writeFile(path, emitFloatOnnx(sampleFloatGraph(1, [26, 22])));
    const out = join(folder, 'own');
    expect((await runCli('import', path, '--frame-size', '26x22', '--out', out)).code).toBe(0);
    expect(await readGraph(join(out, 'graph.json'), 'float')).toMatchObject({ threshold: 0.25 });
    const wrong = await runCli('import', path, '--frame-size', '30x22', '--out', join(folder, 'no'));
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('takes frames of 26×22');
  });
});

// Minutes: by day the examples have a smaller one.
if (AT_NIGHT)
  describe('vetoc run --model', () => {
    it('takes a ResNet-18 from PyTorch to exact firmware; its recipe names the network', async () => {
      const recipe = join(folder, 'tiny.json');
      await writeFile(
        recipe,
        JSON.stringify({
          version: 1,
          name: 'tiny',
          frames: { kind: 'simulate', count: 40, height: 64, width: 64 },
          preprocess: { factor: 1 },
          training: {},
          calibration: { frames: 4 },
          verify: { frames: 4, tensorFrames: 1 },
          explain: { frames: 1 },
        }),
      );
      const model = join(MODELS, 'resnet18.onnx');
      const out = join(folder, 'run');
      const result = await runCli(
        'run',
        recipe,
        '--model',
        model,
        '--out',
        out,
        '--backend',
        'cpu',
        '--json',
      );
      expect(result.stderr).toContain('exact: 0 mismatches');
      expect(result.code).toBe(0);
      const run = await loadRun(out);
      expect(run.fixed.nodes.some(({ id }) => id === 'layer4_1_conv2')).toBe(true);
      expect(run.recipe).toMatchObject({ model: { path: model } });
      // The LayersModel of the run is the same function again.
      const layers = await importFile(join(out, 'float/model.json'), [64, 64]);
      const [frame] = sampleFrames(1, 64 * 64, 3);
      const [a, b] = [run.float, layers.graph].map((g) => createFloatReference(g).decide(frame!).logits);
      a!.forEach((value, i) => {
        expect(b![i]).toBeCloseTo(value, 4);
      });
      // The recipe of the run refuses another network in the place of this one.
      const edited = join(folder, 'edited.json');
      const text = await readFile(join(out, RUN_FILES.recipe), 'utf8');
      await writeFile(edited, text.replace('resnet18.onnx', 'keras.onnx'));
      const other = await runCli('run', edited, '--out', join(folder, 'other'));
      expect(other.code).toBe(2);
      expect(other.stderr).toContain('not the file that the recipe was made for');
    }, 300_000);
  });
