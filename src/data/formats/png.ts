/**
 * PNG of 8 or 16 bit grey, as DiffraNet has it.
 *
 * Source: PNG specification, third edition (W3C). The pixels are unpacked with zlib under a bound that the header
 * gives, which general decoders do not do; checksums are verified. Refuses colour, palettes and interlacing.
 */
import { crc32, inflateSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { NO_RULE } from '../pixels.js';
import { decodePixels, latin1, openBytes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';

const SIGNATURE = '\x89PNG\r\n\x1a\n';
const COLOUR_TYPES: Readonly<Record<number, string>> = {
  2: 'colour',
  3: 'a palette',
  4: 'grey with alpha',
  6: 'colour with alpha',
};

export const pngFormat: FrameFormat = {
  name: 'PNG',
  singleFrame: true,
  matches: (head) => latin1(head.subarray(0, 8)) === SIGNATURE,
  open: openPng,
};

interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly bytesPerPixel: 1 | 2;
}

async function openPng(request: OpenRequest): Promise<RawSource> {
  const { file } = request;
  const bytes = await openBytes(file, request.path);
  const header = await readHeader(bytes);
  const { width, height, bytesPerPixel } = header;
  return {
    file,
    format: 'PNG',
    dataset: null,
    count: 1,
    frameShape: [height, width],
    pixelType: bytesPerPixel === 1 ? 'uint8' : 'uint16',
    storage: 'deflate',
    rule: NO_RULE,
    details: {},
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(file, index, 1);
      const pixels = unfilter(file, await readRows(bytes, header), header);
      return decodePixels(pixels, bytesPerPixel === 1 ? 'uint8' : 'uint16', false);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

async function readHeader(bytes: ByteSource): Promise<PngHeader> {
  const { file } = bytes;
  const start = await bytes.read(0, 33);
  const view = new DataView(start.buffer);
  if (latin1(start.subarray(12, 16)) !== 'IHDR')
    throw new UserError('is a PNG file without its header', { file });
  checkSum(file, start.subarray(12, 29), view.getUint32(29));
  const [width, height, depth] = [view.getUint32(16), view.getUint32(20), view.getUint8(24)];
  const colour = view.getUint8(25);
  if (colour !== 0) {
    throw new UserError(`has ${COLOUR_TYPES[colour] ?? `colour type ${colour}`}, not grey pixels`, {
      file,
      remedy: 'save it as grey',
    });
  }
  if (depth !== 8 && depth !== 16) {
    throw new UserError(`has ${depth} bits a pixel`, { file, remedy: 'save it with 8 or 16 bits' });
  }
  if (view.getUint8(28) !== 0)
    throw new UserError('is interlaced', { file, remedy: 'save it without interlacing' });
  checkFrameShape(file, [height, width], depth / 8);
  return { width, height, bytesPerPixel: depth === 8 ? 1 : 2 };
}

function checkSum(file: string, data: Uint8Array, stated: number): void {
  if (crc32(data) === stated) return;
  throw new UserError('is corrupt (a checksum does not match)', {
    file,
    remedy: 'check that it was copied whole',
  });
}

/** The IDAT chunks, inflated: each row is a filter byte and its pixels. */
async function readRows(bytes: ByteSource, header: PngHeader): Promise<Uint8Array> {
  const { file } = bytes;
  const all = await bytes.read(0, bytes.size);
  const view = new DataView(all.buffer);
  const parts: Uint8Array[] = [];
  for (let at = 33; at + 12 <= all.length;) {
    const length = view.getUint32(at);
    const type = latin1(all.subarray(at + 4, at + 8));
    if (at + 12 + length > all.length) break;
    if (type === 'IDAT') {
      checkSum(file, all.subarray(at + 4, at + 8 + length), view.getUint32(at + 8 + length));
      parts.push(all.subarray(at + 8, at + 8 + length));
    }
    if (type === 'IEND') break;
    at += 12 + length;
  }
  const needed = header.height * (1 + header.width * header.bytesPerPixel);
  let rows: Uint8Array;
  try {
    rows = inflateSync(Buffer.concat(parts), { maxOutputLength: needed + 4096 });
  } catch {
    throw new UserError('does not decompress', { file, remedy: 'check that it was copied whole' });
  }
  if (rows.length < needed) {
    throw new UserError(`holds ${rows.length} bytes and needs ${needed}`, {
      file,
      remedy: 'check that it is whole',
    });
  }
  return rows;
}

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c;
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

function unfilter(file: string, rows: Uint8Array, header: PngHeader): Uint8Array<ArrayBuffer> {
  const step = header.bytesPerPixel;
  const rowBytes = header.width * step;
  const out = new Uint8Array(header.height * rowBytes);
  for (let y = 0; y < header.height; y++) {
    const filter = rows[y * (rowBytes + 1)]!;
    if (filter > 4) throw new UserError(`row ${y} has the unknown filter ${filter}`, { file });
    const from = y * (rowBytes + 1) + 1;
    const to = y * rowBytes;
    for (let i = 0; i < rowBytes; i++) {
      const left = i >= step ? out[to + i - step]! : 0;
      const up = y > 0 ? out[to + i - rowBytes]! : 0;
      const upLeft = i >= step && y > 0 ? out[to + i - rowBytes - step]! : 0;
      const add =
        filter === 0
          ? 0
          : filter === 1
            ? left
            : filter === 2
              ? up
              : filter === 3
                ? (left + up) >> 1
                : paeth(left, up, upLeft);
      out[to + i] = rows[from + i]! + add;
    }
  }
  return out;
}
