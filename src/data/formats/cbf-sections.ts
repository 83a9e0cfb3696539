/**
 * The binary sections of a CBF file: each has a header of its own between its boundary and its pixels, and only that one
 * counts. Text elsewhere (a comment, the mini-header) may hold anything.
 *
 * Refuses compressions other than byte offset, types that are no numbers, and sections that reach past the end.
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, type PixelType } from '../pixels.js';
import { latin1, type ByteSource } from './bytes.js';
import { checkFrameShape } from './format.js';

const MAX_HEADER_BYTES = 1 << 20;
/** A section behind the first is announced within so many bytes: padding, and the rest of its category. */
const MAX_GAP_BYTES = 1 << 16;
/** More than any detector has modules: a file that leads in a circle. */
const MAX_SECTIONS = 4096;
const MARKER = Uint8Array.of(0x0c, 0x1a, 0x04, 0xd5);
const BOUNDARY = '--CIF-BINARY-FORMAT-SECTION--';

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

export interface CbfSection {
  /** All text before the pixels of this section, behind those of the one before. */
  readonly text: string;
  readonly start: number;
  readonly size: number;
  readonly type: PixelType;
  readonly width: number;
  readonly height: number;
  /** Images in the section, one after the other. */
  readonly depth: number;
  readonly compression: 'x-CBF_BYTE_OFFSET' | 'none';
  readonly littleEndian: boolean;
  /** The stated checksum of the stored bytes (MD5, base64), or null. */
  readonly md5: string | null;
}

/** Every section of the file, in order. Throws `UserError`. */
export async function readSections(bytes: ByteSource): Promise<readonly CbfSection[]> {
  const sections: CbfSection[] = [];
  for (let at = 0; at < bytes.size && sections.length < MAX_SECTIONS;) {
    const first = sections.length === 0;
    const length = Math.min(first ? MAX_HEADER_BYTES : MAX_GAP_BYTES, bytes.size - at);
    const head = await bytes.read(at, length);
    const marker = Buffer.from(head.buffer, head.byteOffset, head.length).indexOf(MARKER);
    if (marker < 0) {
      if (!first) break;
      throw new UserError('has no binary section (the marker 0C 1A 04 D5 is missing)', {
        file: bytes.file,
        remedy: 'check that it is a whole CBF image file',
      });
    }
    const text = latin1(head.subarray(0, marker));
    if (!first && !text.includes(`${BOUNDARY}\n`) && !text.includes(`${BOUNDARY}\r`)) break;
    const section = describeSection(bytes, text, at + marker + MARKER.length);
    sections.push(section);
    at = section.start + section.size;
  }
  return sections;
}

/** The header of the section: what stands behind the last boundary that opens one. */
function ownHeader(text: string): string {
  const at = Math.max(text.lastIndexOf(`${BOUNDARY}\n`), text.lastIndexOf(`${BOUNDARY}\r`));
  return at < 0 ? text : text.slice(at + BOUNDARY.length);
}

function describeSection(bytes: ByteSource, text: string, start: number): CbfSection {
  const { file } = bytes;
  const header = ownHeader(text);
  const find = (name: string): string | null =>
    new RegExp(`^\\s*${name}:\\s*"?([^"\\r\\n;]+)"?`, 'im').exec(header)?.[1]?.trim() ?? null;
  const field = (name: string): string => {
    const found = find(name);
    if (found === null) throw new UserError('is missing from the header', { file, field: name });
    return found;
  };
  const number = (name: string, otherwise?: string): number => {
    const value = Number(otherwise === undefined ? field(name) : (find(name) ?? otherwise));
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new UserError(`is ${find(name)}, not a whole number`, { file, field: name });
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
  const width = number('X-Binary-Size-Fastest-Dimension');
  const height = number('X-Binary-Size-Second-Dimension');
  const depth = Math.max(1, number('X-Binary-Size-Third-Dimension', '1'));
  checkFrameShape(file, [height, width], PIXEL_BYTES[type]);
  checkFrameShape(file, [depth, height, width], PIXEL_BYTES[type]);
  const stated = number('X-Binary-Size');
  const compression = readCompression(file, header);
  const pixels = depth * width * height;
  const size = compression === 'none' ? pixels * PIXEL_BYTES[type] : stated;
  if (stated < size || (compression !== 'none' && size < pixels)) {
    throw new UserError(
      `says ${stated} bytes, too few for ${depth > 1 ? `${depth}×` : ''}${height}×${width} pixels`,
      {
        file,
        field: 'X-Binary-Size',
      },
    );
  }
  if (start + size > bytes.size) {
    throw new UserError(`is truncated: ${start + size} bytes are needed and it has ${bytes.size}`, {
      file,
      remedy: 'check that it was copied whole',
    });
  }
  const littleEndian = !/^BIG_ENDIAN/i.test(find('X-Binary-Element-Byte-Order') ?? '');
  return {
    text,
    start,
    size,
    type,
    width,
    height,
    depth,
    compression,
    littleEndian,
    md5: find('Content-MD5'),
  };
}

function readCompression(file: string, header: string): CbfSection['compression'] {
  const found = /conversions\s*=\s*"?([\w-]+)/i.exec(header);
  if (found === null || /^x-cbf_none$/i.test(found[1]!)) return 'none';
  if (/^x-cbf_byte_offset$/i.test(found[1]!)) return 'x-CBF_BYTE_OFFSET';
  throw new UserError(`is ${found[1]}, which vetoc does not read`, {
    file,
    field: 'conversions',
    remedy: 'convert the file to x-CBF_BYTE_OFFSET or to HDF5',
  });
}
