/** Images of weights with flipped bits, and with words that are out of range, through the loader of the firmware. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { designHls } from '../../src/backends/dataflow/design.js';
import { WEIGHT_STATUS } from '../../src/backends/dataflow/interface.js';
import { buildCsim } from '../../src/backends/hls/csim.js';
import { emitDesign } from '../../src/backends/hls/emit.js';
import { wordsCrc } from '../../src/backends/hls/part-words.js';
import { withReloadableWeights } from '../../src/backends/hls/reloadable.js';
import { weightImage } from '../../src/backends/hls/weight-image.js';
import { weightLayout } from '../../src/backends/hls/weight-layout.js';
import { createRandom } from '../../src/core/random.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');
const source = fileURLToPath(new URL('./streams/images.cpp', import.meta.url));
const graph = withReloadableWeights(sampleFixedGraph());
const design = designHls(graph, { target, pixelsPerClock: 2 });
const layout = weightLayout(graph, design.plan);
const good = weightImage(layout, graph);
const BIT31 = 0x80000000;

interface Outcome {
  readonly status: (typeof WEIGHT_STATUS)[number]['name'];
  readonly announced: boolean;
}

type Loader = (images: readonly Uint32Array[]) => Outcome[];
const folders: string[] = [];

/** The loader of a project, compiled; `change` plants a fault in its header. */
async function loader(change = (text: string): string => text): Promise<Loader> {
  const folder = writeProject(emitDesign(design));
  const build = mkdtempSync(join(tmpdir(), 'vetoc-images-'));
  folders.push(folder, build);
  const header = join(folder, 'firmware/vetoc/reload.h');
  writeFileSync(header, change(readFileSync(header, 'utf8')));
  copyFileSync(source, join(folder, 'tb', 'images.cpp'));
  // The top function has no part in this.
  rmSync(join(folder, 'firmware', 'sample_veto.cpp'), { force: true });
  const built = await buildCsim(folder, 'images', build, { flags: ['-O0', '-UVETOC_PROBES'] });
  if (built.kind !== 'built') throw new Error(built.reason);
  return (images) => {
    const words = [images.length, ...images.flatMap((image) => [image.length, ...image])];
    const { status, stdout, stderr } = spawnSync(built.program, [], {
      input: Buffer.from(Uint32Array.from(words).buffer),
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(stderr.toString());
    const answers = new Uint32Array(Uint8Array.from(stdout).buffer);
    return images.map((_, i) => ({
      status: WEIGHT_STATUS[answers[3 * i]!]!.name,
      announced: answers[3 * i + 2] === 1,
    }));
  };
}

let load: Loader;
beforeAll(async () => {
  load = await loader();
}, 300_000);
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** `good` with bits flipped: `[word, mask]`. */
const flipped = (...flips: readonly (readonly [number, number])[]): Uint32Array => {
  const image = Uint32Array.from(good);
  for (const [word, mask] of flips) image[word] = (image[word]! ^ mask) >>> 0;
  return image;
};
const withCrc = (image: Uint32Array): Uint32Array => {
  image[image.length - 1] = wordsCrc(image.subarray(0, -1));
  return image;
};

/** The two sums modulo 2^32, of words and of those sums, in which two flips of bit 31 an even number of words apart cancel. */
const sums = (image: Uint32Array): string => {
  let [a, b] = [0, 0];
  for (const word of image.subarray(0, -1)) {
    a = (a + word) >>> 0;
    b = (b + a) >>> 0;
  }
  return `${a} ${b}`;
};

const random = createRandom(40);
/** Forty pairs of flips of bit 31, an even number of words apart, among the words of parts. */
const pairs = Array.from({ length: 40 }, (_, i) => {
  const apart = 2 * (1 + (i % 10));
  const first = 2 + Math.floor(random.uniform() * (good.length - 3 - apart));
  return flipped([first, BIT31], [first + apart, BIT31]);
});

describe('an image of weights', () => {
  it('that is good is taken, again and again', () => {
    expect(load([good, good])).toEqual([
      { status: 'taken', announced: true },
      { status: 'taken', announced: true },
    ]);
  });

  it('with two flips of bit 31 an even number of words apart is refused, forty times of forty', () => {
    // Sums modulo 2^32 would have taken each of them.
    for (const pair of pairs) expect(sums(pair)).toBe(sums(good));
    const outcomes = load(pairs);
    expect(outcomes.filter((o) => o.announced)).toEqual([]);
    expect(new Set(outcomes.map((o) => o.status))).toEqual(new Set(['crc', 'range']));
    expect(outcomes.filter((o) => o.status === 'crc').length).toBeGreaterThan(20);
    expect(load([...pairs, good]).at(-1)!.status).toBe('taken');
  });

  it('with one to four random flips is refused, two thousand times', () => {
    const images = Array.from({ length: 2000 }, () =>
      flipped(
        ...Array.from({ length: 1 + random.integer(0, 3) }, (_, k) => {
          const word = Math.floor(random.uniform() * good.length);
          return [word, (1 << (k + Math.floor(8 * random.uniform()))) >>> 0] as const;
        }),
      ),
    ).filter((image) => image.some((word, i) => word !== good[i]));
    expect(load(images).filter((o) => o.announced || o.status === 'taken')).toEqual([]);
  });

  it('is refused for its range, with a CRC that fits: every shift and bias beyond, every unused bit', () => {
    let at = 2;
    const beyond: Uint32Array[] = [];
    for (const part of layout.parts) {
      const node = graph.nodes.find((n) => n.id === part.node)!;
      if (!('weights' in node)) throw new Error(part.node);
      const channels = node.weights.bias.length;
      const first = at + part.words - 2 * channels;
      for (let c = 0; c < channels; c++) {
        const high = first + 2 * c + 1;
        const shift = flipped();
        shift[high] = ((shift[high]! & 0xffffff) | (16 << 24)) >>> 0;
        const bias = flipped();
        bias[high] = ((bias[high]! & 0xff000000) | 0x7fffff) >>> 0;
        beyond.push(withCrc(shift), withCrc(bias));
      }
      at += part.words;
    }
    expect(beyond.length).toBeGreaterThan(40);
    expect(new Set(load(beyond).map((o) => o.status))).toEqual(new Set(['range']));
  });

  it('with another key or no key is refused for that, whatever its CRC', () => {
    const [key, magic] = [withCrc(flipped([1, 1])), withCrc(flipped([0, 1]))];
    expect(load([key, magic]).map((o) => o.status)).toEqual(['other_design', 'not_an_image']);
    expect(load([good.subarray(0, 9), Uint32Array.of(...good, 0)]).map((o) => o.status)).toEqual([
      'short',
      'long',
    ]);
  });

  it('would be taken, and the test would say so, if the CRC were not compared', async () => {
    const careless = await loader((text) => {
      const right = 'beat.data != crc32_of(s.crc)';
      expect(text).toContain(right);
      return text.replace(right, 'false');
    });
    expect(careless(pairs).some((o) => o.status === 'taken' && o.announced)).toBe(true);
  });
});
