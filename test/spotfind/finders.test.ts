import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { prepareDispersion, strongPixels } from '../../src/spotfind/dispersion.js';
import { createFrameSpotFinder, prepareSpotFinder } from '../../src/spotfind/finder.js';
import { parseGeometry } from '../../src/data/geometry/geometry.js';
import {
  detectorOfGeometry,
  estimateResolution,
  frameGeometry,
  gridPanels,
  NOTHING_STATED,
} from '../../src/spotfind/geometry.js';
import {
  flatLayout,
  iceRings,
  radiusOfResolution,
  resolutionOfRadius,
  type DetectorLayout,
} from '../../src/spotfind/layout.js';
import { parseSpotParameters, SPOT_ALGORITHMS, type SpotAlgorithm } from '../../src/spotfind/parameters.js';

const SIDE = 128;

/** Poisson background of 3 photons with a bright 3×3 peak at each [y, x]. */
function frameWith(peaks: readonly (readonly [number, number])[], seed = 1): Uint16Array {
  const random = createRandom(seed);
  const pixels = Uint16Array.from({ length: SIDE * SIDE }, () => random.poisson(3));
  for (const [y, x] of peaks)
    for (let dy = -1; dy <= 1; dy++)
      for (let dx = -1; dx <= 1; dx++) pixels[(y + dy) * SIDE + x + dx] = dy === 0 && dx === 0 ? 200 : 80;
  return pixels;
}

const finder = (layout: DetectorLayout, algorithm: SpotAlgorithm, parameters: readonly string[] = []) =>
  prepareSpotFinder(layout, parseSpotParameters(algorithm, parameters), {
    wavelengthA: 1,
    distanceMm: 50,
    pixelMm: 1,
  });

describe.each(SPOT_ALGORITHMS)('%s', (algorithm) => {
  it('finds a peak where it is, pixel centre = integer', () => {
    const { spots } = finder(flatLayout(SIDE, SIDE, null), algorithm)(frameWith([[20, 33]]));
    expect(spots).toHaveLength(1);
    expect(spots[0]!.x).toBeCloseTo(33, 0);
    expect(spots[0]!.y).toBeCloseTo(20, 0);
    expect(spots[0]!.snr).toBeGreaterThan(10);
  });

  it('gives the same spots whatever it was called with before', () => {
    const find = finder(flatLayout(SIDE, SIDE, null), algorithm);
    const first = find(frameWith([[20, 33]]));
    find(frameWith([[50, 12], [8, 8], [30, 30]], 2)); // prettier-ignore
    expect(find(frameWith([[20, 33]]))).toEqual(first);
  });

  it('sees nothing under the mask and nothing of masked values beside it', () => {
    const pixels = frameWith([[20, 33], [40, 10]]); // prettier-ignore
    const mask = new Uint8Array(SIDE * SIDE).fill(1);
    for (let y = 17; y <= 23; y++) mask.fill(0, y * SIDE + 30, y * SIDE + 37);
    const masked = finder(flatLayout(SIDE, SIDE, mask), algorithm);
    const found = masked(pixels);
    expect(found.spots.map((s) => [Math.round(s.y), Math.round(s.x)])).toEqual([[40, 10]]);
    const other = pixels.map((v, i) => (mask[i] === 1 ? v : 65535));
    expect(masked(other)).toEqual(found);
  });

  it('ends peaks and backgrounds at the edges of panels', () => {
    // A peak across the gapless edge between two panels, at x = 63 and 64.
    const pixels = frameWith([]);
    for (const y of [10, 11, 12]) pixels.fill(150, y * SIDE + 62, y * SIDE + 66);
    const layout = { ...flatLayout(SIDE, SIDE, null), panels: gridPanels(SIDE, SIDE, 1, 2) };
    const { spots } = finder(layout, algorithm)(pixels);
    expect(spots.map((spot) => spot.panel)).toEqual([0, 1]);
    expect(spots[0]!.x).toBeLessThanOrEqual(63);
    expect(spots[1]!.x).toBeGreaterThanOrEqual(64);
    // What the other panel shows changes nothing for this one but the radial statistics.
    if (algorithm !== 'peakfinder8') {
      const changed = pixels.map((v, i) => (i % SIDE < 64 ? v : 0));
      expect(finder(layout, algorithm)(changed).spots[0]).toEqual(spots[0]);
    }
  });

  it('keeps to limits in pixels and in Å', () => {
    const pixels = frameWith([[64, 94], [64, 114]]); // prettier-ignore
    const layout = flatLayout(SIDE, SIDE, null, { x: 64, y: 64 });
    const columns = (parameters: readonly string[]): number[] =>
      finder(layout, algorithm, parameters)(pixels).spots.map((spot) => Math.round(spot.x));
    expect(columns([])).toEqual([94, 114]);
    expect(columns(['max_res=40'])).toEqual([94]);
    expect(columns(['min_res=40'])).toEqual([114]);
    const between = resolutionOfRadius(40, { wavelengthA: 1, distanceMm: 50, pixelMm: 1 });
    expect(columns([`d_min=${between}`])).toEqual([94]);
    expect(columns([`d_max=${between}`])).toEqual([114]);
  });

  it('finds nothing on an empty frame and on a frame of one value', () => {
    const find = finder(flatLayout(SIDE, SIDE, null), algorithm);
    expect(find(new Uint16Array(SIDE * SIDE)).spots).toEqual([]);
    expect(find(new Uint16Array(SIDE * SIDE).fill(65535)).spots).toEqual([]);
  });
});

/** The statement of the algorithm in formats.md, window by window. */
function slowDispersion(
  pixels: Uint16Array,
  mask: Uint8Array | null,
  half: readonly [number, number],
): number[] {
  const strong: number[] = [];
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      let m = 0;
      let sum = 0;
      let squares = 0;
      for (let v = Math.max(0, y - half[0]); v <= Math.min(SIDE - 1, y + half[0]); v++)
        for (let u = Math.max(0, x - half[1]); u <= Math.min(SIDE - 1, x + half[1]); u++) {
          if (mask !== null && mask[v * SIDE + u] === 0) continue;
          const value = pixels[v * SIDE + u]!;
          m++;
          sum += value;
          squares += value * value;
        }
      const i = y * SIDE + x;
      const value = pixels[i]!;
      if ((mask !== null && mask[i] === 0) || m < 2 || !(value > 0)) continue;
      const mean = sum / m;
      if (m * squares - sum * sum <= sum * (m - 1 + 6 * Math.sqrt(2 * (m - 1)))) continue;
      if (value > mean + 3 * Math.sqrt(mean)) strong.push(i);
    }
  return strong;
}

describe('the sliding windows of dispersion', () => {
  it.each([[[3, 3]], [[1, 5]], [[6, 2]]] as const)(
    'equal plain windows of half size %j, masked or not',
    (half) => {
      const random = createRandom(7);
      const pixels = frameWith([[1, 1], [126, 30], [30, 126], [33, 20]], 9); // prettier-ignore
      const mask = Uint8Array.from({ length: SIDE * SIDE }, () => (random.uniform() < 0.1 ? 0 : 1));
      for (const m of [null, mask]) {
        const layout = flatLayout(SIDE, SIDE, m);
        const parameters = parseSpotParameters('dispersion', [`kernel_size=${half.join()}`]).parameters;
        if (!('kernelSize' in parameters)) throw new Error('dispersion has a kernel');
        const found = strongPixels(pixels, layout, 'dispersion', parameters);
        const expected = slowDispersion(pixels, m, half);
        expect(expected.length).toBeGreaterThan(10);
        expect([...found.keys()].filter((i) => found[i] === 1)).toEqual(expected);
      }
    },
  );

  it('stay exact with the brightest values there are', () => {
    const layout = flatLayout(SIDE, SIDE, null);
    const bright = frameWith([]).map((v, i) => (i % 5 === 0 ? 65535 : v));
    const find = prepareDispersion(layout, 'dispersion');
    const found = find(bright);
    expect([...found.keys()].filter((i) => found[i] === 1)).toEqual(slowDispersion(bright, null, [3, 3]));
  });
});

describe('too many strong pixels', () => {
  it('leave a frame without spots and say so', () => {
    const layout = flatLayout(SIDE, SIDE, null);
    const noisy = Uint16Array.from({ length: SIDE * SIDE }, (_, i) => (i % 3 === 0 ? 60000 : 0));
    const found = finder(layout, 'dispersion', ['sigma_strong=1'])(noisy);
    expect(found).toMatchObject({ spots: [], tooManyStrong: true });
  });
});

describe('geometry', () => {
  it('turns resolution into radius and back', () => {
    const scale = { wavelengthA: 1.3, distanceMm: 120, pixelMm: 0.075 };
    for (const d of [1.5, 3, 20])
      expect(resolutionOfRadius(radiusOfResolution(d, scale), scale)).toBeCloseTo(d, 9);
    expect(radiusOfResolution(0.6, scale)).toBe(Infinity);
  });

  it('knows the rings of hexagonal ice', () => {
    const rings = iceRings(1.9).map((d) => d.toFixed(2));
    expect(rings).toEqual(['3.90', '3.67', '3.44', '2.67', '2.25', '2.07', '1.95', '1.92']);
  });

  it('believes the user before the file', () => {
    const meta = { beam_x: 1, beam_y: 2, wavelength: 1.1, distance_mm: 90 };
    expect(frameGeometry(meta)).toEqual({ centre: { x: 1, y: 2 }, scale: null });
    expect(frameGeometry(meta, { ...NOTHING_STATED, beamX: 7, pixelMm: 0.1 })).toEqual({
      centre: { x: 7, y: 2 },
      scale: { wavelengthA: 1.1, distanceMm: 90, pixelMm: 0.1 },
    });
  });

  it('takes panels and radii from a CrystFEL geometry, truncated as CrystFEL does', () => {
    const text = [
      'clen = 0.1', 'res = 10000', 'wavelength = 1.3 A',
      'a/fs = +1.0x', 'a/ss = +1.0y', 'a/corner_x = -10.5', 'a/corner_y = 2.7',
      'a/min_fs = 0', 'a/max_fs = 3', 'a/min_ss = 0', 'a/max_ss = 1',
      'b/fs = -1.0y', 'b/ss = +1.0x', 'b/corner_x = 0', 'b/corner_y = 0',
      'b/min_fs = 0', 'b/max_fs = 3', 'b/min_ss = 2', 'b/max_ss = 3',
    ].join('\n'); // prettier-ignore
    const geometry = parseGeometry(text, 'test.geom');
    const { panels, radii } = detectorOfGeometry(geometry, [4, 4]);
    expect(panels[1]).toEqual({ name: 'b', x: 0, y: 2, width: 4, height: 2 });
    expect(radii![0]).toBeCloseTo(Math.hypot(10, 2), 5);
    expect(radii![3]).toBeCloseTo(Math.hypot(7, 2), 5);
    expect(radii![2 * 4 + 3]).toBe(3);
    expect(() => detectorOfGeometry(geometry, [3, 4])).toThrow('reaches outside');
  });

  it('estimates how far a frame diffracts, and not from a handful of spots', () => {
    const spot = { y: 0, intensity: 1, snr: 9, panel: 0, pixelCount: 1, maximum: 1, sigma: 1 };
    const spots = Array.from({ length: 20 }, (_, k) => ({ ...spot, x: k === 19 ? 500 : k + 1 }));
    const geometry = { centre: { x: 0, y: 0 }, scale: null };
    expect(estimateResolution(spots, geometry)).toEqual({ radius: 19, dA: null });
    expect(estimateResolution(spots.slice(0, 3), geometry)).toBeNull();
  });

  it('prepares again when mask or centre change', () => {
    const find = createFrameSpotFinder(parseSpotParameters('dispersion'));
    const pixels = frameWith([[20, 33]]);
    const frame = { height: SIDE, width: SIDE, pixels, mask: null };
    expect(find(frame).spots).toHaveLength(1);
    expect(find({ ...frame, mask: new Uint8Array(SIDE * SIDE) }).spots).toHaveLength(0);
    expect(find(frame).spots).toHaveLength(1);
  });
});
