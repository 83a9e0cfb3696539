/**
 * EDF, the ESRF data format: text headers, each followed by its pixels; one or more. A header ends with the `}` that
 * follows a statement, not with one inside a value; its length is what `EDF_HeaderSize` says, else a multiple of 512
 * bytes, else it ends with its line. A general block without pixels may stand first, and `Dim_3` counts frames in a block.
 *
 * Source: the description in ESRF's SaxsKeywords (P. Boesecke) and the files of fabio. Refuses compressed data, and
 * frames of different shapes in one file.
 */
import { UserError } from '../../core/errors.js';
import { experimentOfFacts } from '../experiment.js';
import { PIXEL_BYTES, type PixelType } from '../pixels.js';
import { decodePixels, latin1, openBytes, surplusNotes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { edfFacts, edfRule } from './edf-facts.js';
import { endOfHeader, isLittleEndian, parseBraceHeader, type Fields } from './headers.js';

const BLOCK = 512;
const MAX_HEADER_BYTES = 1 << 20;
const MAX_FRAMES = 1e7;

const BYTE_ORDERS = { little: /^low(_?byte_?first)?$/i, big: /^high(_?byte_?first)?$/i };

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
  readonly fields: Fields;
}

async function openEdf(request: OpenRequest): Promise<RawSource> {
  const bytes = await openBytes(request.file, request.path);
  const { frames, end } = await readFrames(bytes);
  const first = frames[0]!;
  const frameBytes = first.width * first.height * PIXEL_BYTES[first.type];
  const facts = edfFacts(request.file, first.fields);
  const { rule, notes } = edfRule(request.file, first.fields, first.type);
  const surplus = await surplusNotes(bytes, end);
  return {
    notes: [...facts.notes, ...notes, ...surplus],
    file: request.file,
    format: 'EDF',
    dataset: null,
    count: frames.length,
    frameShape: [first.height, first.width],
    pixelType: first.type,
    storage: 'uncompressed',
    rule,
    details: facts.details,
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(request.file, index, frames.length);
      const frame = frames[index]!;
      return decodePixels(await bytes.read(frame.offset, frameBytes), frame.type, frame.littleEndian);
    },
    // Each frame has a header of its own.
    experiment: (index) => experimentOfFacts(edfFacts(request.file, frames[index]!.fields).details),
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

/** The frames, and where the last of them ends. */
async function readFrames(
  bytes: ByteSource,
): Promise<{ readonly frames: readonly EdfFrame[]; readonly end: number }> {
  const frames: EdfFrame[] = [];
  let general: Fields = new Map();
  let at = 0;
  while (at < bytes.size) {
    const header = await readHeader(bytes, at);
    if (header === null) {
      if (frames.length > 0) break; // padding after the last frame, or what is said to be more
      throw new UserError('has no EDF header', { file: bytes.file, remedy: 'check what wrote the file' });
    }
    const own = parseBraceHeader(header.text);
    if (isGeneral(own)) {
      general = new Map([...own].filter(([key]) => !/^edf_(header|binary)size$/.test(key)));
      at += sizeOf(own, 'edf_headersize', header.padded) + sizeOf(own, 'edf_binarysize', 0);
      continue;
    }
    const fields: Fields = new Map([...general, ...own]);
    const sizes = dataSizes(bytes.file, fields);
    const start = await dataStart(bytes, at, header, fields, sizes.stored);
    if (sizes.stored > sizes.frames * sizes.frame && start + sizes.stored > bytes.size) {
      throw new UserError(`says ${sizes.stored} bytes, but ${bytes.size - start} follow the header`, {
        file: bytes.file,
        field: fields.has('edf_binarysize') ? 'EDF_BinarySize' : 'Size',
        remedy: 'check that the file was copied whole',
      });
    }
    for (let n = 0; n < sizes.frames; n++)
      frames.push(describeFrame(bytes, start + n * sizes.frame, fields, frames[0]));
    at = start + sizes.stored;
  }
  if (frames.length === 0) throw new UserError('holds no frames', { file: bytes.file });
  return { frames, end: at };
}

/** A block that describes the file and holds no pixels. */
function isGeneral(fields: Fields): boolean {
  return fields.has('edf_dataformatversion') && !fields.has('dim_1') && !fields.has('datatype');
}

function sizeOf(fields: Fields, key: string, otherwise: number): number {
  const value = Number(fields.get(key));
  return Number.isSafeInteger(value) && value > 0 ? value : otherwise;
}

/** Frames of a block, bytes of one, and of all that is stored. */
function dataSizes(
  file: string,
  fields: Fields,
): { readonly frames: number; readonly frame: number; readonly stored: number } {
  const { type, width, height } = pixelsOf(file, fields);
  const further = ['dim_3', 'dim_4'].map((key) => Number(fields.get(key) ?? 1));
  const frames = further.reduce((a, b) => a * b, 1);
  if (!further.every((n) => Number.isSafeInteger(n) && n > 0) || frames > MAX_FRAMES) {
    throw new UserError(`are ${further.join(' and ')}`, { file, field: 'Dim_3 and Dim_4' });
  }
  const frame = width * height * PIXEL_BYTES[type];
  const stated = sizeOf(fields, 'edf_binarysize', sizeOf(fields, 'size', frames * frame));
  if (stated < frames * frame) {
    throw new UserError(`is ${stated}, but Dim_1, Dim_2 and DataType take ${frames * frame} bytes`, {
      file,
      field: fields.has('edf_binarysize') ? 'EDF_BinarySize' : 'Size',
      remedy: 'correct the header: one of them is wrong',
    });
  }
  return { frames, frame, stored: Math.max(frames * frame, stated) };
}

interface Header {
  readonly text: string;
  /** Bytes up to the end of its line, and up to the next multiple of 512. */
  readonly length: number;
  readonly padded: number;
}

/**
 * Where the pixels of the header at `at` begin. Old headers are padded behind the brace, others are no multiple of 512:
 * it is the place from which the pixels reach the next header or the end of the file.
 */
async function dataStart(
  bytes: ByteSource,
  at: number,
  header: Header,
  fields: Fields,
  stored: number,
): Promise<number> {
  const stated = sizeOf(fields, 'edf_headersize', 0);
  if (stated > 0) return at + stated;
  const { length, padded } = header;
  const reaches = async (start: number): Promise<boolean> => {
    const end = start + stored;
    if (end >= bytes.size) return end === bytes.size;
    return /^\s*\{/.test(latin1(await bytes.read(end, Math.min(16, bytes.size - end))));
  };
  if (length === padded || (await reaches(at + padded))) return at + padded;
  return (await reaches(at + length)) ? at + length : at + padded;
}

/** The header at `at`. Null where there is none. */
async function readHeader(bytes: ByteSource, at: number): Promise<Header | null> {
  const limit = Math.min(MAX_HEADER_BYTES, bytes.size - at);
  for (let length = BLOCK; length < 2 * limit; length *= 2) {
    const text = latin1(await bytes.read(at, Math.min(length, limit)));
    if (!/^\s*\{/.test(text)) return null;
    const end = endOfHeader(text);
    if (end === null) continue;
    return {
      text: text.slice(0, end.brace + 1),
      length: end.line,
      padded: Math.ceil(end.line / BLOCK) * BLOCK,
    };
  }
  return null;
}

/** Type and size of the frames that `fields` describe. Throws `UserError`. */
function pixelsOf(
  file: string,
  fields: Fields,
): { readonly type: PixelType; readonly width: number; readonly height: number } {
  const compression = fields.get('compression') ?? fields.get('datacompression') ?? 'none';
  if (!/^(none|uncompressed|nocompression|)$/i.test(compression)) {
    throw new UserError(`is ${compression}, which vetoc does not read`, { file, field: 'Compression' });
  }
  const type = DATA_TYPES[fields.get('datatype')?.toLowerCase() ?? ''];
  if (type === undefined) {
    throw new UserError(`is ${fields.get('datatype') ?? 'missing'}, which vetoc does not read`, {
      file,
      field: 'DataType',
    });
  }
  const [width, height] = [Number(fields.get('dim_1')), Number(fields.get('dim_2') ?? 1)];
  checkFrameShape(file, [height, width], PIXEL_BYTES[type]);
  return { type, width, height };
}

function describeFrame(
  bytes: ByteSource,
  offset: number,
  fields: Fields,
  first: EdfFrame | undefined,
): EdfFrame {
  const { file } = bytes;
  const { type, width, height } = pixelsOf(file, fields);
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
  const littleEndian = isLittleEndian(file, 'ByteOrder', fields.get('byteorder'), BYTE_ORDERS);
  return { offset, type, width, height, littleEndian, fields };
}
