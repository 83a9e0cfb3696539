import { describe, expect, it } from 'vitest';
import {
  countAccuracy,
  countPeaks,
  createPeakCounter,
  fitCountThreshold,
} from '../../src/spotfind/baseline.js';
import { missingReason, openReferenceFrames } from './reference.js';

describe('the threshold on a count', () => {
  it('is the smallest of the best', () => {
    const fit = fitCountThreshold([0, 1, 2, 8, 9, 3], [false, false, false, true, true, false]);
    expect(fit).toEqual({ threshold: 4, accuracy: 1 });
    expect(countAccuracy([3, 4], [false, true], fit.threshold)).toBe(1);
  });

  it('treats frames of one count alike', () => {
    expect(fitCountThreshold([5, 5, 5], [true, false, true])).toEqual({ threshold: 0, accuracy: 2 / 3 });
  });

  it('calls everything a miss where nothing is a hit', () => {
    expect(fitCountThreshold([5, 0, 7], [false, false, false])).toEqual({ threshold: 8, accuracy: 1 });
  });
});

describe('counting the peaks of a frame', () => {
  it('finds none where there is nothing', () => {
    const frame = { height: 32, width: 32, pixels: new Uint16Array(1024), mask: null };
    expect(countPeaks(frame)).toBe(0);
  });
});

describe.skipIf(missingReason !== null)('the classical baseline', () => {
  it('reaches 98.4 % on the test split at the threshold of the train split', async () => {
    const frames = await openReferenceFrames();
    const count = createPeakCounter();
    const counts: number[] = [];
    const hits: boolean[] = [];
    for (let index = 0; index < frames.count; index++) {
      if (frames.split(index) !== 1) continue;
      const { pixels, mask, beam } = frames.read(index);
      counts.push(count({ height: 512, width: 512, pixels, mask }, { centre: beam, scale: null }));
      hits.push(frames.label(index) >= 2);
    }
    frames.close();
    // test/bench/classical-baseline.ts fits the threshold: 4 on the train split.
    expect(countAccuracy(counts, hits, 4)).toBeCloseTo(0.984, 3);
    let ordered = 0;
    const hitCounts = counts.filter((_, i) => hits[i]);
    const missCounts = counts.filter((_, i) => !hits[i]);
    for (const a of hitCounts) for (const b of missCounts) ordered += a > b ? 1 : a === b ? 0.5 : 0;
    expect(ordered / (hitCounts.length * missCounts.length)).toBeCloseTo(0.997, 3);
  });
});
