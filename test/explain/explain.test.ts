import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { preprocessNodes, preprocessSchema } from '../../src/frontends/network/preprocess.js';
import { dequantize, fixedValues } from '../../src/explain/fixed-twin.js';
import { createExplainer, gradCam, type Explainer } from '../../src/explain/grad-cam.js';
import { correlation, localization } from '../../src/explain/measures.js';
import { MAP_METHODS } from '../../src/explain/method-names.js';
import { evidenceMap } from '../../src/explain/methods.js';
import { mapOverFrame } from '../../src/explain/evidence-picture.js';
import { mapPart, seenPart, sharedOut } from '../../src/explain/seen-part.js';
import { lsb } from '../../src/fixed/format.js';
import { nodeId } from '../../src/ir/common.js';
import { findNode, type FloatGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { layerSchema } from '../../src/frontends/network/description.js';
import { createNetwork } from '../../src/frontends/network/registry.js';
import { sampleFixedGraph, sampleFrames } from '../sample-graphs.js';
import { saturatingGraph } from './small-graphs.js';

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

describe('a map over the raw frame', () => {
  it('lies over what the network sees, and nowhere else', () => {
    const seen = seenPart(sampleFixedGraph());
    expect(seen).toEqual({ offset: [3, 1], size: [32, 32] });
    const map = { layer: nodeId('x'), size: [2, 2] as const, values: Float32Array.of(4, 4, 4, 4), target: 0 };
    const over = mapOverFrame(sharedOut(seen), [40, 36], map);
    const sum = over.reduce((a, b) => a + b, 0);
    expect(sum).toBe(32 * 32);
    expect([over[3 * 36 + 1], over[34 * 36 + 32], over[2 * 36 + 1], over[3 * 36]]).toEqual([1, 1, 0, 0]);
  });
});

describe('a map of windows that end with the last pixel', () => {
  const graph = createNetwork({
    network: [
      layerSchema.parse({ op: 'conv', filters: 1, kernel: 3, padding: 'causal' }),
      layerSchema.parse({ op: 'conv', filters: 1, kernel: 5, stride: 2, padding: 'causal' }),
      layerSchema.parse({ op: 'globalPool', mode: 'max' }),
      layerSchema.parse({ op: 'dense', units: 'classes' }),
    ],
    preprocess: preprocessNodes(
      preprocessSchema.parse({ factor: 2, causal: true, channels: [{ contrast: 2 }] }),
      [40, 44],
    ),
    classes: { classNames: ['miss', 'hit'], hitClasses: [false, true] },
    seed: 1,
  });

  it('lies over what its cells were computed from', () => {
    // Of 20 × 22 blocks 18 × 20 are shown.
    expect(seenPart(graph)).toEqual({ offset: [0, 0], size: [36, 40] });
    // A block up and to the left, for three blocks of which the third is the cell's own.
    expect(mapPart(graph, nodeId('conv1'), [18, 20]).ground).toEqual({ offset: [-2, -2], size: [36, 40] });
    // The last cell is computed from five by five cells of that map, which end with its last.
    const last = mapPart(graph, nodeId('conv2'), [9, 10]);
    const middle = (axis: 0 | 1, cells: number): number =>
      last.ground.offset[axis] + (last.ground.size[axis] * (cells - 0.5)) / cells;
    expect([middle(0, 9), middle(1, 10)]).toEqual([36 - 5 - 2, 40 - 5 - 2]);
  });

  it('has its maximum there, too, and goes on to the edge of what is seen', () => {
    const values = new Float32Array(18 * 20);
    values[9 * 20 + 12] = 1;
    values[18 * 20 - 1] = 0.5;
    const map = { layer: nodeId('conv1'), size: [18, 20] as const, values, target: 0 };
    const part = mapPart(graph, map.layer, map.size);
    const over = mapOverFrame(part, [40, 44], map);
    const best = over.indexOf(Math.max(...over));
    // The window of cell (9, 12) has its middle in block (8, 11), pixels 16 and 17, 22 and 23.
    expect([Math.floor(best / 44), best % 44]).toEqual([16, 22]);
    // Pixels lie a quarter of a cell beside its middle: none has all of the largest value.
    expect(over[35 * 44 + 39]).toBeCloseTo(0.5 / 0.75 ** 2, 6);
    expect(over[36 * 44 + 39]).toBe(0);
    const spot = (y: number, x: number) => localization(map, [{ y, x, intensity: 1, snr: 9 }], part).pointing;
    expect([spot(16.5, 22.5), spot(18.5, 24.5), spot(39, 43)]).toEqual([true, false, false]);
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
    const whole = sharedOut({ offset: [0, 0], size: [10, 10] });
    expect(localization(map([0, 9, 1, 2]), [spot], whole)).toEqual({ pointing: true, auc: 1 });
    expect(localization(map([9, 0, 1, 2]), [spot], whole)).toEqual({ pointing: false, auc: 0 });
    // A network that sees the right part only has the spot in its left half.
    const right = sharedOut({ offset: [0, 6], size: [10, 4] });
    expect(localization(map([9, 0, 1, 2]), [spot], right)).toEqual({ pointing: true, auc: 1 });
  });
});
