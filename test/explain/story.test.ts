/** What a scientist is told of a frame: physics, an alarm where things do not fit, one sentence. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/core/random.js';
import { evidencePicture } from '../../src/explain/evidence-picture.js';
import { sharedOut } from '../../src/explain/seen-part.js';
import { proportion } from '../../src/statistics/proportion.js';
import type { FrameExplanation } from '../../src/run/explain/explanation.js';
import { ringsOf, type Physics } from '../../src/run/explain/physics.js';
import { certify } from '../../src/run/explain/certify.js';
import { brightGraph } from './small-graphs.js';
import { alarmWords, certifiedLine, physicsLines, storySentence } from '../../src/run/explain/story.js';
import { peakWords, removalWords } from '../../src/run/explain/words.js';

const spot = { y: 1, x: 2, intensity: 400, snr: 456_707.2, panel: 0, pixelCount: 3, maximum: 200, sigma: 0 };
const physics: Physics = {
  finders: [
    {
      finder: 'peakfinder8',
      spots: Array.from({ length: 22 }, () => spot),
      best: 2.1,
      median: 4,
      strongest: 20,
    },
    { finder: 'dispersion', spots: [], best: null, median: null, strongest: null },
  ],
  meanLevel: 0.5,
  maskedShare: 0.03,
  saturated: 1,
  deadShare: 0,
  rings: [{ radius: 40, resolution: 3.9 }],
  unlike: [],
};
const explained = (keep: boolean, flips: number) =>
  ({ index: 7, keep, physics, reasons: { flips: proportion(flips, 200), photons: null, widthFrom: 'a usual spot' } }) as unknown as FrameExplanation; // prettier-ignore

describe('the story of a frame', () => {
  it('begins with what is on it', () => {
    const lines = physicsLines(physics).join('\n');
    for (const part of [
      'peakfinder8 finds 22 spots out to 2.1 Å (median 4.0 Å), the strongest of 20 σ.',
      'dispersion finds no spot.',
      'Mean level 0.500 counts a pixel; 1 ring at 3.9 Å.',
      'Masked 3.0 %; 1 saturated pixel',
      'It is like the frames that the network was calibrated on',
    ])
      expect(lines).toContain(part);
  });

  it('is an alarm where many peaks are found and the frame is vetoed, and only there', () => {
    expect(alarmWords(false, physics)).toMatch(
      /^ALARM: 22 found peaks, and yet the frame is vetoed: the network/,
    );
    const unlike = [{ layer: 'conv1', value: 9, low: 0, high: 2 }];
    expect(alarmWords(false, { ...physics, unlike })).toContain('its input is unlike training');
    expect(alarmWords(true, physics)).toBeNull();
    const few = physics.finders.map((found) => ({ ...found, spots: found.spots.slice(0, 9) }));
    expect(alarmWords(false, { ...physics, finders: few })).toBeNull();
  });

  it('is one sentence', () => {
    expect(storySentence(explained(false, 0))).toBe(
      'Frame 7 is vetoed: the spot finders see 22 Bragg peaks in it, and in none of 200 redraws of its photon noise would it be decided otherwise.',
    );
    expect(storySentence(explained(true, 50))).toContain('decided otherwise in 25 % of redraws');
  });

  it('tells more than five regions by number and picture, fewer by row and column', () => {
    const at = (k: number) => ({ y: k, x: 2 * k, height: 1, width: 1 });
    const set = (n: number) => ({ found: { regions: Array.from({ length: n }, (_, k) => at(k)), score: 3 }, noneUpTo: 1, tried: 9 }); // prettier-ignore
    expect(removalWords(set(2), true)).toContain('the 2 regions at row 0, column 0; row 1, column 2');
    expect(removalWords(set(6), true)).toContain('6 regions, framed in regions.png,');
    expect(removalWords(set(6), true)).not.toContain('row 5');
  });

  it('calls a frame that no peaks could keep a fault', () => {
    const none = { count: null, tried: 64, snr: 10, places: [] };
    expect(peakWords(none, null)).toContain('The network or its input is at fault');
    // Not where one brighter spot keeps it: that would be told beside it.
    expect(peakWords(none, 196)).toBe('Not even 64 added Bragg peaks of 10 σ at random places would keep it, though one spot of 196 photons at the best place would.'); // prettier-ignore
    expect(peakWords({ ...none, count: 1 }, null)).toBe('1 added Bragg peak of 10 σ would have kept it.');
  });
});

describe('rings', () => {
  const side = 128;
  const frame = (ring: number): Uint16Array => {
    const random = createRandom(3);
    return Uint16Array.from({ length: side * side }, (_, i) => {
      const r = Math.hypot(Math.floor(i / side) - 63.5, (i % side) - 63.5);
      return random.poisson(10 + (Math.abs(r - 40) < 2 ? ring : 0));
    });
  };
  const found = (ring: number) =>
    ringsOf({ height: side, width: side, pixels: frame(ring), mask: null }, { centre: null, scale: null });

  it('are found where the background stands out all around, and not in noise', () => {
    expect(found(0)).toEqual([]);
    const [first, ...rest] = found(8);
    expect(Math.abs(first! - 40)).toBeLessThanOrEqual(2);
    expect(rest).toEqual([]);
  });
});

it('a map has no colour on masked pixels', () => {
  const mask = new Uint8Array(16).fill(1).fill(0, 0, 8);
  const parts = {
    pixels: new Uint16Array(16).fill(5),
    size: [4, 4] as const,
    mask,
    lines: null,
    rings: null,
  };
  const seen = sharedOut({ offset: [0, 0], size: [4, 4] });
  const map = { layer: 'x' as never, size: [4, 4] as [number, number], values: new Float32Array(16).fill(1), target: 0 }; // prettier-ignore
  const bare = { ...map, values: new Float32Array(16) };
  const [lit, dark] = [evidencePicture(parts, seen, map), evidencePicture(parts, seen, bare)];
  const half = lit.rgb.length / 2;
  expect(lit.rgb.subarray(0, half)).toEqual(dark.rgb.subarray(0, half));
  expect(lit.rgb.subarray(half)).not.toEqual(dark.rgb.subarray(half));
});

describe('what is proved of changed pixels', () => {
  const region = { y: 8, x: 0, height: 8, width: 16 };

  it('is a number of counts, of all pixels and of the region that matters most', () => {
    expect(certifiedLine({ whole: 2, inRegion: 11, region })).toBe(
      'Proved in integers: no change of up to 2 counts in every pixel at once turns it; of the region that matters most (rows 8 to 15, columns 0 to 15) every pixel may change by 11 counts.',
    );
  });

  it('is said to be nothing where it is nothing', () => {
    expect(certifiedLine({ whole: 0, inRegion: 1, region })).toMatch(
      /^That no change of one count in all pixels at once turns it is not proved; .* by 1 count\.$/,
    );
    expect(certifiedLine(null)).toMatch(/wraps around/);
  });

  it('belongs to the region that changes the score the most, and leaves masked pixels alone', () => {
    const graph = brightGraph(32);
    const pixels = new Uint16Array(32 * 32).fill(50);
    const regions = [0, 16].flatMap((y) => [0, 16].map((x) => ({ y, x, height: 16, width: 16 })));
    const occlusion = { regions, effects: [1, -9, 2, 3], score: 0 };
    const all = certify(graph, { pixels, size: [32, 32], mask: null }, true, occlusion)!;
    expect(all.whole).toBe(6);
    expect(all.region).toEqual(regions[1]);
    expect(all.inRegion).toBeGreaterThan(6);
    const mask = Uint8Array.from(pixels, (_, i) => Number(i % 32 < 16));
    const half = certify(graph, { pixels, size: [32, 32], mask }, true, occlusion)!;
    expect(half.whole).toBeGreaterThan(6);
    expect(half.inRegion).toBe(65_535);
  });
});
