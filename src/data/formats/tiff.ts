/**
 * TIFF and BigTIFF of detectors: one or more grey pages of 8 to 32 bit integers or 32/64 bit floats, in strips or tiles,
 * uncompressed or deflate, little or big endian; and marCCD / Rayonix files, which are TIFF with a second header.
 *
 * Sources: TIFF 6.0 (Adobe, 1992) and Technical Note 2 (deflate); the marCCD header by J. Blum, MarUSA. Refuses
 * other compressions, colour and palettes by name.
 */
import { inflateSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { NO_RULE, PIXEL_BYTES, type PixelArray, type PixelType, type ValueRule } from '../pixels.js';
import { decodePixels, openBytes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { readMarHeader } from './marccd.js';
import { readPages, type TiffPage } from './tiff-pages.js';

export const tiffFormat: FrameFormat = {
  name: 'TIFF',
  singleFrame: false,
  matches: (head) =>
    (head[0] === 0x49 && head[1] === 0x49 && head[2] === 0x2a && head[3] === 0) ||
    (head[0] === 0x4d && head[1] === 0x4d && head[2] === 0 && (head[3] === 0x2a || head[3] === 0x2b)) ||
    (head[0] === 0x49 && head[1] === 0x49 && head[2] === 0x2b && head[3] === 0),
  open: openTiff,
};

async function openTiff(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const pages = await readPages(bytes);
  const first = pages[0]!;
  const mar = await readMarHeader(bytes, first.width, first.height);
  const described = first.description === '' ? {} : { description: first.description.slice(0, 400) };
  return {
    file: request.file,
    format: mar === null ? 'TIFF' : 'marCCD',
    dataset: null,
    count: pages.length,
    frameShape: [first.height, first.width],
    pixelType: first.type,
    storage: describeStorage(first),
    rule: ruleOf(first),
    details: mar === null ? described : { ...mar, sensor: 'CCD' },
    annotations: NO_ANNOTATIONS,
    readRaw(index) {
      checkFrameIndex(request.file, index, pages.length);
      return readPixels(bytes, pages[index]!);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

function describeStorage(page: TiffPage): string {
  const pieces = page.tiled
    ? `tiles ${page.pieceHeight}×${page.pieceWidth}`
    : `${page.offsets.length} strip${page.offsets.length === 1 ? '' : 's'}`;
  return [pieces, page.compression === 'deflate' ? 'deflate' : 'uncompressed'].join(', ');
}

/** PILATUS marks gaps −1 and bad pixels −2. */
function ruleOf(page: TiffPage): ValueRule {
  const counter = /pilatus|eiger|dectris/i.test(page.description) && page.type.startsWith('int');
  return counter ? { ...NO_RULE, below: 0 } : NO_RULE;
}

async function readPixels(bytes: ByteSource, page: TiffPage): Promise<PixelArray> {
  const size = PIXEL_BYTES[page.type];
  const rowBytes = page.width * size;
  const out = new Uint8Array(page.height * rowBytes);
  const across = Math.ceil(page.width / page.pieceWidth);
  for (let piece = 0; piece < page.offsets.length; piece++) {
    const top = Math.floor(piece / across) * page.pieceHeight;
    const left = (piece % across) * page.pieceWidth;
    const rows = Math.min(page.pieceHeight, page.height - top);
    if (rows <= 0) break;
    // Tiles are stored whole, the last strip only as far as it goes.
    const storedRows = page.tiled ? page.pieceHeight : rows;
    const data = await readPiece(bytes, page, piece, storedRows);
    const columns = Math.min(page.pieceWidth, page.width - left);
    for (let y = 0; y < rows; y++) {
      const from = y * page.pieceWidth * size;
      out.set(data.subarray(from, from + columns * size), (top + y) * rowBytes + left * size);
    }
  }
  return decodePixels(out, page.type, page.littleEndian);
}

async function readPiece(
  bytes: ByteSource,
  page: TiffPage,
  piece: number,
  rows: number,
): Promise<Uint8Array> {
  const needed = rows * page.pieceWidth * PIXEL_BYTES[page.type];
  const stored = await bytes.read(page.offsets[piece]!, Math.min(page.byteCounts[piece]!, bytes.size));
  const data = page.compression === 'deflate' ? inflatePiece(bytes.file, stored, needed) : stored;
  if (data.length < needed) {
    throw new UserError(`piece ${piece} holds ${data.length} bytes and needs ${needed}`, {
      file: bytes.file,
      remedy: 'check that it was copied whole',
    });
  }
  if (page.predictor === 2) undoDifferences(data, page.type, page.littleEndian, rows, page.pieceWidth);
  return data;
}

function inflatePiece(file: string, stored: Uint8Array, needed: number): Uint8Array {
  try {
    // One byte more than is needed shows a piece that is too long without unpacking all of it.
    return inflateSync(stored, { maxOutputLength: needed + 4096 });
  } catch {
    throw new UserError('a strip or tile does not decompress', {
      file,
      remedy: 'check that it was copied whole',
    });
  }
}

/** Horizontal differencing (predictor 2) undone in place: each value is the sum of the differences before it. */
function undoDifferences(
  data: Uint8Array,
  type: PixelType,
  littleEndian: boolean,
  rows: number,
  width: number,
): void {
  const size = PIXEL_BYTES[type];
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let y = 0; y < rows; y++) {
    for (let x = 1; x < width; x++) {
      const at = (y * width + x) * size;
      if (size === 1) view.setUint8(at, view.getUint8(at) + view.getUint8(at - 1));
      else if (size === 2) {
        view.setUint16(
          at,
          view.getUint16(at, littleEndian) + view.getUint16(at - 2, littleEndian),
          littleEndian,
        );
      } else {
        view.setUint32(
          at,
          view.getUint32(at, littleEndian) + view.getUint32(at - 4, littleEndian),
          littleEndian,
        );
      }
    }
  }
}
