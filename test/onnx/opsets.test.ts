/** Import of every opset from 9 to 21: files of other exporters, converted by the official package. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importOnnx, type ImportedOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { ModelProto } from '../../src/onnx-file/proto.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { compareWithOriginal } from '../../src/frontends/original/compare.js';
import { openOrtOriginal } from '../../src/frontends/original/onnx.js';
import { sampleFrames } from '../sample-graphs.js';
import { onnxMissing, runPython } from './official.js';

/** The models of this folder and the sides of their images. */
const MODELS = { 'cnn-opset9': 32, 'cnn-unfolded': 32, 'cnn-dynamo': 32, resnet18: 64, keras: 32 } as const;
type ModelName = keyof typeof MODELS;

const at = (model: ModelName): string => fileURLToPath(new URL(`models/${model}.onnx`, import.meta.url));

const noExternal = (): never => {
  throw new Error('no external data here');
};

const imported = (bytes: Uint8Array, side: number): ImportedOnnx =>
  importOnnx(
    readOnnxModel(bytes, 'model.onnx'),
    {
      name: 'imported',
      preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1 }), [side, side]),
      classes: (logits) => ({
        classNames: ['empty', 'weak', 'strong'].slice(0, logits),
        hitClasses: [false, true, true].slice(0, logits),
      }),
    },
    noExternal,
  );

describe.skipIf(onnxMissing !== null)(`opsets 9 to 21${onnxMissing ? ` (${onnxMissing})` : ''}`, () => {
  let folder = '';
  let names: readonly string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vetoc-opsets-'));
    const files = Object.keys(MODELS).map((name) => at(name as ModelName));
    names = JSON.parse(await runPython('opsets.py', '', [folder, ...files])) as readonly string[];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('give the graph of the opset that the file came in', async () => {
    const opsets = new Set<number>();
    for (const [model, side] of Object.entries(MODELS) as [ModelName, number][]) {
      const { graph, head } = imported(await readFile(at(model)), side);
      for (const name of names.filter((one) => one.startsWith(`${model}-`))) {
        const bytes = await readFile(join(folder, name));
        opsets.add(
          Number(ModelProto.decode(bytes).opsetImport!.find(({ domain }) => (domain ?? '') === '')!.version),
        );
        const converted = imported(bytes, side);
        expect(converted.head, name).toBe(head);
        expect(converted.graph.nodes, name).toEqual(graph.nodes);
      }
    }
    expect([...opsets].sort((a, b) => a - b)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]);
  });

  it('equal ONNX Runtime at 21', async () => {
    for (const [model, side] of Object.entries(MODELS)) {
      const path = join(folder, `${model}-21.onnx`);
      const one = imported(await readFile(path), side);
      const { difference, magnitude } = await compareWithOriginal(
        one,
        await openOrtOriginal(one, path),
        sampleFrames(1, side * side, 11),
      );
      expect(magnitude).toBeGreaterThan(0.05);
      expect(difference / magnitude, model).toBeLessThan(64 * 2 ** -23);
    }
  });

  it('end at 23: 24 is refused by its number', async () => {
    const model = ModelProto.decode(await readFile(join(folder, 'cnn-opset9-21.onnx')));
    model.opsetImport!.find(({ domain }) => (domain ?? '') === '')!.version = 24;
    expect(() => imported(ModelProto.encode(model).finish(), 32)).toThrow(
      /opset 24; opsets 7 to 23 are taken/,
    );
  });
});
