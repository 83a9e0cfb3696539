/** The files that PyTorch and Brevitas themselves wrote, imported and held against what PyTorch and Brevitas computed. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { importOnnx, type ImportedOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { compareWithOriginal, isEqual } from '../../src/frontends/original/compare.js';
import { statedNetwork } from '../../src/frontends/original/stated.js';
import type { Original } from '../../src/frontends/imported.js';

const FOLDER = new URL('models/torch/', import.meta.url);
const SIDE = 16;
const FRAMES = 4;

/** The frames of `make_torch_models.py`; a table of 8 bits gives their counts as fractions of 256. */
const frames = Array.from({ length: FRAMES }, (_, k) =>
  Uint16Array.from({ length: SIDE * SIDE }, (_, i) => (i * (13 + 6 * k) + 41 * k + (i >> 3) * 7) % 256),
);

async function imported(name: string): Promise<ImportedOnnx> {
  const channels = [{ table: 'linear' as const, clampMax: 255 }];
  return importOnnx(
    readOnnxModel(await readFile(new URL(`${name}.onnx`, FOLDER)), `${name}.onnx`),
    {
      name: 'torch',
      preprocess: preprocessNodes(preprocessSchema.parse({ factor: 1, channels }), [SIDE, SIDE]),
      classes: (logits) => ({
        classNames: ['miss', 'weak', 'hit'].slice(-logits),
        hitClasses: [false, true, true].slice(0, logits),
      }),
    },
    () => {
      throw new Error('no external data here');
    },
  );
}

const answers = JSON.parse(await readFile(new URL('outputs.json', FOLDER), 'utf8')) as Record<
  string,
  readonly (readonly number[])[]
>;

/** What PyTorch answered for these images; another image is no question that it was asked. */
const asked = (name: string): Original => ({
  by: 'PyTorch',
  run(image) {
    const at = frames.findIndex((frame) => frame.every((code, i) => image[i] === code / 256));
    expect(at, 'the image that PyTorch was given').toBeGreaterThanOrEqual(0);
    return Promise.resolve(answers[name]![at]!);
  },
  close: () => Promise.resolve(),
});

const QUANTIZED = Object.keys(answers).filter((name) => /^(qat|brevitas)/.test(name));
const PLAIN = Object.keys(answers).filter((name) => !QUANTIZED.includes(name));

describe('a file that PyTorch wrote', () => {
  it.each(PLAIN)('%s: computes what PyTorch computes', async (name) => {
    const compared = await compareWithOriginal(await imported(name), asked(name), frames);
    expect(compared.magnitude).toBeGreaterThan(1e-2);
    expect(compared.difference / compared.magnitude).toBeLessThan(2 ** -17);
    // Outputs that are all alike would prove nothing.
    expect(new Set(answers[name]!.map(([first]) => first)).size).toBe(FRAMES);
  });
});

describe('a file of a network that was quantized in PyTorch', () => {
  it.each(QUANTIZED)('%s: computes what PyTorch computes', async (name) => {
    const network = await imported(name);
    const compared = await compareWithOriginal(network, asked(name), frames);
    expect(isEqual(compared), JSON.stringify(compared)).toBe(true);
    expect(compared.difference / compared.magnitude).toBeLessThan(2 ** -5);
  });

  it.each(QUANTIZED.filter((name) => /powers|fixed/.test(name)))(
    '%s, of scales that are powers of two: is bit for bit the original',
    async (name) => {
      const stated = await statedNetwork(await imported(name), asked(name), frames);
      expect(stated).toMatchObject({ isWhole: true, departures: [] });
      expect(stated!.equal).toEqual({ frames: FRAMES, values: 2 * FRAMES, different: 0 });
    },
  );

  it.each(QUANTIZED.filter((name) => !/powers|fixed/.test(name)))(
    '%s, of other scales: is requantized, and the layers are named',
    async (name) => {
      const stated = await statedNetwork(await imported(name), asked(name), frames);
      expect(stated!.departures.length).toBeGreaterThan(0);
      for (const { why } of stated!.departures) expect(why).toMatch(/power of two|scale/);
    },
  );
});
