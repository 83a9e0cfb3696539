/** TensorFlow.js graph models, as the converter writes them: imported, and held against TensorFlow.js itself. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { importNetwork } from '../../src/frontends/import-network.js';
import { modelHash } from '../../src/frontends/model-file.js';
import { preprocessSchema } from '../../src/frontends/network/preprocess.js';

const SIDE = 16;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-graph-model-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const s = (text: string) => ({ s: base64(text) });
const ints = (...values: number[]) => ({ list: { i: values.map(String) } });
const FLOAT = { T: { type: 'DT_FLOAT' } };

/** A GraphDef that is being written, with its weights. */
class GraphFile {
  readonly nodes: object[] = [];
  private readonly specs: object[] = [];
  private readonly bytes: Uint8Array[] = [];
  private readonly random = createRandom(7);

  constructor() {
    const shape = { dim: [-1, SIDE, SIDE, 1].map((size) => ({ size: String(size) })) };
    this.nodes.push({
      name: 'image',
      op: 'Placeholder',
      attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape } },
    });
  }
  node(op: string, name: string, input: readonly string[], attr: Record<string, unknown> = {}): string {
    this.nodes.push({ name, op, input, attr: { ...FLOAT, ...attr } });
    return name;
  }
  private constant(name: string, dtype: string, shape: readonly number[], bytes: Uint8Array): string {
    this.nodes.push({
      name,
      op: 'Const',
      attr: { dtype: { type: dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT' } },
    });
    this.specs.push({ name, shape, dtype });
    this.bytes.push(bytes);
    return name;
  }
  weights(name: string, shape: readonly number[], from = -1, to = 1): string {
    const count = shape.reduce((a, b) => a * b, 1);
    const size = shape.length > 1 ? 1.5 / Math.sqrt(count / shape.at(-1)!) : 1;
    const values = Float32Array.from(
      { length: count },
      () => size * (from + (to - from) * this.random.uniform()),
    );
    return this.constant(name, 'float32', shape, new Uint8Array(values.buffer));
  }
  whole(name: string, values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.constant(name, 'int32', shape, new Uint8Array(Int32Array.from(values).buffer));
  }
  async write(name: string): Promise<string> {
    const place = join(folder, name);
    await mkdir(place, { recursive: true });
    const path = join(place, 'model.json');
    await writeFile(join(place, 'group1-shard1of1.bin'), Buffer.concat(this.bytes));
    const weightsManifest = [{ paths: ['group1-shard1of1.bin'], weights: this.specs }];
    const modelTopology = { node: this.nodes, versions: { producer: 1087 } };
    await writeFile(
      path,
      JSON.stringify({ format: 'graph-model', generatedBy: '2.15.0', modelTopology, weightsManifest }),
    );
    return path;
  }
}

interface Node {
  readonly name: string;
  readonly op: string;
  input?: readonly string[];
}
const byName = (nodes: readonly Node[], name: string): Node => nodes.find((node) => node.name === name)!;

const WINDOW = {
  strides: ints(1, 1, 1, 1),
  dilations: ints(1, 1, 1, 1),
  padding: s('SAME'),
  data_format: s('NHWC'),
};

/** Operators one by one, as a SavedModel that nothing was fused in. */
function plain(): GraphFile {
  const g = new GraphFile();
  const conv = g.node('Conv2D', 'conv', ['image', g.weights('w1', [3, 3, 1, 4])], {
    ...WINDOW,
    strides: ints(1, 2, 2, 1),
  });
  const bias = g.node('BiasAdd', 'bias', [conv, g.weights('b1', [4])]);
  const norm = g.node(
    'FusedBatchNormV3',
    'norm',
    [
      bias,
      g.weights('gamma', [4], 0.5, 1.5),
      g.weights('beta', [4]),
      g.weights('mean', [4]),
      g.weights('variance', [4], 0.5, 2),
    ],
    { epsilon: { f: 0.001 }, is_training: { b: false }, data_format: s('NHWC') },
  );
  const limited = g.node('Relu6', 'relu6', [norm]);
  const padded = g.node('Pad', 'pad', [limited, g.whole('pads', [0, 0, 0, 1, 0, 1, 0, 0], [4, 2])]);
  const depthwise = g.node('DepthwiseConv2dNative', 'depthwise', [padded, g.weights('w2', [3, 3, 4, 2])], {
    ...WINDOW,
    strides: ints(1, 2, 2, 1),
    padding: s('VALID'),
  });
  const leaky = g.node('LeakyRelu', 'leaky', [depthwise], { alpha: { f: 0.25 } });
  const half = g.node('Mul', 'scaled', [leaky, g.weights('factor', [8], 0.5, 1.5)]);
  const joined = g.node('ConcatV2', 'joined', [half, leaky, g.whole('axis', [3], [])]);
  const mean = g.node('Mean', 'mean_of_all', [joined, g.whole('axes', [1, 2])], { keep_dims: { b: false } });
  const product = g.node('MatMul', 'dense', [mean, g.weights('w3', [16, 2])], {
    transpose_a: { b: false },
    transpose_b: { b: false },
  });
  g.node('Softmax', 'classes', [g.node('AddV2', 'logits', [product, g.weights('b3', [2])])]);
  return g;
}

/** Fused as the converter's optimizer does, with a flatten that computes its own shape. */
function optimized(): GraphFile {
  const g = new GraphFile();
  const conv = g.node(
    '_FusedConv2D',
    'conv',
    ['image', g.weights('w1', [3, 3, 1, 5]), g.weights('b1', [5])],
    {
      ...WINDOW,
      num_args: { i: '1' },
      fused_ops: { list: { s: [base64('BiasAdd'), base64('Relu')] } },
      epsilon: { f: 0 },
    },
  );
  const pooled = g.node('MaxPool', 'pool', [conv], {
    ...WINDOW,
    ksize: ints(1, 2, 2, 1),
    strides: ints(1, 2, 2, 1),
  });
  const depthwise = g.node(
    'FusedDepthwiseConv2dNative',
    'depthwise',
    [pooled, g.weights('w2', [3, 3, 5, 1]), g.weights('b2', [5])],
    { ...WINDOW, num_args: { i: '1' }, fused_ops: { list: { s: [base64('BiasAdd'), base64('Relu6')] } } },
  );
  const shape = g.node('Shape', 'shape', [depthwise], { out_type: { type: 'DT_INT32' } });
  const batch = g.node(
    'StridedSlice',
    'batch',
    [shape, g.whole('from', [0]), g.whole('to', [1]), g.whole('step', [1])],
    {
      shrink_axis_mask: { i: '1' },
      begin_mask: { i: '0' },
      end_mask: { i: '0' },
      ellipsis_mask: { i: '0' },
      new_axis_mask: { i: '0' },
    },
  );
  const wanted = g.node('Pack', 'wanted', [batch, g.whole('features', [8 * 8 * 5], [])], {
    N: { i: '2' },
    axis: { i: '0' },
  });
  const flat = g.node('Reshape', 'flat', [depthwise, wanted]);
  const dense = g.node('_FusedMatMul', 'dense', [flat, g.weights('w3', [320, 6]), g.weights('b3', [6])], {
    num_args: { i: '1' },
    fused_ops: { list: { s: [base64('BiasAdd'), base64('LeakyRelu')] } },
    leakyrelu_alpha: { f: 0.125 },
    transpose_a: { b: false },
    transpose_b: { b: false },
  });
  g.node('Sigmoid', 'score', [
    g.node('_FusedMatMul', 'last', [dense, g.weights('w4', [6, 1]), g.weights('b4', [1])], {
      num_args: { i: '1' },
      fused_ops: { list: { s: [base64('BiasAdd')] } },
      transpose_a: { b: false },
      transpose_b: { b: false },
    }),
  ]);
  return g;
}

const importFile = (path: string) =>
  importNetwork({
    path,
    rawSize: [SIDE, SIDE],
    preprocess: preprocessSchema.parse({ factor: 1 }),
    classes: () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] }),
  });

describe('a TensorFlow.js graph model', () => {
  it.each([
    ['operators one by one', plain],
    ['operators fused', optimized],
  ] as const)('equals TensorFlow.js: %s', async (name, make) => {
    const path = await make().write(name);
    const { graph, title, comparison } = await importFile(path);
    expect(title).toBe('graph model of TensorFlow.js');
    expect(comparison!.by).toBe('TensorFlow.js');
    expect(comparison!.magnitude).toBeGreaterThan(0.05);
    expect(comparison!.difference / comparison!.magnitude).toBeLessThan(2 ** -16);
    expect(graph.nodes.some(({ kind }) => kind === 'depthwiseConv2d')).toBe(true);
    expect(await modelHash(path)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('names every operator that has no form here', async () => {
    const g = plain();
    g.node('Cumsum', 'running', ['logits', g.whole('along', [1], [])]);
    g.node('Erf', 'other', ['running']);
    await expect(importFile(await g.write('refused'))).rejects.toThrow(
      /running \(Cumsum\): there is no such operator in vetoc; other \(Erf\)/,
    );
  });

  it('is refused in words where it is no graph or its weights are missing', async () => {
    const path = await plain().write('broken');
    await rm(join(folder, 'broken', 'group1-shard1of1.bin'));
    await expect(importFile(path)).rejects.toThrow(/keep its weight files beside it/);
    await writeFile(
      path,
      JSON.stringify({ format: 'graph-model', modelTopology: { node: [] }, weightsManifest: [] }),
    );
    await expect(importFile(path)).rejects.toThrow(/modelTopology.*convert the model again/);
  });

  const strays: Readonly<Record<string, readonly [(nodes: Node[]) => void, RegExp]>> = {
    'a misspelt name': [
      (nodes) => (byName(nodes, 'logits').input = ['hiden']),
      /logits \(\w+\) reads hiden, which nothing makes/,
    ],
    'an image that was cut out': [
      (nodes) => nodes.splice(nodes.indexOf(byName(nodes, 'image')), 1),
      /reads image, which nothing makes/,
    ],
    'one name for two': [
      (nodes) => nodes.push({ ...byName(nodes, 'logits') }),
      /has two operators called logits/,
    ],
    'a circle of two': [
      (nodes) =>
        nodes.push({ name: 'a', op: 'Relu', input: ['b'] }, { name: 'b', op: 'Relu', input: ['a:0'] }),
      /its operators a, b read each other in a cycle/,
    ],
  };
  it.each(Object.entries(strays))('is refused in words: %s', async (name, [change, says]) => {
    const g = plain();
    change(g.nodes as Node[]);
    await expect(importFile(await g.write(name.replaceAll(' ', '-')))).rejects.toThrow(says);
  });
});
