/**
 * TIFF and BigTIFF of detectors: one or more grey pages of integers or floats, in strips or tiles, little or big endian;
 * and marCCD / Rayonix files, which are TIFF with a second header.
 *
 * Pages that stand plainly in the file, or with deflate or LZW, are read here and at the speed of the disk; every other packing
 * goes to a library (tiff-library.ts). Frames are pages, images of one page (ImageDepth), or what ImageJ writes behind its
 * one page (`images=N`); reduced pictures and masks are none.
 * Sources: TIFF 6.0 (Adobe, 1992) and Technical Note 2 (deflate); the marCCD header by J. Blum, MarUSA. Refuses colour
 * and palettes by name, and stacks that end early.
 */
import { inflateSync } from 'node:zlib';
import { UserError } from '../../core/errors.js';
import { warning, type Note } from '../notes.js';
import { PIXEL_BYTES, type PixelArray } from '../pixels.js';
import { decodePixels, openBytes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { unpackLzw } from './lzw.js';
import { readMarHeader } from './marccd.js';
import { markRule, withSaturation } from './marks.js';
import { miniHeader } from './mini-header.js';
import { libraryReader } from './tiff-library.js';
import { FLOAT_PREDICTOR, readPages, type TiffPage } from './tiff-pages.js';

export const tiffFormat: FrameFormat = {
  name: 'TIFF',
  singleFrame: false,
  matches: (head) =>
    (head[0] === 0x49 && head[1] === 0x49 && head[2] === 0x2a && head[3] === 0) ||
    (head[0] === 0x4d && head[1] === 0x4d && head[2] === 0 && (head[3] === 0x2a || head[3] === 0x2b)) ||
    (head[0] === 0x49 && head[1] === 0x49 && head[2] === 0x2b && head[3] === 0),
  open: openTiff,
};

/** One image: a plane of a page, or one of those that follow it without a directory. */
interface TiffFrame {
  readonly page: TiffPage;
  readonly plane: number;
}

async function openTiff(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const pages = await readPages(bytes);
  const first = pages[0]!;
  const frames = framesOf(bytes, pages);
  const mar = await readMarHeader(bytes, first.width, first.height);
  const described = first.description === '' ? {} : { description: first.description.slice(0, 400) };
  const unpack = libraryReader(bytes);
  // DECTRIS writes the lines of its CBF files there.
  const facts = miniHeader(request.file, first.description);
  return {
    file: request.file,
    format: mar === null ? 'TIFF' : 'marCCD',
    dataset: null,
    count: frames.length,
    frameShape: [first.height, first.width],
    pixelType: first.type,
    storage: describeStorage(first),
    rule: withSaturation(markRule(first.description, first.type), mar?.['saturation']),
    // marCCD and Rayonix are CCDs: what DIALS takes for the smallest spot depends on it.
    details: mar === null ? { ...described, ...facts.details } : { ...mar, sensor: 'CCD' },
    notes: [
      ...facts.notes,
      ...channelNotes(request.file, first.description),
      ...orientationNotes(request.file, pages),
    ],
    annotations: NO_ANNOTATIONS,
    readRaw(index) {
      checkFrameIndex(request.file, index, frames.length);
      const { page, plane } = frames[index]!;
      return page.compression === 'other' ? unpack(page) : readPixels(bytes, page, plane);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

/** ImageJ and OME write colours and thresholds as images of their own, which are no further frames. */
function channelNotes(file: string, description: string): readonly Note[] {
  const channels = Number(
    /(?:^|\n)channels=(\d+)|\bSizeC="(\d+)"/.exec(description)?.slice(1).find(Boolean) ?? 1,
  );
  if (!(channels > 1)) return [];
  return [warning('frames', file, null, `states ${channels} channels: each is read as a frame of its own`)];
}

/** Says where a viewer would turn the pixels: masks and beams of detectors count them as they are stored. */
function orientationNotes(file: string, pages: readonly TiffPage[]): readonly Note[] {
  const turned = pages.find(({ orientation }) => orientation !== 1);
  if (turned === undefined) return [];
  const text = `is ${turned.orientation}, not 1: rows and columns are read as they are stored`;
  return [warning('frames', file, 'Orientation', text)];
}

/** The images of all pages, and of a single page of ImageJ those that stand behind it. */
function framesOf(bytes: ByteSource, pages: readonly TiffPage[]): readonly TiffFrame[] {
  const [page, second] = pages;
  const images = /^ImageJ=/.test(page!.description)
    ? Number(/^images=(\d+)/m.exec(page!.description)?.[1] ?? 1)
    : 1;
  if (second === undefined && images > 1 && page!.depth === 1) return followingImages(bytes, page!, images);
  return pages.flatMap((one) => Array.from({ length: one.depth }, (_, plane) => ({ page: one, plane })));
}

function followingImages(bytes: ByteSource, page: TiffPage, images: number): readonly TiffFrame[] {
  const size = page.width * page.height * PIXEL_BYTES[page.type];
  const start = page.offsets[0]!;
  if (page.compression !== 'none' || page.tiled || start + images * size > bytes.size) {
    throw new UserError(`says images=${images}, but holds one page and no pixels of as many behind it`, {
      file: bytes.file,
      field: 'ImageDescription',
      remedy: 'save the stack with a page an image',
    });
  }
  return Array.from({ length: images }, (_, i) => ({
    page: {
      ...page,
      pieceHeight: page.height,
      offsets: [start + i * size],
      byteCounts: [size],
    },
    plane: 0,
  }));
}

const STORAGE_WORDS = { none: 'uncompressed', deflate: 'deflate', lzw: 'LZW', other: 'packed' } as const;

function describeStorage(page: TiffPage): string {
  const pieces = page.tiled
    ? `tiles ${page.pieceHeight}×${page.pieceWidth}`
    : `${page.offsets.length} strip${page.offsets.length === 1 ? '' : 's'}`;
  return [pieces, STORAGE_WORDS[page.compression]].join(', ');
}

async function readPixels(bytes: ByteSource, page: TiffPage, plane: number): Promise<PixelArray> {
  const size = PIXEL_BYTES[page.type];
  const rowBytes = page.width * size;
  const out = new Uint8Array(page.height * rowBytes);
  const across = Math.ceil(page.width / page.pieceWidth);
  const perPlane = across * Math.ceil(page.height / page.pieceHeight);
  const before = Math.floor(plane / page.pieceDepth) * perPlane;
  for (let piece = 0; piece < perPlane; piece++) {
    const top = Math.floor(piece / across) * page.pieceHeight;
    const left = (piece % across) * page.pieceWidth;
    const rows = Math.min(page.pieceHeight, page.height - top);
    // Tiles are stored whole, the last strip only as far as it goes.
    const storedRows = page.tiled ? page.pieceHeight * page.pieceDepth : rows;
    const whole = await readPiece(bytes, page, before + piece, storedRows);
    const data = whole.subarray((plane % page.pieceDepth) * page.pieceHeight * page.pieceWidth * size);
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
  const data = unpackPiece(bytes.file, page.compression, stored, needed);
  if (data.length < needed) {
    throw new UserError(`piece ${piece} holds ${data.length} bytes and needs ${needed}`, {
      file: bytes.file,
      remedy: 'check that it was copied whole',
    });
  }
  const size = PIXEL_BYTES[page.type];
  if (page.predictor === 2) undoDifferences(data, size, page.littleEndian, rows, page.pieceWidth);
  if (page.predictor === FLOAT_PREDICTOR) undoBytes(data, size, page.littleEndian, rows, page.pieceWidth);
  return data;
}

function unpackPiece(
  file: string,
  compression: TiffPage['compression'],
  stored: Uint8Array,
  needed: number,
): Uint8Array {
  if (compression === 'deflate') return inflatePiece(file, stored, needed);
  return compression === 'lzw' ? unpackLzw(stored, needed) : stored;
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
  size: number,
  littleEndian: boolean,
  rows: number,
  width: number,
): void {
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
      } else if (size === 4) {
        view.setUint32(
          at,
          view.getUint32(at, littleEndian) + view.getUint32(at - 4, littleEndian),
          littleEndian,
        );
      } else {
        const sum = view.getBigUint64(at, littleEndian) + view.getBigUint64(at - 8, littleEndian);
        view.setBigUint64(at, sum, littleEndian);
      }
    }
  }
}

/** The same of floating-point numbers (predictor 3): bytes are differences, the highest ones of a row first. */
function undoBytes(data: Uint8Array, size: number, littleEndian: boolean, rows: number, width: number): void {
  for (let y = 0; y < rows; y++) {
    const row = data.subarray(y * width * size, (y + 1) * width * size);
    for (let i = 1; i < row.length; i++) row[i] = row[i]! + row[i - 1]!;
    const planes = Uint8Array.from(row);
    for (let x = 0; x < width; x++)
      for (let byte = 0; byte < size; byte++)
        row[x * size + (littleEndian ? size - 1 - byte : byte)] = planes[byte * width + x]!;
  }
}
