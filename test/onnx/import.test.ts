/** ONNX in: files as PyTorch and Keras export them (`models/make_models.py`), and what vetoc wrote itself. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { emitFixedOnnx } from '../../src/backends/onnx/fixed.js';
import { emitFloatOnnx } from '../../src/backends/onnx/float.js';
import { importOnnx, importOwnOnnx, type ImportedOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { createOnnxWriter } from '../../src/backends/onnx/writer.js';
import { UnsupportedError } from '../../src/core/errors.js';
import {
  preprocessNodes,
  preprocessSchema,
  type PreprocessInput,
} from '../../src/frontends/network/preprocess.js';
import { floatShapes } from '../../src/ir/graph.js';
import { compareWithOriginal } from '../../src/frontends/original/compare.js';
import { openOrtOriginal } from '../../src/frontends/original/onnx.js';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { layerSchema, type LayerInput } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { createRandom } from '../../src/core/random.js';
import { sampleFloatGraph } from './sample-float.js';

const MODELS = fileURLToPath(new URL('models/', import.meta.url));
const noExternal = (): never => {
  throw new Error('no external data here');
};

const CLASSES = ['miss', 'weak', 'hit'];
const classes = (logits: number) => ({
  classNames: CLASSES.slice(-logits),
  hitClasses: [false, true, true].slice(0, logits),
});

function imported(
  bytes: Uint8Array,
  side: number,
  preprocess: PreprocessInput = { factor: 1 },
): ImportedOnnx {
  return importOnnx(
    readOnnxModel(bytes, 'model.onnx'),
    {
      name: 'imported',
      preprocess: preprocessNodes(preprocessSchema.parse(preprocess), [side, side]),
      classes,
    },
    noExternal,
  );
}

describe('importing what others export', () => {
  it.each([
    // PyTorch, opset 9: limits in attributes, batch norm folded.
    ['cnn-opset9.onnx', 32, 'softmax'],
    // PyTorch, opset 13: weights as inputs, pads computed by the file.
    ['cnn-unfolded.onnx', 32, 'softmax'],
    // PyTorch 2.15’s new exporter, opset 20: ceil mode, reshapes.
    ['cnn-dynamo.onnx', 32, 'softmax'],
    // torchvision’s ResNet-18, narrow, opset 17.
    ['resnet18.onnx', 64, 'logits'],
    // Keras through tf2onnx, opset 15: channels last.
    ['keras.onnx', 32, 'softmax'],
  ] as const)(
    '%s equals ONNX Runtime on the original to float32 rounding (side %i, %s)',
    async (file, side, head) => {
      const model = imported(readFileSync(join(MODELS, file)), side);
      expect(model.head).toBe(head);
      const frames = sampleFrames(3, side * side, 11);
      const { difference, magnitude } = await compareWithOriginal(
        model,
        await openOrtOriginal(model, join(MODELS, file)),
        frames,
      );
      expect(magnitude).toBeGreaterThan(0.1);
      // Sums of a few hundred terms through at most 20 layers: some tens of units in the last place.
      expect(difference / magnitude).toBeLessThan(64 * 2 ** -23);
      const scores = frames.map((frame) => createFloatReference(model.graph).decide(frame).score);
      expect(new Set(scores).size, 'the frames differ').toBe(frames.length);
    },
  );

  it('names nodes after what the file calls them', () => {
    const ids = imported(readFileSync(join(MODELS, 'resnet18.onnx')), 64).graph.nodes.map(({ id }) => id);
    expect(ids).toContain('layer2_0_downsample_0_conv');
    expect(ids).toContain('fc_gemm');
  });

  it('refuses an input of another size, with both sizes', () => {
    expect(() => imported(readFileSync(join(MODELS, 'keras.onnx')), 64)).toThrow(
      /takes \?×32×32×1 as image, an image of another size; the preprocessing gives 64×64×1/,
    );
  });
});

/** A model of `[N, 1, side, side]` made with the writer. */
function written(
  build: (writer: ReturnType<typeof createOnnxWriter>) => string,
  { side = 8, outputs = 2, opset }: { side?: number; outputs?: number; opset?: number } = {},
): Uint8Array {
  const writer = createOnnxWriter();
  writer.input('x', 'float', ['N', 1, side, side]);
  writer.output(build(writer), 'float', ['N', outputs]);
  return writer.finish({
    graphName: 'written',
    doc: '',
    producerVersion: '',
    metadata: {},
    ...(opset === undefined ? {} : { opset }),
  });
}

const reasonsOf = (bytes: Uint8Array): readonly { what: string; why: string }[] => {
  try {
    imported(bytes, 8);
  } catch (error) {
    if (error instanceof UnsupportedError) return error.reasons;
    throw error;
  }
  return [];
};

describe('what cannot be imported', () => {
  it('is listed all at once, with node names, and without what only follows from it', () => {
    const reasons = reasonsOf(
      written((w) => {
        const a = w.node('Softplus', 'squash', ['x']);
        const b = w.node('Relu', 'after', [a]);
        const c = w.node('InstanceNormalization', 'norm', ['x', w.constant('s', 'float', [1], [1]), 's']);
        const d = w.node('FancyOp', 'fancy', ['x'], { domain: 'com.example' });
        return w.node('Flatten', 'flat', [
          w.node('Concat', 'all', [b, c, d], { attributes: { axis: { int: 1 } } }),
        ]);
      }),
    );
    expect(reasons.map(({ what }) => what)).toEqual([
      'squash (Softplus)',
      'norm (InstanceNormalization)',
      'fancy (com.example.FancyOp)',
    ]);
  });

  it('includes what an operator asks for beyond what vetoc has', () => {
    const weights = (w: ReturnType<typeof createOnnxWriter>, name: string) =>
      w.constant(name, 'float', new Float32Array(9), [1, 1, 3, 3]);
    const reasons = reasonsOf(
      written((w) => {
        const conv = w.node('Conv', 'mirrored', ['x', weights(w, 'w')], {
          attributes: { pads: { ints: [-1, 0, 0, 0] } },
        });
        const pool = w.node(
          'Resize',
          'doubled',
          ['x', '', w.constant('scales', 'float', [1, 1, 2, 2], [4])],
          {
            attributes: { mode: { text: 'linear' } },
          },
        );
        const soft = w.node('Softmax', 'inside', [w.node('Flatten', 'f', ['x'])]);
        const after = w.node('Gemm', 'after', [
          soft,
          w.constant('g', 'float', new Float32Array(128), [64, 2]),
        ]);
        return w.node('Sum', 'sum', [
          w.node('Flatten', 'f1', [conv]),
          w.node('Flatten', 'f2', [pool]),
          after,
        ]);
      }),
    );
    expect(Object.fromEntries(reasons.map(({ what, why }) => [what, why]))).toEqual({
      'mirrored (Conv)': 'pads of -1, 0, 0, 0',
      'doubled (Resize)': 'resizes by mode linear; the nearest pixel is taken',
      'after (Gemm)': 'follows a softmax, which is taken at the end of a network only',
    });
  });

  it('includes attributes that it does not know, and training', () => {
    const reasons = reasonsOf(
      written((w) => {
        const relu = w.node('Relu', 'odd', ['x'], { attributes: { slope: { int: 1 } } });
        const ratio = w.constant('ratio', 'float', [0.5], []);
        const training = w.constant('training', 'bool', [1], []);
        const drop = w.node('Dropout', 'drop', ['x', ratio, training]);
        return w.node('Flatten', 'flat', [w.node('Add', 'sum', [relu, drop])]);
      }),
    );
    expect(reasons).toEqual([
      { what: 'odd (Relu)', why: 'its attribute slope is not understood' },
      {
        what: 'drop (Dropout)',
        why: 'it is in training mode (training_mode is true): export the model in evaluation mode',
      },
    ]);
  });

  it('is said of opsets before 7 and after 23', () => {
    for (const opset of [6, 24])
      expect(() =>
        imported(
          written((w) => w.node('Flatten', 'f', ['x']), { opset }),
          8,
        ),
      ).toThrow(/opsets 7 to 23/);
  });
});

describe('a network of one logit', () => {
  it('gets a logit of 0 for the miss, so that its score is its own', async () => {
    const random = createRandom(4);
    const values = Float32Array.from({ length: 64 }, () => random.uniform() - 0.5);
    const bytes = written(
      (w) => {
        const flat = w.node('Flatten', 'flat', ['x']);
        const gemm = w.node('Gemm', 'last', [flat, w.constant('w', 'float', values, [64, 1])]);
        return w.node('Sigmoid', 'probability', [gemm]);
      },
      { outputs: 1 },
    );
    const { graph, head } = imported(bytes, 8);
    expect(head).toBe('sigmoid');
    const [frame] = sampleFrames(1, 64, 2);
    const { logits, score } = createFloatReference(graph).decide(frame!);
    expect(logits[0]).toBe(0);
    expect(score).toBe(logits[1]);
    expect(Math.abs(score)).toBeGreaterThan(0.01);
  });
});

describe('export, import, export', () => {
  it('gives the same bytes, with every op and both preprocessing branches', () => {
    const bytes = emitFloatOnnx(sampleFloatGraph());
    const graph = importOwnOnnx(readOnnxModel(bytes, 'float.onnx'), noExternal);
    expect(Buffer.from(emitFloatOnnx(graph)).equals(Buffer.from(bytes))).toBe(true);
    expect(floatShapes(graph)).toEqual(floatShapes(sampleFloatGraph()));
  });

  it('gives the same bytes for a network that came from elsewhere', () => {
    const { graph } = imported(readFileSync(join(MODELS, 'cnn-dynamo.onnx')), 32);
    const bytes = emitFloatOnnx(graph);
    const again = importOwnOnnx(readOnnxModel(bytes, 'float.onnx'), noExternal);
    expect(Buffer.from(emitFloatOnnx(again)).equals(Buffer.from(bytes))).toBe(true);
  });

  it('keeps a flatten of one pixel, which moves nothing', () => {
    const classes = { classNames: ['miss', 'hit'], hitClasses: [false, true] };
    const layers: LayerInput[] = [
      { op: 'conv', filters: 3, kernel: 4, stride: 4, padding: 0 },
      { op: 'flatten' },
      { op: 'dense', units: 'classes' },
    ];
    const network = layers.map((layer) => layerSchema.parse(layer));
    const preprocess = preprocessNodes(preprocessSchema.parse({ factor: 1 }), [4, 4]);
    const bytes = emitFloatOnnx(createNetwork({ network, preprocess, classes, seed: 1 }));
    const graph = importOwnOnnx(readOnnxModel(bytes, 'float.onnx'), noExternal);
    expect(graph.nodes.map((n) => n.kind)).toContain('flatten');
    expect(Buffer.from(emitFloatOnnx(graph)).equals(Buffer.from(bytes))).toBe(true);
  });

  it('refuses a file whose metadata say another preprocessing than its operators', () => {
    const bytes = Buffer.from(emitFloatOnnx(sampleFloatGraph()));
    const text = '"offset":[1,0]';
    const at = bytes.indexOf(text);
    expect(at).toBeGreaterThan(0);
    bytes.write('"offset":[0,0]', at);
    expect(() => importOwnOnnx(readOnnxModel(bytes, 'float.onnx'), noExternal)).toThrow(
      /changed since vetoc wrote/,
    );
  });

  it('refuses fixed.onnx by its dialect', () => {
    const bytes = emitFixedOnnx(sampleFixedGraph());
    expect(() => importOwnOnnx(readOnnxModel(bytes, 'fixed.onnx'), noExternal)).toThrow(/dialect fixed/);
  });
});
