/**
 * What the receiver must say of a stream of beats, as a reader of src/backends/hls/README.md would write it down: the stream is cut
 * into packets first, each is judged afterwards. It shares nothing with hls-templates/vetoc/receive.h.
 */
import { crc32 } from 'node:zlib';

export interface Beat {
  /** Two pixels. */
  readonly data: number;
  readonly whole: boolean;
  readonly start: boolean;
  readonly error: boolean;
  readonly last: boolean;
  /** Cycles without a beat before it. */
  readonly late: number;
}

export interface LinkShape {
  readonly ssi: boolean;
  readonly header: number;
  readonly pixels: number;
  readonly trailer: number;
  readonly idle: number;
}

export interface Answer {
  readonly number: bigint;
  readonly causes: readonly string[];
  readonly numbered: boolean;
  readonly gap: boolean;
  /** Pixel beats handed on: all of a frame, or none. */
  readonly words: number;
  readonly hash: number;
  readonly dropped: number;
}

type End = 'last' | 'long' | 'next' | 'timeout';
type Piece =
  | { readonly kind: 'packet'; readonly beats: readonly Beat[]; readonly end: End; readonly dropped: number }
  | { readonly kind: 'headless'; readonly dropped: number };

/** The packets of the stream, in order. Beats behind the last answer belong to none. */
function piecesOf(beats: readonly Beat[], { ssi, header, pixels, trailer, idle }: LinkShape): Piece[] {
  const length = header + pixels + trailer;
  const pieces: Piece[] = [];
  let dropped = 0;
  let tail = false;
  let i = 0;
  while (i < beats.length) {
    const beat = beats[i]!;
    if (ssi ? !beat.start : tail) {
      i += 1;
      dropped += 1;
      if (!tail) {
        pieces.push({ kind: 'headless', dropped });
        dropped = 0;
      }
      tail = !beat.last;
      continue;
    }
    // The first beat may be as late as it likes.
    const rest = beats.slice(i, i + length);
    const stops = rest.findIndex((b, k) => k > 0 && b.late >= idle);
    const next = ssi ? rest.findIndex((b, k) => k > 0 && b.start) : -1;
    const last = rest.findIndex((b) => b.last);
    const ends: (readonly [at: number, end: End])[] = [
      [length, 'long'],
      [rest.length, 'timeout'],
    ];
    // A beat that comes too late is not seen, whatever it is; a TLAST takes its beat along.
    if (stops >= 0) ends.push([stops, 'timeout']);
    if (next >= 0) ends.push([next, 'next']);
    if (last >= 0) ends.push([last + 1, 'last']);
    const order: readonly End[] = ['last', 'long', 'timeout', 'next'];
    const [count, end] = ends.reduce((a, b) =>
      b[0] < a[0] || (b[0] === a[0] && order.indexOf(b[1]) < order.indexOf(a[1])) ? b : a,
    );
    pieces.push({ kind: 'packet', beats: beats.slice(i, i + count), end, dropped });
    dropped = 0;
    i += count;
    tail = end === 'long' || end === 'timeout';
  }
  return pieces;
}

const bytesOf = (beats: readonly Beat[]): Buffer => {
  const bytes = Buffer.alloc(4 * beats.length);
  beats.forEach((beat, i) => bytes.writeUInt32LE(beat.data, 4 * i));
  return bytes;
};

/** The answers to `beats`. */
export function answersTo(beats: readonly Beat[], shape: LinkShape): Answer[] {
  const { header, pixels, trailer } = shape;
  let expected: bigint | undefined;
  return piecesOf(beats, shape).map((piece): Answer => {
    if (piece.kind === 'headless')
      return {
        number: 0n,
        causes: ['headless'],
        numbered: false,
        gap: false,
        words: 0,
        hash: 0,
        dropped: piece.dropped,
      };
    const { beats: own, end } = piece;
    const whole = own.length === header + pixels + trailer;
    const causes: string[] = [];
    if (end === 'next' || (end === 'last' && !whole)) causes.push('short');
    if (end === 'long') causes.push('long');
    if (shape.ssi && end === 'last' && own.at(-1)!.error) causes.push('error');
    if (own.some((beat) => !beat.whole)) causes.push('bytes');
    const body = bytesOf(own.slice(0, header + pixels));
    if (trailer > 0 && whole && crc32(body) !== own.at(-1)!.data) causes.push('crc');
    if (end === 'timeout') causes.push('timeout');
    const numbered = header > 0 && own.length >= header;
    const number = numbered ? body.readBigUInt64LE(0) : 0n;
    const trusted = numbered && !causes.includes('crc');
    const gap = trusted && expected !== undefined && number !== expected;
    if (trusted) expected = (number + 1n) % (1n << 64n);
    const seen = own.slice(header, header + pixels);
    const words = seen.length === 0 ? 0 : pixels;
    let hash = 0;
    for (let w = 0; w < words; w++)
      for (const shift of [0, 16])
        hash = (Math.imul(hash, 31) + (((seen[w]?.data ?? 0) >>> shift) & 0xffff)) >>> 0;
    return { number, causes, numbered, gap, words, hash, dropped: piece.dropped };
  });
}
