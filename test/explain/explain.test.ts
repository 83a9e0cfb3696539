import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/data/preprocess.js';
import { dequantize, fixedValues } from '../../src/explain/fixed-twin.js';
import { createExplainer, gradCam, type Explainer } from '../../src/explain/grad-cam.js';
import { correlation, localization } from '../../src/explain/measures.js';
import { evidenceMap, MAP_METHODS } from '../../src/explain/methods.js';
import {
  flippingRegions,
  occlude,
  regionGrid,
  sufficientRegions,
  withoutRegions,
  type Region,
  type Scorer,
} from '../../src/explain/occlusion.js';
import { peaksToTurn } from '../../src/explain/added-peaks.js';
import { insertionDeletion } from '../../src/explain/curves.js';
import { mapOverFrame } from '../../src/explain/evidence-picture.js';
import { seenPart } from '../../src/explain/seen-part.js';
import { format, lsb } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { NO_PADDING, nodeId, type QuantizedWeights } from '../../src/ir/common.js';
import { findNode, type FixedGraph, type FloatGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { openBackend } from '../../src/train/backend.js';
import { layerSchema } from '../../src/train/networks/description.js';
import { createNetwork } from '../../src/train/networks/registry.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';

beforeAll(async () => {
  await openBackend('wasm');
});

/** conv 3×3 → relu → global average → dense: Grad-CAM has a closed form here. */
function tinyGraph(): FloatGraph {
  return createNetwork({
    network: [
      layerSchema.parse({ op: 'conv', filters: 4 }),
      layerSchema.parse({ op: 'globalPool', mode: 'avg' }),
      layerSchema.parse({ op: 'dense', units: 'classes' }),
    ],
    preprocess: preprocessNodes(preprocessSchema.parse({ factor: 2 }), [32, 32]),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 5,
  });
}

describe('Grad-CAM', () => {
  const graph = tinyGraph();
  let explainer: Explainer;
  beforeAll(() => {
    explainer = createExplainer(graph);
  });
  afterAll(() => {
    explainer.dispose();
  });
  const [frame] = sampleFrames(1, 32 * 32, 4);

  it('is the rectified sum of channels weighted by the mean gradient (equations 6 and 7 of Nawaz et al. 2023)', () => {
    const layer = explainer.layers.at(-1)!;
    const map = gradCam(explainer, frame!, { kind: 'class', index: 1 });
    const activation = explainer.activations(frame!).get(layer)!;
    const dense = findNode(graph, graph.output);
    const weights = dense.kind === 'dense' ? dense.weights : new Float32Array();
    const pixels = 16 * 16;
    expect(map.size).toEqual([16, 16]);
    let largest = 0;
    for (let p = 0; p < pixels; p++) {
      let expected = 0;
      for (let c = 0; c < 4; c++) expected += (weights[c * 2 + 1]! / pixels) * activation[p * 4 + c]!;
      // The mean gradient of a global average is the weight over the number of pixels; eq. 6 averages it once more.
      expect(Math.abs(map.values[p]! - Math.max(0, expected))).toBeLessThan(1e-6);
      largest = Math.max(largest, map.values[p]!);
    }
    expect(largest).toBeGreaterThan(1e-5);
  });

  it('of the decision is that of the score: hit minus miss', () => {
    const logits = explainer.activations(frame!).get(graph.output)!;
    expect(gradCam(explainer, frame!, { kind: 'hit' }).target).toBeCloseTo(logits[1]! - logits[0]!, 5);
    expect(gradCam(explainer, frame!, { kind: 'miss' }).target).toBeCloseTo(logits[0]! - logits[1]!, 5);
  });

  it.each(MAP_METHODS)('%s yields a finite map that is not constant', (method) => {
    const layer = explainer.layers.at(-1)!;
    const map = evidenceMap(method, { explainer, pixels: frame!, layer, target: { kind: 'hit' }, seed: 1 });
    expect(map.values.every((v) => Number.isFinite(v) && v >= 0)).toBe(true);
    expect(new Set(map.values).size).toBeGreaterThan(3);
  });

  it('refuses a layer that is no image', () => {
    expect(() => gradCam(explainer, frame!, { kind: 'hit' }, graph.output)).toThrow(/no map at layer/);
  });
});

describe('the map on the arithmetic that decided', () => {
  const fixed = sampleFixedGraph();
  const twin = dequantize(fixed);

  it('works with the logits and activations of the interpreter, bit for bit', () => {
    const explainer = createExplainer(twin, fixedValues(fixed));
    for (const frame of sampleFrames(3, 40 * 36, 9)) {
      const { tensors } = interpret(fixed, frame, true);
      const values = explainer.activations(frame);
      for (const id of ['conv1', 'add1', 'avg1', 'logits'].map(nodeId)) {
        const unit = lsb(findNode(fixed, id).format);
        expect([...values.get(id)!]).toEqual([...tensors.get(id)!].map((q) => q * unit));
      }
    }
    explainer.dispose();
  });
});

describe('the gradient of a stage that saturates', () => {
  /** clamp → conv 1×1 of weight 1 → global average → dense(−1, 1); the convolution holds at most 63.75. */
  function saturatingGraph(): FixedGraph {
    const b = createFixedGraphBuilder();
    const weights = (...mantissas: number[]): QuantizedWeights => ({
      mantissas: Int32Array.from(mantissas),
      width: 8,
      fraction: new Int32Array(mantissas.length),
      bias: new Float64Array(mantissas.length),
    });
    const whole = format(false, 8, 8);
    const narrow = format(false, 8, 6);
    const input = b.add({ id: nodeId('input'), kind: 'input', inputs: [], size: [8, 8], format: format(false, 16, 16) }); // prettier-ignore
    const clamp = b.add({ id: nodeId('clamp'), kind: 'clamp', min: 0, max: 255, inputs: [input], format: whole }); // prettier-ignore
    const conv = b.add({
      id: nodeId('conv1'),
      kind: 'conv2d',
      inputs: [clamp],
      kernel: [1, 1],
      strides: [1, 1],
      padding: NO_PADDING,
      groups: 1,
      weights: weights(1),
      activation: { kind: 'relu' },
      format: narrow,
    });
    const mean = b.add({ id: nodeId('mean1'), kind: 'globalAvgPool', inputs: [conv], reciprocal: 1, reciprocalFraction: 6, format: narrow }); // prettier-ignore
    const logits = b.add({ id: nodeId('logits'), kind: 'dense', inputs: [mean], weights: weights(-1, 1), activation: { kind: 'none' }, format: format(true, 16, 9) }); // prettier-ignore
    return b.build({ name: 'saturating', output: logits, classNames: ['miss', 'hit'], hitClasses: [false, true], threshold: 0 }); // prettier-ignore
  }

  it('is zero where it clips, and passes through rounding elsewhere', () => {
    const fixed = saturatingGraph();
    const explainer = createExplainer(dequantize(fixed), fixedValues(fixed));
    const frame = Uint16Array.from({ length: 64 }, (_, i) => (i < 32 ? 20 : 100));
    const { activation, gradient } = explainer.gradient(frame, nodeId('clamp'), { kind: 'hit' });
    const relu = explainer.activations(frame).get(nodeId('conv1'))!;
    explainer.dispose();
    expect([activation[0], activation[63], relu[0], relu[63]]).toEqual([20, 100, 20, 63.75]);
    // Score = 2 × mean: a pixel that is not clipped moves it by 2 / 64.
    expect([...gradient]).toEqual([...Array<number>(32).fill(2 / 64), ...Array<number>(32).fill(0)]);
  });
});

describe('occlusion', () => {
  const size = [48, 48] as const;
  const frame = new Uint16Array(48 * 48).fill(10);
  for (const [y, x] of [
    [5, 5],
    [20, 41],
  ] as const)
    frame[y * 48 + x] = 500;
  /** Counts bright pixels: a peak finder in one line. */
  const scorer = (frames: readonly Uint16Array[]) =>
    Promise.resolve(frames.map((f) => f.reduce((n, v) => n + (v > 100 ? 1 : 0), 0)));
  const regions = regionGrid(48, 48, 8);

  it('covers the frame once', () => {
    const covered = new Uint8Array(48 * 48);
    for (const r of regions)
      for (let y = r.y; y < r.y + r.height; y++)
        for (let x = r.x; x < r.x + r.width; x++) covered[y * 48 + x]! += 1;
    expect(covered.every((n) => n === 1)).toBe(true);
  });

  it('finds the regions that the score rests on, and no others', async () => {
    const { effects } = await occlude(scorer, frame, size, regions);
    const found = regions.filter((_, i) => effects[i]! > 0);
    expect(found.map((r) => [r.y, r.x])).toEqual([
      [0, 0],
      [16, 40],
    ]);
  });

  it('names the fewest regions that turn a decision, and says when none do', async () => {
    const occlusion = await occlude(scorer, frame, size, regions);
    const one = await flippingRegions(scorer, frame, size, occlusion, 2);
    expect(one?.regions).toHaveLength(1);
    expect(one?.smallest).toBe(true);
    const both = await flippingRegions(scorer, frame, size, occlusion, 1);
    expect(both?.regions).toHaveLength(2);
    expect(both?.smallest).toBe(true);
    expect(await flippingRegions(scorer, frame, size, occlusion, 0)).toBeNull();
  });

  it('finds the one region that turns a decision where the most effective one does not belong to it', async () => {
    // Turned by the removal of the second-best region alone, or of the best three together.
    const [a, b] = [regions[0]!, regions[17]!];
    const bright = (f: Uint16Array, r: Region): boolean => f[(r.y + 5) * 48 + r.x + 5]! > 100;
    const marked = new Uint16Array(48 * 48).fill(10);
    for (const r of [a, b]) marked[(r.y + 5) * 48 + r.x + 5] = 500;
    const odd: Scorer = (frames) => Promise.resolve(frames.map((f) => 10 + (bright(f, a) ? 3 : 0) + (bright(f, b) ? 2 : bright(f, a) ? -20 : 0))); // prettier-ignore
    const occlusion = await occlude(odd, marked, size, regions);
    const flip = await flippingRegions(odd, marked, size, { ...occlusion, effects: occlusion.effects.map((e, i) => (i === 0 ? 99 : e)) }, 0); // prettier-ignore
    expect(flip).toEqual({ regions: [b], score: -7, smallest: true });
  });

  it('names the fewest regions that are enough for a decision, and none where none is needed', async () => {
    const occlusion = await occlude(scorer, frame, size, regions);
    const enough = await sufficientRegions(scorer, frame, size, occlusion, 2);
    expect(enough).toMatchObject({ score: 2, smallest: true });
    expect(enough?.regions).toHaveLength(2);
    expect((await sufficientRegions(scorer, frame, size, occlusion, 1))?.regions).toHaveLength(1);
    expect(await sufficientRegions(scorer, frame, size, occlusion, 0)).toBeNull();
  });

  it('counts the peaks that a vetoed frame lacked', async () => {
    const blank = new Uint16Array(48 * 48).fill(10);
    const seen = { offset: [8, 0], size: [40, 48] } as const;
    const lacking = (threshold: number) =>
      peaksToTurn(scorer, blank, 48, seen, (s) => s >= threshold, { snr: 150, seed: 1 });
    expect(await lacking(1)).toMatchObject({ count: 1, tried: 64 });
    // A peak of 150 σ has a middle of 112 above the background: one bright pixel each.
    expect(await lacking(3)).toMatchObject({ count: 3 });
    expect((await lacking(1000)).count).toBeNull();
    for (const [y, x] of (await lacking(1)).places) {
      expect(y).toBeGreaterThanOrEqual(8 + 7);
      expect(x).toBeLessThan(48 - 7);
    }
  });

  it('insertion rises and deletion falls at once for the right order, and late for the wrong one', async () => {
    const first = regions.filter((r) => (r.y === 0 && r.x === 0) || (r.y === 16 && r.x === 40));
    const rest = regions.filter((r) => !first.includes(r));
    const right = (await insertionDeletion(scorer, frame, size, [...first, ...rest]))!;
    const wrong = (await insertionDeletion(scorer, frame, size, [...rest, ...first]))!;
    expect(right.insertion).toBeGreaterThan(0.9);
    expect(right.deletion).toBeLessThan(0.1);
    expect(wrong.insertion).toBeLessThan(0.2);
    expect(wrong.deletion).toBeGreaterThan(0.8);
    expect(await insertionDeletion(() => Promise.resolve(Array<number>(20).fill(1)), frame, size, regions)).toBeNull(); // prettier-ignore
  });

  it('fills a region with what surrounds it', () => {
    expect(withoutRegions(frame, size, regions).every((v) => v === 10)).toBe(true);
  });
});

describe('a map over the raw frame', () => {
  it('lies over what the network sees, and nowhere else', () => {
    const seen = seenPart(sampleFixedGraph());
    expect(seen).toEqual({ offset: [3, 1], size: [32, 32] });
    const map = { layer: nodeId('x'), size: [2, 2] as const, values: Float32Array.of(4, 4, 4, 4), target: 0 };
    const over = mapOverFrame(seen, [40, 36], map);
    const sum = over.reduce((a, b) => a + b, 0);
    expect(sum).toBe(32 * 32);
    expect([over[3 * 36 + 1], over[34 * 36 + 32], over[2 * 36 + 1], over[3 * 36]]).toEqual([1, 1, 0, 0]);
  });
});

describe('measures of a map', () => {
  const layer = nodeId('x');
  const map = (values: number[]) => ({
    layer,
    size: [2, 2] as const,
    values: Float32Array.from(values),
    target: 0,
  });

  it('rank correlation is 1 for the same order, −1 for the opposite, 0 for a constant', () => {
    expect(correlation(map([1, 2, 3, 4]), map([10, 20, 30, 99]))).toBeCloseTo(1);
    expect(correlation(map([1, 2, 3, 4]), map([4, 3, 2, 1]))).toBeCloseTo(-1);
    expect(correlation(map([1, 2, 3, 4]), map([5, 5, 5, 5]))).toBe(0);
  });

  it('pointing and AUC hold the map against true spots', () => {
    const spot = { y: 1, x: 7, intensity: 1, snr: 9 };
    const whole = { offset: [0, 0], size: [10, 10] } as const;
    expect(localization(map([0, 9, 1, 2]), [spot], whole)).toEqual({ pointing: true, auc: 1 });
    expect(localization(map([9, 0, 1, 2]), [spot], whole)).toEqual({ pointing: false, auc: 0 });
    // A network that sees the right part only has the spot in its left half.
    const right = { offset: [0, 6], size: [10, 4] } as const;
    expect(localization(map([9, 0, 1, 2]), [spot], right)).toEqual({ pointing: true, auc: 1 });
  });
});
