/** Random streams of beats for a receiver, in the words that `streams.cpp` reads and writes. */
import { crc32 } from 'node:zlib';
import { CAUSES } from '../../src/backends/dataflow/interface.js';
import type { Link } from '../../src/backends/dataflow/link.js';
import type { Random } from '../../src/core/random.js';
import type { Answer, Beat, LinkShape } from './link-model.js';

/** Cycles without a beat after which a packet is given up. */
export const IDLE = 20;
/** Beats of pixels in a frame, as the programs have it. */
export const PIXEL_BEATS = 6;

/** A good packet of `shape` with number `number`. */
export function packet(shape: LinkShape, number: bigint, random: Random): Beat[] {
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
export function randomStream(shape: LinkShape, random: Random): Beat[] {
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

/** The answers of each stream, of what the program wrote. */
export function parsed(words: Int32Array, counts: readonly number[]): Answer[][] {
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

/** What the program reads: the streams, and how many answers each has. */
export function asked(streams: readonly (readonly Beat[])[], counts: readonly number[]): Buffer {
  const words = [streams.length];
  streams.forEach((beats, s) => {
    words.push(beats.length, counts[s]!, IDLE);
    for (const b of beats)
      words.push(
        b.data | 0,
        Number(b.whole) + 2 * Number(b.start) + 4 * Number(b.error) + 8 * Number(b.last) + 256 * b.late,
      );
  });
  return Buffer.from(Int32Array.from(words).buffer);
}

export const shapeOf = (link: Partial<Link>, pixels: number): LinkShape => ({
  ssi: link.framing !== 'tlast',
  header: link.header === false ? 0 : 2,
  pixels,
  trailer: link.crc === true ? 1 : 0,
  idle: IDLE,
});
