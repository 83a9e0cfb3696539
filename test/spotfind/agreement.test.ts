/** Peak for peak and pixel for pixel with OM's peakfinder8 and DIALS 3.12 (see shared/data/README.md). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { File as H5File } from 'h5wasm/node';
import { prepareDispersion, strongPixels, type DispersionVariant } from '../../src/spotfind/dispersion.js';
import { flatLayout } from '../../src/spotfind/layout.js';
import { peakfinder8, PEAKFINDER8_DEFAULTS } from '../../src/spotfind/peakfinder8.js';
import { spotsOfStrongPixels } from '../../src/spotfind/strong-spots.js';
import { dataset, missingReason, openH5, openReferenceFrames, peaksFile, rows, values } from './reference.js';

describe.skipIf(missingReason !== null)('agreement with the established spot finders', () => {
  let peaks: H5File;
  let frames: Awaited<ReturnType<typeof openReferenceFrames>>;
  let indices: number[];

  beforeAll(async () => {
    peaks = await openH5(peaksFile);
    frames = await openReferenceFrames();
    indices = [...values<Int32Array>(peaks, 'frame')];
  });
  afterAll(() => {
    peaks.close();
    frames.close();
  });

  it.each(['set0', 'set1'])('finds exactly the peaks of peakfinder8 %s', (name) => {
    const set = dataset(peaks, `peakfinder8/${name}`);
    const attribute = (key: string): number => Number(set.attrs[key]!.value);
    const parameters = {
      ...PEAKFINDER8_DEFAULTS,
      adcThreshold: attribute('adc_threshold'),
      minSnr: attribute('min_snr'),
      minPixelCount: attribute('min_pixels'),
      maxPixelCount: attribute('max_pixels'),
      localBgRadius: attribute('local_bg_radius'),
    };
    const reference = rows(peaks, `peakfinder8/${name}`);
    let compared = 0;
    let worst = 0;
    for (const index of indices) {
      const frame = frames.read(index);
      const found = peakfinder8(frame.pixels, flatLayout(512, 512, frame.mask, frame.beam), parameters);
      const expected = reference.filter((row) => row[0] === index);
      expect(found.length, `peaks on frame ${index}`).toBe(expected.length);
      // Both list peaks in the order their first pixel is met.
      expected.forEach(([, fs, ss, npix, total, maximum, sigma, snr], k) => {
        const peak = found[k]!;
        worst = Math.max(worst, Math.hypot(peak.x - fs!, peak.y - ss!));
        expect(peak.pixelCount).toBe(npix);
        expect(peak.intensity).toBeCloseTo(total!, 1);
        expect(peak.maximum).toBeCloseTo(maximum!, 2);
        expect(peak.sigma).toBeCloseTo(sigma!, 3);
        expect(peak.snr / snr!).toBeCloseTo(1, 3);
        compared++;
      });
    }
    expect(compared).toBe(reference.length);
    expect(worst).toBeLessThan(0.05);
  });

  const variants: [DispersionVariant, string][] = [
    ['dispersion', 'dispersion'],
    ['dispersion-extended', 'dispersion_extended'],
  ];

  it.each(variants)('marks exactly the strong pixels of DIALS %s', (variant, group) => {
    const strongSet = dataset(peaks, `${group}/strong`);
    let total = 0;
    indices.forEach((index, row) => {
      const frame = frames.read(index);
      const found = strongPixels(frame.pixels, flatLayout(512, 512, frame.mask), variant);
      const expected = strongSet.slice([[row, row + 1], [], []]) as Uint8Array;
      let different = 0;
      for (let i = 0; i < found.length; i++) {
        if (found[i] !== expected[i]) different++;
        total += expected[i]!;
      }
      expect(different, `pixels that differ on frame ${index}`).toBe(0);
    });
    expect(total).toBeGreaterThan(10_000);
  });

  it.each(variants)('groups them into exactly the spots of DIALS %s', (variant, group) => {
    const reference = rows(peaks, `${group}/spots`);
    let compared = 0;
    for (const index of indices) {
      const frame = frames.read(index);
      const layout = flatLayout(512, 512, frame.mask);
      const strong = prepareDispersion(layout, variant)(frame.pixels);
      const { spots } = spotsOfStrongPixels(frame.pixels, strong, layout);
      const expected = reference.filter((row) => row[0] === index);
      expect(spots.length, `spots on frame ${index}`).toBe(expected.length);
      for (const [, y, x, npix, sum, maximum] of expected) {
        const spot = spots.find((s) => Math.hypot(s.y + 0.5 - y!, s.x + 0.5 - x!) < 1e-3);
        expect(spot, `spot at ${y}, ${x} of frame ${index}`).toBeDefined();
        expect([spot!.pixelCount, spot!.intensity, spot!.maximum]).toEqual([npix, sum, maximum]);
        compared++;
      }
    }
    expect(compared).toBe(reference.length);
  });
});
