/** Worn detectors, whose faults stay and whose conditions change together; and hits at the edge of what can be indexed. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { conditionsText, drawConditions } from '../../src/data/simulate/conditions.js';
import { standardDetectors } from '../../src/data/simulate/detector.js';
import { simulateFrames } from '../../src/data/simulate/simulate-frames.js';
import { equalBytes } from './statistics.js';

const [counting, , ccd] = standardDetectors(64, 64, createRandom(1));
const drawn = (detector: number, series: number, frame: number, of = ccd!) =>
  new Map(
    drawConditions(
      of,
      { detector: createRandom(detector), series: createRandom(1000 + series) },
      createRandom(5000 + frame),
    ),
  );

describe('conditions', () => {
  it('stay with the detector, change from series to series, and little from frame to frame', () => {
    const zingers = Array.from({ length: 60 }, (_, s) =>
      [0, 1, 2].map((f) => drawn(3, s, 10 * s + f).get('zingers') ?? 0),
    );
    const means = zingers.map((row) => (row[0]! + row[1]! + row[2]!) / 3);
    expect(Math.min(...means)).toBeLessThan(3);
    expect(Math.max(...means)).toBeGreaterThan(40);
    const busy = zingers.filter((_, s) => means[s]! > 15);
    const within = busy.map((row) => Math.max(...row) / Math.min(...row));
    expect(within.reduce((a, b) => a + b) / within.length).toBeLessThan(3);
    for (const name of ['hotPixels', 'gainError', 'readoutNoise'] as const)
      expect(new Set([0, 1, 2].map((s) => drawn(3, s, s).get(name))).size).toBe(1);
  });

  it('come together: an old detector has more hot pixels and larger gain errors', () => {
    const pairs = Array.from({ length: 600 }, (_, d) => drawn(d, 1, 1))
      .map((c) => [c.get('hotPixels'), c.get('gainError')] as const)
      .filter((pair): pair is readonly [number, number] => pair[0] !== undefined && pair[1] !== undefined)
      .map(([a, b]) => [Math.log(a), Math.log(b)] as const);
    const mean = (k: 0 | 1): number => pairs.reduce((sum, p) => sum + p[k], 0) / pairs.length;
    const [mx, my] = [mean(0), mean(1)];
    const sum = (f: (x: number, y: number) => number): number =>
      pairs.reduce((total, [x, y]) => total + f(x - mx, y - my), 0);
    const correlation = sum((x, y) => x * y) / Math.sqrt(sum((x) => x * x) * sum((_, y) => y * y));
    expect(pairs.length).toBeGreaterThan(100);
    expect(correlation).toBeGreaterThan(0.5);
  });

  it('add no pedestal and no readout noise to a detector that counts', () => {
    for (let d = 0; d < 50; d++)
      for (const name of ['pedestal', 'readoutNoise'] as const)
        expect(drawn(d, d, d, counting!).has(name)).toBe(false);
  });

  it('are said in words', () => {
    expect(conditionsText([['zingers', 12], ['gainError', 0.0123456]])).toBe('zingers 12, gainError 0.0123'); // prettier-ignore
  });
});

describe('worn', () => {
  const options = { seed: 6, count: 24, height: 96, width: 96 } as const;
  const worn = simulateFrames({ ...options, variety: 'worn' });

  it('is broad with conditions, which the facts of a frame say; a frame is the same however it is read', async () => {
    const again = simulateFrames({ ...options, variety: 'worn', count: 2000 });
    const broad = simulateFrames({ ...options, variety: 'broad' });
    let changed = 0;
    for (let i = 0; i < options.count; i++) {
      const { pixels } = await worn.read(i);
      expect(equalBytes(pixels, (await again.read(i)).pixels)).toBe(true);
      expect(worn.label(i)).toEqual(broad.label(i));
      expect(worn.spots(i)).toEqual(broad.spots(i));
      expect(broad.meta(i)).not.toHaveProperty('conditions');
      expect(worn.meta(i)['conditions']).toBe(conditionsText(worn.plan(i).conditions));
      if (!equalBytes(pixels, (await broad.read(i)).pixels)) changed++;
    }
    expect(changed).toBeGreaterThan(options.count / 2);
  });
});

describe('faint', () => {
  it('has hits of few visible spots, many of them of several lattices', () => {
    const source = simulateFrames({ seed: 2, count: 60, variety: 'faint', classWeights: [0, 0, 1, 1, 1] });
    const facts = Array.from({ length: source.count }, (_, i) => source.meta(i) as Record<string, number>);
    for (const { n_visible } of facts) {
      expect(n_visible).toBeGreaterThanOrEqual(3);
      expect(n_visible).toBeLessThanOrEqual(60);
    }
    const several = facts.filter(({ lattices }) => lattices! > 1).length;
    expect(several).toBeGreaterThan(8);
    expect(several).toBeLessThan(40);
    for (const i of facts.keys()) expect(source.lattices(i)).toHaveLength(facts[i]!['lattices']!);
  });
});
