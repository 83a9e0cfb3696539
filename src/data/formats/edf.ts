/**
 * EDF, the ESRF data format: text headers padded to multiples of 512 bytes, each followed by its pixels; one or more.
 *
 * Source: the description in ESRF's SaxsKeywords (P. Boesecke) and the files of fabio. Refuses compressed data, and
 * frames of different shapes in one file.
 */
import { UserError } from '../../core/errors.js';
import { NO_RULE, PIXEL_BYTES, type PixelType } from '../pixels.js';
import { decodePixels, latin1, openBytes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { factsOf, parseBraceHeader } from './headers.js';

const BLOCK = 512;
const MAX_HEADER_BYTES = 1 << 20;

const DATA_TYPES: Readonly<Record<string, PixelType>> = {
  unsignedbyte: 'uint8',
  signedbyte: 'int8',
  unsignedshort: 'uint16',
  signedshort: 'int16',
  unsignedinteger: 'uint32',
  signedinteger: 'int32',
  unsignedlong: 'uint32',
  signedlong: 'int32',
  unsigned64: 'uint64',
  signed64: 'int64',
  float: 'float32',
  floatvalue: 'float32',
  floatieee32: 'float32',
  real: 'float32',
  double: 'float64',
  doublevalue: 'float64',
  doubleieee64: 'float64',
};

export const edfFormat: FrameFormat = {
  name: 'EDF',
  singleFrame: false,
  matches: (head, name) =>
    /^\s*\{/.test(latin1(head.subarray(0, 16))) &&
    (name.endsWith('.edf') || /\bDataType\s*=/i.test(latin1(head))),
  open: openEdf,
};

interface EdfFrame {
  readonly offset: number;
  readonly type: PixelType;
  readonly width: number;
  readonly height: number;
  readonly littleEndian: boolean;
  readonly fields: ReadonlyMap<string, string>;
}

async function openEdf(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const frames = await readFrames(bytes);
  const first = frames[0]!;
  const frameBytes = first.width * first.height * PIXEL_BYTES[first.type];
  const pilatus = [...first.fields.values()].some((value) => /pilatus|eiger|dectris/i.test(value));
  return {
    file: request.file,
    format: 'EDF',
    dataset: null,
    count: frames.length,
    frameShape: [first.height, first.width],
    pixelType: first.type,
    storage: 'uncompressed',
    rule: pilatus ? { ...NO_RULE, below: 0 } : NO_RULE,
    details: factsOf(first.fields, {
      wavelength: 'wavelengthM',
      sampledistance: 'distanceM',
      psize_1: 'pixelSizeXM',
      psize_2: 'pixelSizeYM',
      center_1: 'beamXPixels',
      center_2: 'beamYPixels',
      title: 'title',
    }),
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(request.file, index, frames.length);
      const frame = frames[index]!;
      return decodePixels(await bytes.read(frame.offset, frameBytes), frame.type, frame.littleEndian);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

async function readFrames(bytes: ByteSource): Promise<readonly EdfFrame[]> {
  const frames: EdfFrame[] = [];
  for (let at = 0; at < bytes.size;) {
    const header = await readHeader(bytes, at);
    if (header === null) {
      if (frames.length > 0) break; // padding after the last frame
      throw new UserError('has no EDF header', { file: bytes.file, remedy: 'check what wrote the file' });
    }
    const frame = describeFrame(bytes, at + header.length, parseBraceHeader(header.text), frames[0]);
    frames.push(frame);
    const size = frame.width * frame.height * PIXEL_BYTES[frame.type];
    at = frame.offset + Math.max(size, Number(frame.fields.get('size')) || size);
  }
  return frames;
}

/** The header at `at`: `{…}` and a line end, a multiple of 512 bytes. Null where there is none. */
async function readHeader(bytes: ByteSource, at: number): Promise<{ text: string; length: number } | null> {
  const limit = Math.min(MAX_HEADER_BYTES, bytes.size - at);
  for (let length = BLOCK; length < 2 * limit; length *= 2) {
    const text = latin1(await bytes.read(at, Math.min(length, limit)));
    if (!/^\s*\{/.test(text)) return null;
    const end = text.indexOf('}');
    if (end < 0) continue;
    return { text: text.slice(0, end + 1), length: Math.ceil((end + 1) / BLOCK) * BLOCK };
  }
  return null;
}

function describeFrame(
  bytes: ByteSource,
  offset: number,
  fields: ReadonlyMap<string, string>,
  first: EdfFrame | undefined,
): EdfFrame {
  const { file } = bytes;
  const type = DATA_TYPES[fields.get('datatype')?.toLowerCase() ?? ''];
  if (type === undefined) {
    throw new UserError(`is ${fields.get('datatype') ?? 'missing'}, which vetoc does not read`, {
      file,
      field: 'DataType',
    });
  }
  const compression = fields.get('compression') ?? fields.get('datacompression') ?? 'none';
  if (!/^(none|uncompressed|nocompression|)$/i.test(compression)) {
    throw new UserError(`is ${compression}, which vetoc does not read`, { file, field: 'Compression' });
  }
  const [width, height] = [Number(fields.get('dim_1')), Number(fields.get('dim_2') ?? 1)];
  checkFrameShape(file, [height, width], PIXEL_BYTES[type]);
  if (first !== undefined && (first.width !== width || first.height !== height || first.type !== type)) {
    throw new UserError(`holds frames of ${first.height}×${first.width} and of ${height}×${width}`, {
      file,
      remedy: 'split the file',
    });
  }
  const needed = offset + width * height * PIXEL_BYTES[type];
  if (needed > bytes.size) {
    throw new UserError(`is truncated: ${needed} bytes are needed and it has ${bytes.size}`, {
      file,
      remedy: 'check that it was copied whole',
    });
  }
  const littleEndian = !/high/i.test(fields.get('byteorder') ?? 'LowByteFirst');
  return { offset, type, width, height, littleEndian, fields };
}
