/**
 * PNG of 8 or 16 bit grey, as DiffraNet has it.
 *
 * Source: PNG specification, third edition (W3C). fast-png decodes; before it may, zlib unpacks the pixels under the bound
 * that the header gives, which decoders do not do. Checksums are verified. Refuses colour, palettes and interlacing.
 */
import { crc32, inflateSync } from 'node:zlib';
import { decode } from 'fast-png';
import { UserError } from '../../core/errors.js';
import { NO_RULE } from '../pixels.js';
import { latin1, openBytes, type ByteSource } from './bytes.js';
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
      return readPixels(bytes, header);
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

/** Refuses data that inflate to more than the pixels that the header states: a decoder would take the memory for them. */
function checkInflated(file: string, all: Uint8Array<ArrayBuffer>, needed: number): void {
  const view = new DataView(all.buffer, all.byteOffset);
  const parts: Uint8Array[] = [];
  for (let at = 8; at + 12 <= all.length;) {
    const length = view.getUint32(at);
    if (at + 12 + length > all.length) break;
    if (latin1(all.subarray(at + 4, at + 8)) === 'IDAT') parts.push(all.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  let inflated: number;
  try {
    inflated = inflateSync(Buffer.concat(parts), { maxOutputLength: needed + 4096 }).length;
  } catch {
    throw new UserError('does not decompress', { file, remedy: 'check that it was copied whole' });
  }
  if (inflated < needed)
    throw new UserError(`holds ${inflated} bytes and needs ${needed}`, {
      file,
      remedy: 'check that it is whole',
    });
}

async function readPixels(bytes: ByteSource, header: PngHeader): Promise<Uint8Array | Uint16Array> {
  const { file } = bytes;
  const { width, height, bytesPerPixel } = header;
  const all = await bytes.read(0, bytes.size);
  checkInflated(file, all, height * (1 + width * bytesPerPixel));
  try {
    const { data } = decode(all, { checkCrc: true });
    // Of a view into another buffer nothing should be kept.
    return bytesPerPixel === 1 ? Uint8Array.from(data) : Uint16Array.from(data);
  } catch (error) {
    throw new UserError(`is corrupt (${(error as Error).message})`, {
      file,
      remedy: 'check that it was copied whole',
    });
  }
}
