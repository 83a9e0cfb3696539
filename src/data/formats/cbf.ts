/**
 * CBF as PILATUS and EIGER detectors write it: a text header, then pixels with byte-offset compression or none.
 *
 * Source of the layout: H. J. Bernstein, A. P. Hammersley, International Tables for Crystallography G, 2.3 (imgCIF),
 * and the mini-header described by DECTRIS. Byte offset: a running sum of 8-bit differences with escapes to 16, 32
 * and 64 bits. Refuses other compressions by name, and data that end early.
 * Negative counts are no measurement (−1 a gap, −2 a bad pixel).
 */
import { UserError } from '../../core/errors.js';
import { NO_RULE, PIXEL_BYTES, pixelArray, type PixelArray, type PixelType } from '../pixels.js';
import { decodePixels, latin1, openBytes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';

const MAX_HEADER_BYTES = 1 << 20;
const BINARY_START = [0x0c, 0x1a, 0x04, 0xd5];

const ELEMENT_TYPES: Readonly<Record<string, PixelType>> = {
  'signed 8-bit integer': 'int8',
  'unsigned 8-bit integer': 'uint8',
  'signed 16-bit integer': 'int16',
  'unsigned 16-bit integer': 'uint16',
  'signed 32-bit integer': 'int32',
  'unsigned 32-bit integer': 'uint32',
  'signed 32-bit real ieee': 'float32',
  'signed 64-bit real ieee': 'float64',
};

export const cbfFormat: FrameFormat = {
  name: 'CBF',
  singleFrame: true,
  matches: (head, name) => latin1(head.subarray(0, 7)).startsWith('###CBF') || name.endsWith('.cbf'),
  open: openCbf,
};

interface CbfHeader {
  readonly text: string;
  readonly start: number;
  readonly size: number;
  readonly type: PixelType;
  readonly width: number;
  readonly height: number;
  readonly compression: 'x-CBF_BYTE_OFFSET' | 'none';
  readonly littleEndian: boolean;
}

async function openCbf(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const header = await readHeader(bytes);
  return {
    file: request.file,
    format: 'CBF',
    dataset: null,
    count: 1,
    frameShape: [header.height, header.width],
    pixelType: header.type,
    storage: header.compression === 'none' ? 'uncompressed' : 'byte offset',
    rule: { ...NO_RULE, below: 0 },
    details: miniHeader(header.text),
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(request.file, index, 1);
      const packed = await bytes.read(header.start, header.size);
      if (header.compression === 'none') return decodePixels(packed, header.type, header.littleEndian);
      return decodeByteOffset(request.file, packed, header.type, header.width * header.height);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

function findBinaryStart(head: Uint8Array): number {
  return Buffer.from(head.buffer, head.byteOffset, head.length).indexOf(Uint8Array.from(BINARY_START));
}

async function readHeader(bytes: ByteSource): Promise<CbfHeader> {
  const { file } = bytes;
  const head = await bytes.read(0, Math.min(MAX_HEADER_BYTES, bytes.size));
  const start = findBinaryStart(head);
  if (start < 0) {
    throw new UserError('has no binary section (the marker 0C 1A 04 D5 is missing)', {
      file,
      remedy: 'check that it is a whole CBF image file',
    });
  }
  const text = latin1(head.subarray(0, start));
  const field = (name: string): string => {
    const found = new RegExp(`${name}:\\s*"?([^"\\r\\n;]+)"?`, 'i').exec(text);
    if (found === null) throw new UserError('is missing from the header', { file, field: name });
    return found[1]!.trim();
  };
  const number = (name: string): number => {
    const value = Number(field(name));
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new UserError(`is ${field(name)}, not a whole number`, { file, field: name });
    }
    return value;
  };
  const type = ELEMENT_TYPES[field('X-Binary-Element-Type').toLowerCase()];
  if (type === undefined) {
    throw new UserError(`is ${field('X-Binary-Element-Type')}, which vetoc does not read`, {
      file,
      field: 'X-Binary-Element-Type',
    });
  }
  const [width, height] = [
    number('X-Binary-Size-Fastest-Dimension'),
    number('X-Binary-Size-Second-Dimension'),
  ];
  checkFrameShape(file, [height, width], PIXEL_BYTES[type]);
  const size = number('X-Binary-Size');
  const compression = readCompression(file, text);
  const needed = compression === 'none' ? width * height * PIXEL_BYTES[type] : size;
  if (size < needed || (compression !== 'none' && size < width * height)) {
    throw new UserError(`says ${size} bytes, too few for ${height}×${width} pixels`, {
      file,
      field: 'X-Binary-Size',
    });
  }
  if (start + 4 + needed > bytes.size) {
    throw new UserError(`is truncated: ${start + 4 + needed} bytes are needed and it has ${bytes.size}`, {
      file,
      remedy: 'check that it was copied whole',
    });
  }
  const littleEndian = !/X-Binary-Element-Byte-Order:\s*"?BIG_ENDIAN/i.test(text);
  return { text, start: start + 4, size: needed, type, width, height, compression, littleEndian };
}

function readCompression(file: string, text: string): CbfHeader['compression'] {
  const found = /conversions\s*=\s*"?([\w-]+)/i.exec(text);
  if (found === null || /^x-cbf_none$/i.test(found[1]!)) return 'none';
  if (/^x-cbf_byte_offset$/i.test(found[1]!)) return 'x-CBF_BYTE_OFFSET';
  throw new UserError(`is ${found[1]}, which vetoc does not read`, {
    file,
    field: 'conversions',
    remedy: 'convert the file to x-CBF_BYTE_OFFSET or to HDF5',
  });
}

/** Facts of the mini-header, in the units that it states. */
function miniHeader(text: string): Record<string, string | number> {
  const facts: Record<string, string | number> = {};
  const add = (name: string, pattern: RegExp, group = 1): void => {
    const value = pattern.exec(text)?.[group];
    if (value !== undefined) facts[name] = Number.isFinite(Number(value)) ? Number(value) : value.trim();
  };
  add('detector', /# Detector:?\s+([^\r\n]+)/i);
  add('wavelengthAngstrom', /# Wavelength\s+([\d.eE+-]+)/i);
  add('distanceM', /# Detector_distance\s+([\d.eE+-]+)/i);
  add('pixelSizeXM', /# Pixel_size\s+([\d.eE+-]+)\s*m\s*x\s*([\d.eE+-]+)/i);
  add('pixelSizeYM', /# Pixel_size\s+([\d.eE+-]+)\s*m\s*x\s*([\d.eE+-]+)/i, 2);
  add('beamXPixels', /# Beam_xy\s+\(\s*([\d.eE+-]+)\s*,\s*([\d.eE+-]+)\s*\)/i);
  add('beamYPixels', /# Beam_xy\s+\(\s*([\d.eE+-]+)\s*,\s*([\d.eE+-]+)\s*\)/i, 2);
  add('exposureS', /# Exposure_time\s+([\d.eE+-]+)/i);
  add('countCutoff', /# Count_cutoff\s+([\d.eE+-]+)/i);
  return facts;
}

/** Undoes the byte-offset compression. Throws `UserError` when the data end before `pixels` values. */
export function decodeByteOffset(
  file: string,
  packed: Uint8Array,
  type: PixelType,
  pixels: number,
): PixelArray {
  const out = pixelArray(type, new ArrayBuffer(pixels * PIXEL_BYTES[type])) as Int32Array;
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let at = 0;
  let value = 0;
  for (let i = 0; i < pixels; i++) {
    if (at >= packed.length) throw endsEarly(file, i, pixels);
    let delta = view.getInt8(at);
    at += 1;
    if (delta === -128) {
      if (at + 2 > packed.length) throw endsEarly(file, i, pixels);
      delta = view.getInt16(at, true);
      at += 2;
      if (delta === -32768) {
        if (at + 4 > packed.length) throw endsEarly(file, i, pixels);
        delta = view.getInt32(at, true);
        at += 4;
        if (delta === -2147483648) {
          if (at + 8 > packed.length) throw endsEarly(file, i, pixels);
          delta = Number(view.getBigInt64(at, true));
          at += 8;
        }
      }
    }
    value += delta;
    out[i] = value;
  }
  return out;
}

function endsEarly(file: string, done: number, pixels: number): UserError {
  return new UserError(`the compressed pixels end after ${done} of ${pixels}`, {
    file,
    remedy: 'check that it was copied whole',
  });
}
