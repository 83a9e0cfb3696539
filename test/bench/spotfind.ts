/**
 * How many 512×512 frames a second each spot finder does on one core.
 *
 *     npx tsx test/bench/spotfind.ts [frames]
 *
 * Frames: water background and Bragg peaks made here from a seed, the same for every finder. A change of the
 * beam centre or mask costs one preparation, which is timed by itself. Figures are ratios, not promises.
 */
import { createRandom } from '../../src/core/random.js';
import { prepareDispersion } from '../../src/spotfind/dispersion.js';
import { flatLayout } from '../../src/spotfind/layout.js';
import { preparePeakfinder8 } from '../../src/spotfind/peakfinder8.js';
import { spotsOfStrongPixels } from '../../src/spotfind/strong-spots.js';

const SIDE = 512;

function makeFrame(seed: number, spots: number): Uint16Array {
  const random = createRandom(seed);
  const rate = new Float64Array(SIDE * SIDE);
  for (let y = 0, i = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++, i++) {
      const r = Math.hypot(x - 250, y - 260);
      rate[i] = 0.2 + 6 * Math.exp(-(((r - 120) / 60) ** 2));
    }
  for (let s = 0; s < spots; s++) {
    const cy = random.integer(3, SIDE - 4);
    const cx = random.integer(3, SIDE - 4);
    for (let dy = -2; dy <= 2; dy++)
      for (let dx = -2; dx <= 2; dx++)
        rate[(cy + dy) * SIDE + cx + dx]! += 80 * Math.exp(-(dx * dx + dy * dy) / 1.5);
  }
  return Uint16Array.from(rate, (mean) => random.poisson(mean));
}

function framesPerSecond(
  frames: readonly Uint16Array[],
  total: number,
  find: (f: Uint16Array) => number,
): string {
  let found = 0;
  for (const frame of frames) find(frame);
  const start = performance.now();
  for (let n = 0; n < total; n++) found += find(frames[n % frames.length]!);
  const seconds = (performance.now() - start) / 1000;
  return `${(total / seconds).toFixed(0).padStart(5)} frames/s   ${(found / total).toFixed(1)} spots a frame`;
}

const total = Number(process.argv[2] ?? 300);
const frames = [0, 0, 10, 60, 300].map((spots, k) => makeFrame(k + 1, spots));
const layout = flatLayout(SIDE, SIDE, null);

const peakfinder8 = preparePeakfinder8(layout);
console.log(`peakfinder8            ${framesPerSecond(frames, total, (f) => peakfinder8(f).length)}`);
console.log(
  `  with its preparation ${framesPerSecond(frames, total, (f) => preparePeakfinder8(flatLayout(SIDE, SIDE, null))(f).length)}`,
);
for (const variant of ['dispersion', 'dispersion-extended'] as const) {
  const strong = prepareDispersion(layout, variant);
  const count = (f: Uint16Array): number => spotsOfStrongPixels(f, strong(f), layout).spots.length;
  console.log(`${variant.padEnd(22)} ${framesPerSecond(frames, total, count)}`);
}
