/** Ten thousand random beat streams through the generated receiver, against an independent model. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CAUSES } from '../../src/backends/dataflow/interface.js';
import type { Link } from '../../src/backends/dataflow/link.js';
import { emitHls } from '../../src/backends/hls/emit.js';
import { createRandom, type Random } from '../../src/core/random.js';
import { buildCsim } from '../../src/simulate/csim.js';
import { loadFpga } from '../../src/targets/load.js';
import { sampleFixedGraph } from '../sample-graphs.js';
import { answersTo, type Answer, type Beat, type LinkShape } from './link-model.js';
import { writeProject } from './project.js';

const target = await loadFpga('kcu1500');
const folderOfStreams = fileURLToPath(new URL('./streams/', import.meta.url));
const IDLE = 20;
/** Beats of pixels in a frame, as test/hls/streams/streams.cpp has it. */
const PIXEL_BEATS = 6;

/** A good packet of `shape` with number `number`. */
function packet(shape: LinkShape, number: bigint, random: Random): Beat[] {
  const data = [
    ...[Number(number % (1n << 32n)), Number(number >> 32n)].slice(0, shape.header),
    ...Array.from({ length: shape.pixels }, () => Math.floor(2 ** 32 * random.uniform())),
  ];
  const bytes = Buffer.alloc(4 * data.length);
  data.forEach((word, i) => bytes.writeUInt32LE(word, 4 * i));
  const all = shape.trailer > 0 ? [...data, crc32(bytes)] : data;
  return all.map((word, i) => ({
    data: word,
    whole: true,
    start: i === 0,
    error: false,
    last: i === all.length - 1,
    late: random.uniform() < 0.05 ? Math.floor(3 * random.uniform()) : 0,
  }));
}

/** What a link does to beats: one of many things, at a random place. */
function damaged(beats: readonly Beat[], random: Random): Beat[] {
  const at = Math.floor(beats.length * random.uniform());
  const change = (more: Partial<Beat>): Beat[] => beats.map((b, i) => (i === at ? { ...b, ...more } : b));
  const span = 1 + Math.floor(beats.length * random.uniform());
  switch (Math.floor(10 * random.uniform())) {
    case 0:
      return beats.filter((_, i) => i < at || i >= at + span);
    case 1:
      return [...beats.slice(0, at + span), ...beats.slice(at)];
    case 2:
      return beats.map((b) => ({ ...b, last: false }));
    case 3:
      return beats.map((b) => ({ ...b, start: false }));
    case 4:
      return change({ whole: false });
    case 5:
      return change({ late: IDLE - 2 + Math.floor(5 * random.uniform()) });
    case 6:
      return change({ last: true, error: random.uniform() < 0.5 });
    case 7:
      return change({ start: true });
    case 8:
      return change({ data: ((beats[at]?.data ?? 0) ^ 1) >>> 0 });
    default:
      return beats.map((b) => (b.last ? { ...b, error: true } : b));
  }
}

/** Ten packets or so, some of them damaged, some joined by losses across their borders. */
function randomStream(shape: LinkShape, random: Random): Beat[] {
  let number = BigInt(Math.floor(2 ** 40 * random.uniform()));
  const beats: Beat[] = [];
  const packets = 3 + Math.floor(6 * random.uniform());
  for (let p = 0; p < packets; p++) {
    number += random.uniform() < 0.1 ? 3n : 1n;
    const good = packet(shape, number, random);
    beats.push(...(random.uniform() < 0.5 ? damaged(good, random) : good));
  }
  if (random.uniform() < 0.3) {
    const from = Math.floor(beats.length * random.uniform());
    beats.splice(from, Math.floor((shape.pixels + 3) * 1.5 * random.uniform()));
  }
  return beats;
}

const names = new Map(CAUSES.map((cause) => [cause.low, cause.name]));

function parsed(words: Int32Array, counts: readonly number[]): Answer[][] {
  let at = 0;
  const next = (): number => words[at++]! >>> 0;
  return counts.map((count) => {
    const answers = Array.from({ length: count }, (): Answer => {
      const low = next();
      const high = next();
      const causes = next();
      const flags = next();
      return {
        number: (BigInt(high) << 32n) + BigInt(low),
        causes: [...names].filter(([bit]) => (causes >> bit) % 2 === 1).map(([, name]) => name),
        numbered: (flags & 1) !== 0,
        gap: (flags & 2) !== 0,
        words: next(),
        hash: next(),
        dropped: next(),
      };
    });
    next();
    return answers;
  });
}

/** The receiver of a project, compiled; `change` plants a fault. */
async function receiver(link: Partial<Link>, change = (text: string): string => text) {
  const files = emitHls(sampleFixedGraph(), { target, pixelsPerClock: 2, link });
  const path = 'firmware/vetoc/receive.h';
  const text = change(files[path]!);
  const folder = writeProject({ ...files, [path]: text });
  const build = mkdtempSync(join(tmpdir(), 'vetoc-streams-'));
  copyFileSync(join(folderOfStreams, 'streams.cpp'), join(folder, 'tb', 'streams.cpp'));
  const built = await buildCsim(folder, 'streams', build, {
    flags: ['-O0', '-UVETOC_PROBES', '-isystem', folderOfStreams],
  });
  if (built.kind !== 'built') throw new Error(built.reason);
  const remove = (): void => {
    [folder, build].forEach((f) => {
      rmSync(f, { recursive: true });
    });
  };
  const run = (streams: readonly (readonly Beat[])[], counts: readonly number[]): Answer[][] => {
    const words = [streams.length];
    streams.forEach((beats, s) => {
      words.push(beats.length, counts[s]!, IDLE);
      for (const b of beats)
        words.push(
          b.data | 0,
          Number(b.whole) + 2 * Number(b.start) + 4 * Number(b.error) + 8 * Number(b.last) + 256 * b.late,
        );
    });
    const result = spawnSync(built.program, [], {
      input: Buffer.from(Int32Array.from(words).buffer),
      maxBuffer: 1 << 28,
    });
    if (result.status !== 0)
      throw new Error(`the receiver ended with ${String(result.status)}: ${result.stderr.toString()}`);
    return parsed(new Int32Array(Uint8Array.from(result.stdout).buffer), counts);
  };
  return { run, remove };
}

const shapeOf = (link: Partial<Link>, pixels: number): LinkShape => ({
  ssi: link.framing !== 'tlast',
  header: link.header === false ? 0 : 2,
  pixels,
  trailer: link.crc === true ? 1 : 0,
  idle: IDLE,
});

describe('ten thousand random streams', () => {
  it.each([
    ['with TUSER and a CRC', { crc: true }, 4000],
    ['with TUSER alone', {}, 3000],
    ['without TUSER', { framing: 'tlast', crc: true }, 2000],
    ['without a header', { header: false }, 1000],
  ] as const)('%s: no answer is wrong, misnumbered or missing', async (_name, link, count) => {
    const random = createRandom(count);
    const shape = shapeOf(link, PIXEL_BEATS);
    const streams = Array.from({ length: count }, () => randomStream(shape, random));
    const expected = streams.map((beats) => answersTo(beats, shape));
    const { run, remove } = await receiver(link);
    const found = run(
      streams,
      expected.map((answers) => answers.length),
    );
    remove();
    const wrong = expected.flatMap((answers, s) =>
      answers.flatMap((answer, a) =>
        JSON.stringify(answer, bigints) === JSON.stringify(found[s]![a], bigints)
          ? []
          : [{ s, a, answer, found: found[s]![a] }],
      ),
    );
    expect(wrong.slice(0, 3)).toEqual([]);
    // Every cause is among them, and good frames too.
    const seen = new Set(expected.flat().flatMap((a) => (a.causes.length === 0 ? ['good'] : a.causes)));
    for (const cause of [
      'good',
      'short',
      'long',
      'bytes',
      'timeout',
      ...(shape.trailer > 0 ? ['crc'] : []),
      ...(shape.ssi ? ['headless', 'error'] : []),
    ])
      expect(seen).toContain(cause);
  });

  it.each([
    ['a gap is looked for behind a wrong CRC', (t: string) => t.replace('&& !causes.test(CRC_WRONG)', '')],
    [
      'the idle time is a cycle longer',
      (t: string) => t.replace('++idle >= idle_limit', '++idle > idle_limit'),
    ],
    ['beats thrown away are forgotten', (t: string) => t.replace('dropped = saturated(dropped);', '')],
  ])('would find it if %s', async (_name, plant) => {
    const random = createRandom(9);
    const link = { crc: true };
    const shape = shapeOf(link, PIXEL_BEATS);
    const streams = Array.from({ length: 500 }, () => randomStream(shape, random));
    const expected = streams.map((beats) => answersTo(beats, shape));
    const { run, remove } = await receiver(link, (text) => {
      expect(plant(text)).not.toBe(text);
      return plant(text);
    });
    const counts = expected.map((answers) => answers.length);
    expect(run(streams, counts)).not.toEqual(expected);
    remove();
  });

  it('a lost frame between two broken ones, which had no answer once, has its own', async () => {
    const shape = shapeOf({}, PIXEL_BEATS);
    const random = createRandom(3);
    const [a, b, c] = [1n, 2n, 3n].map((n) => packet(shape, n, random));
    const unended = a!.map((beat) => ({ ...beat, last: false }));
    const answers = answersTo([...unended, ...b!, ...c!], shape);
    expect(answers.map((x) => [x.number, x.causes])).toEqual([
      [1n, ['long']],
      [2n, []],
      [3n, []],
    ]);
    const { run, remove } = await receiver({});
    expect(run([[...unended, ...b!, ...c!]], [3])).toEqual([answers]);
    remove();
  });
});

const bigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;
