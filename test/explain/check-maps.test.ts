/** The check of the maps on a network that is known to look at bright pixels. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { checkMaps, type MapCheck } from '../../src/explain/check-maps.js';
import { randomiseWeights } from '../../src/explain/randomise.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { format } from '../../src/fixed/format.js';
import { createFixedGraphBuilder } from '../../src/ir/build.js';
import { NO_PADDING, nodeId, type QuantizedWeights } from '../../src/ir/common.js';
import type { FixedGraph } from '../../src/ir/graph.js';
import { interpret } from '../../src/simulate/interpret.js';
import { openBackend } from '../../src/train/backend.js';
import { sampleFixedGraph } from '../sample-graphs.js';

const SIZE = 32;

/** max-bin 4×4 → clamp → conv 1×1 to (bright, dark, constant) → global average → dense: bright speaks for a hit. */
function brightGraph(): FixedGraph {
  const b = createFixedGraphBuilder();
  const weights = (mantissas: number[], bias: number[]): QuantizedWeights => ({
    mantissas: Int32Array.from(mantissas),
    width: 8,
    fraction: new Int32Array(bias.length),
    bias: Float64Array.from(bias),
  });
  const raw = format(false, 16, 16);
  const byte = format(false, 8, 8);
  const input = b.add({ id: nodeId('input'), kind: 'input', inputs: [], size: [SIZE, SIZE], format: raw });
  const bin = b.add({
    id: nodeId('bin'),
    kind: 'bin',
    mode: 'max',
    factor: [4, 4],
    inputs: [input],
    format: raw,
  });
  const clamp = b.add({ id: nodeId('clamp'), kind: 'clamp', min: 0, max: 255, inputs: [bin], format: byte });
  const conv = b.add({
    id: nodeId('conv1'),
    kind: 'conv2d',
    inputs: [clamp],
    kernel: [1, 1],
    strides: [1, 1],
    padding: NO_PADDING,
    groups: 1,
    weights: weights([1, -1, 0], [-40, 60, 5]),
    activation: { kind: 'relu' },
    format: byte,
  });
  const mean = b.add({ id: nodeId('mean1'), kind: 'globalAvgPool', inputs: [conv], reciprocal: 1, reciprocalFraction: 6, format: format(false, 16, 8) }); // prettier-ignore
  const logits = b.add({
    id: nodeId('logits'),
    kind: 'dense',
    inputs: [mean],
    weights: weights([-3, 5, 1, -1, 0, 0], [0, 0]),
    activation: { kind: 'none' },
    format: format(true, 24, 14),
  });
  return b.build({
    name: 'bright',
    output: logits,
    classNames: ['miss', 'hit'],
    hitClasses: [false, true],
    threshold: 0,
  });
}

describe('the check of the maps', () => {
  const fixed = brightGraph();
  const random = createRandom(4);
  const frames = Array.from({ length: 6 }, () => {
    const pixels = Uint16Array.from({ length: SIZE * SIZE }, () => random.integer(0, 20));
    const spots = Array.from({ length: 4 }, () => ({ y: random.integer(4, 27), x: random.integer(4, 27), intensity: 200, snr: 20 })); // prettier-ignore
    for (const { y, x } of spots) pixels[y * SIZE + x] = 200;
    return { pixels, spots };
  });
  let checks: readonly MapCheck[];
  const of = (method: MapCheck['method']): MapCheck => checks.find((c) => c.method === method)!;
  beforeAll(async () => {
    await openBackend('wasm');
    checks = await checkMaps(frames, {
      fixed,
      scorer: (asked) => Promise.resolve(asked.map((pixels) => interpret(fixed, pixels).score)),
      seed: 2,
    });
  });

  it('finds that Grad-CAM and occlusion stand on the peaks, and the random map does not', () => {
    for (const method of ['grad-cam', 'hi-res-cam', 'grad-cam-plus-plus', 'occlusion'] as const) {
      expect(of(method), method).toMatchObject({ frames: 6, pointing: 1 });
      expect(of(method).auc, method).toBeGreaterThan(0.99);
      expect(of(method).insertion, method).toBeGreaterThan(0.8);
      expect(of(method).deletion, method).toBeLessThan(0.2);
    }
    expect(of('random').pointing).toBeLessThan(0.5);
    expect(of('random').auc).toBeLessThan(0.75);
    expect(of('random').insertion).toBeLessThan(0.7);
  });

  it('finds that the random map does not care for the weights, and that the others do', () => {
    expect(of('random').randomised).toBeCloseTo(1);
    expect(of('grad-cam').randomised).toBeLessThan(0.9);
    expect(of('occlusion').randomised).toBeNaN();
  });

  it('randomises by a new order of the same weights, layer by layer', () => {
    const twin = dequantize(sampleFixedGraph());
    const weightsOf = (graph: typeof twin): Float32Array[] => graph.nodes.flatMap((n) => ('weights' in n ? [n.weights as Float32Array] : [])); // prettier-ignore
    const [before, after] = [weightsOf(twin), weightsOf(randomiseWeights(twin, 3))];
    before.forEach((weights, i) => {
      expect(after[i]).not.toEqual(weights);
      expect([...after[i]!].sort()).toEqual([...weights].sort());
    });
    expect(weightsOf(randomiseWeights(twin, 3))).toEqual(after);
  });
});
