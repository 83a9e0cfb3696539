/** Networks that other tools have quantized: taken as what they state, and held bit for bit against ONNX Runtime. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImportedOnnx } from '../../src/frontends/onnx/import.js';
import { importOnnx } from '../../src/frontends/onnx/import.js';
import { readOnnxModel } from '../../src/frontends/onnx/model.js';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { statedNetwork, statedText, type StatedNetwork } from '../../src/frontends/original/stated.js';
import type { Original } from '../../src/frontends/imported.js';
import { compareWithOriginal, comparisonFrames, isEqual } from '../../src/frontends/original/compare.js';
import { openOrtOriginal } from '../../src/frontends/original/onnx.js';
import { interpret } from '../../src/simulate/interpret.js';
import { createOrtWitness } from '../../src/backends/onnx/ort/witness.js';
import { prepareGraph } from '../../src/passes/pipeline.js';
import { quantizeAsStated } from '../../src/passes/quantize.js';
import { quantizationSchema } from '../../src/passes/recipe.js';
import {
  CALIBRATED,
  DEPARTING,
  EXACT,
  QONNX_MODELS,
  QOPERATOR,
  quantizedModel,
  SIDE,
  type Build,
} from './quantized-models.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vetoc-stated-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const preprocess = preprocessNodes(preprocessSchema.parse({ factor: 1 }), [SIDE, SIDE]);
const SEEDS = [1, 2, 3];
const FRAMES = 8;

const importBytes = (bytes: Uint8Array): ImportedOnnx =>
  importOnnx(
    readOnnxModel(bytes, 'model.onnx'),
    {
      name: 'stated',
      preprocess,
      classes: () => ({ classNames: ['miss', 'hit'], hitClasses: [false, true] }),
    },
    () => {
      throw new Error('no external data here');
    },
  );

async function withOriginal<T>(
  build: Build,
  seed: number,
  work: (imported: ImportedOnnx, original: Original, frames: readonly Uint16Array[]) => Promise<T>,
): Promise<T> {
  const bytes = quantizedModel(build, seed);
  const path = join(folder, 'model.onnx');
  await writeFile(path, bytes);
  const imported = importBytes(bytes);
  const original = await openOrtOriginal(imported, path);
  try {
    return await work(imported, original, comparisonFrames(imported.graph, FRAMES));
  } finally {
    await original.close();
  }
}

/** Every output of every seed that is another than the original's, and how many outputs there were. */
async function stated(build: Build): Promise<readonly StatedNetwork[]> {
  const all: StatedNetwork[] = [];
  for (const seed of SEEDS)
    await withOriginal(build, seed, async (imported, original, frames) => {
      const comparison = await compareWithOriginal(imported, original, frames);
      expect(isEqual(comparison), JSON.stringify(comparison)).toBe(true);
      const outputs = new Set<number>();
      const seen: Original = {
        ...original,
        async run(image) {
          const given = await original.run(image);
          outputs.add(given[0]!);
          return given;
        },
      };
      const network = (await statedNetwork(imported, seen, frames))!;
      all.push(network);
      // A network that always says the same proves nothing.
      if (network.equal !== null) expect(outputs.size).toBeGreaterThan(1);
    });
  return all;
}

/** Values of all tensors in which ONNX Runtime on `fixed.onnx` differs from the definition of the arithmetic. */
async function emittedDifferences(build: Build): Promise<number> {
  const imported = importBytes(quantizedModel(build, 1));
  const quantization = quantizationSchema.parse({});
  const prepared = await prepareGraph(imported.graph, { quantization });
  const fixed = quantizeAsStated(prepared, quantization, () => undefined)!;
  const frames = [...comparisonFrames(imported.graph, 1)];
  const witness = await createOrtWitness(fixed);
  const results = await witness.run(frames, { tensors: true });
  await witness.close();
  let different = 0;
  frames.forEach((frame, i) => {
    for (const [id, tensor] of interpret(fixed, frame, true).tensors)
      tensor.forEach((v, k) => (different += Number(results[i]!.tensors.get(id)![k] !== v)));
  });
  return different;
}

const exact = Object.entries({ ...EXACT, ...QONNX_MODELS, ...QOPERATOR });
describe('a network that its file quantizes at powers of two', () => {
  it.each(exact)('is the original bit for bit: %s', async (_name, build) => {
    for (const network of await stated(build)) {
      expect(network.departures).toEqual([]);
      expect(network.isWhole).toBe(true);
      expect(network.equal?.different).toBe(0);
      expect(network.equal?.values).toBeGreaterThanOrEqual(2 * FRAMES);
      expect(statedText(network)).toMatch(/bit for bit the original on 16 frames$/);
    }
  });
});

describe('what is emitted of such a network', () => {
  it.each(exact)('has the bits of the definition in every tensor: %s', async (_name, build) => {
    expect(await emittedDifferences(build)).toBe(0);
  });
});

describe('what is not in every bit as the file states it', () => {
  it.each(Object.entries(DEPARTING))('is said by layer: %s', async (_name, [build, says]) => {
    for (const network of await stated(build)) {
      expect(network.isWhole).toBe(true);
      expect(statedText(network)).toMatch(says);
    }
  });

  it.each(Object.entries(CALIBRATED))('is calibrated, and said: %s', async (_name, [build, says]) => {
    for (const network of await stated(build)) {
      expect(network.isWhole).toBe(false);
      expect(statedText(network)).toMatch(says);
    }
  });
});
