/** The check of the maps on a network that is known to look at bright pixels. */
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { checkMaps, type MapCheck } from '../../src/explain/check-maps.js';
import { dequantize } from '../../src/explain/fixed-twin.js';
import { cascade, randomiseWeights } from '../../src/explain/randomise.js';
import type { FloatGraph } from '../../src/ir/graph.js';
import { mapCheckSection } from '../../src/report/map-checks.js';
import { interpret } from '../../src/simulate/interpret.js';
import { openBackend } from '../../src/tensorflow/backend.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { brightGraph } from './small-graphs.js';

const SIZE = 32;

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
      // A seed that moves the few weights of this network: some orders of them give the same maps.
      seed: 6,
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
    expect(of('random').randomised.map(({ correlation }) => correlation)).toEqual([
      expect.closeTo(1, 6),
      expect.closeTo(1, 6),
    ]);
    expect(of('grad-cam').randomised.at(-1)!.correlation).toBeLessThan(0.9);
    expect(of('occlusion').randomised).toEqual([]);
  });

  it('says layer by layer, from the output down, how alike the maps stay', () => {
    for (const method of ['grad-cam', 'hi-res-cam', 'random'] as const)
      expect(of(method).randomised.map(({ downTo }) => downTo)).toEqual(['logits', 'conv1']);
    const steps = of('grad-cam').randomised.map(({ correlation }) => correlation);
    expect(steps[0]).not.toBeCloseTo(steps[1]!, 3);
    const page = mapCheckSection(checks).html;
    for (const value of steps) expect(page).toContain(`>${value.toFixed(2)}</td>`);
  });
});

describe('randomised weights', () => {
  const twin = dequantize(sampleFixedGraph());
  const weightsOf = (graph: FloatGraph): ReadonlyMap<string, Float32Array> =>
    new Map(graph.nodes.flatMap((n) => ('weights' in n ? [[n.id, n.weights as Float32Array] as const] : [])));
  const learnt = weightsOf(twin);
  const steps = cascade(twin, 100);

  it('are a new order of the same weights, one layer more at every step from the output down', () => {
    expect(steps.map(({ downTo }) => downTo)).toEqual([...learnt.keys()].reverse());
    for (const [k, { layers }] of steps.entries()) {
      expect(layers.size).toBe(k + 1);
      const now = weightsOf(randomiseWeights(twin, layers, 3));
      for (const [id, weights] of learnt) {
        const changed = layers.has(id as never);
        expect(Buffer.compare(Buffer.from(now.get(id)!.buffer), Buffer.from(weights.buffer)) !== 0).toBe(
          changed,
        );
        expect([...now.get(id)!].sort()).toEqual([...weights].sort());
      }
    }
  });

  it('of a layer are the same at every step, and at every run of one seed', () => {
    const [first, last] = [steps[0]!, steps.at(-1)!].map(({ layers }) =>
      weightsOf(randomiseWeights(twin, layers, 3)),
    );
    expect(first!.get('logits')).toEqual(last!.get('logits'));
    expect(weightsOf(randomiseWeights(twin, steps.at(-1)!.layers, 3))).toEqual(last);
    expect(weightsOf(randomiseWeights(twin, steps.at(-1)!.layers, 4))).not.toEqual(last);
  });

  it('come in as many steps as are asked for, the last with all layers', () => {
    const few = cascade(twin, 2);
    expect(few).toHaveLength(2);
    expect(few[1]!.layers.size).toBe(learnt.size);
    expect(few[0]!.layers.size).toBe(Math.round(learnt.size / 2));
  });
});
