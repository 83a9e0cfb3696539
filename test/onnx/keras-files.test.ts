/** Files that Keras 3 wrote, imported and held against what Keras computed; and what is refused, in words. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createFloatReference } from '../../src/evaluate/float-reference.js';
import { importNetwork } from '../../src/frontends/import-network.js';
import { preprocessSchema } from '../../src/frontends/network/preprocess.js';
import type { FloatGraph } from '../../src/ir/graph.js';

const FOLDER = new URL('models/keras/', import.meta.url);
const SIDE = 9;

/** The frames of `make_keras_models.py`; a table of 8 bits gives their counts as fractions of 256. */
const frames = [0, 1, 2].map((f) =>
  Uint16Array.from({ length: SIDE * SIDE }, (_, k) => (k * 7919 + f * 104729 + ((k * k) % 251)) % 256),
);

const imported = (file: string) =>
  importNetwork({
    path: fileURLToPath(new URL(file, FOLDER)),
    rawSize: [SIDE, SIDE],
    preprocess: preprocessSchema.parse({ factor: 1, channels: [{ table: 'linear', clampMax: 255 }] }),
    classes: (logits) => ({
      classNames: ['miss', 'weak', 'hit'].slice(-logits),
      hitClasses: [false, true, true].slice(0, logits),
    }),
  });

const answers = JSON.parse(await readFile(new URL('outputs.json', FOLDER), 'utf8')) as Record<
  string,
  readonly (readonly number[])[]
>;

/** How each file ends that ends in something else than logits. */
const HEADS: Readonly<Record<string, 'sigmoid' | 'softmax'>> = {
  'stages.h5': 'sigmoid',
  'three-deep.h5': 'softmax',
  'sigmoid-flattened.keras': 'sigmoid',
  'softmax-and-linear.keras': 'softmax',
  'convolved-sigmoid.h5': 'sigmoid',
  'features.h5': 'softmax',
};

/** What the file puts out for the logits of `graph`. */
function outputsOf(file: string, graph: FloatGraph, frame: Uint16Array): readonly number[] {
  const logits = [...createFloatReference(graph).decide(frame).logits];
  const values = answers[file]![0]!.length === 1 ? [logits[1]! - logits[0]!] : logits;
  const head = HEADS[file];
  if (head === undefined) return values;
  if (head === 'sigmoid') return values.map((v) => 1 / (1 + Math.exp(-v)));
  const powers = values.map((v) => Math.exp(v - Math.max(...values)));
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0));
}

/** What is refused, and the words that say why. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'constant-factor.keras': /multiply\w* \(Multiply\): a constant among what it reads; the ONNX way takes it/,
  'function.h5': /relu \(Relu\): a function of keras\.ops and no layer/,
  'quantized.keras': /\(Dense\): its weights are int8 of Keras's own quantization: save the model before/,
  'group-normalization.keras': /^[^;]*\(GroupNormalization\): there is no such layer in vetoc$/,
  'vector-added-to-image.keras': /\(Add\): does not fit what it reads \(.*9×9×4 and 1×1×4\)/,
  'block-twice.keras':
    /^[^;]*block \(Functional\): is used more than once: its weights would be shared[^;]*$/,
  'rows-into-dense.keras': /\(Dense\): reads rows of an image without channels: put a Reshape/,
  'rows-normalised.h5': /\(BatchNormalization\): reads rows of an image without channels: put a Reshape/,
  'layer-as-activation.keras': /the layer LeakyReLU as an activation inside it: put it behind, as a layer/,
  'low-rank.h5': /dense\w* \(Dense\) has 4 weights where such a layer has 2/,
};

describe('a file that Keras wrote', () => {
  it('is tried, each that is here', async () => {
    const files = (await readdir(FOLDER)).filter((name) => /\.(h5|keras)$/.test(name));
    expect(files.toSorted()).toEqual([...Object.keys(answers), ...Object.keys(REFUSED)].toSorted());
  });

  it.each(Object.keys(answers))('%s: computes what Keras computes', async (file) => {
    const { graph } = await imported(file);
    const given = frames.map((frame) => outputsOf(file, graph, frame));
    const largest = Math.max(...answers[file]!.flat().map(Math.abs));
    expect(largest).toBeGreaterThan(1e-2);
    given.forEach((values, f) => {
      expect(values).toHaveLength(answers[file]![f]!.length);
      values.forEach((value, i) => {
        expect(Math.abs(value - answers[file]![f]![i]!)).toBeLessThan(2 ** -16 * largest);
      });
    });
  });

  it.each(Object.entries(REFUSED))('%s: is refused in words', async (file, says) => {
    await expect(imported(file)).rejects.toThrow(says);
  });
});
