/**
 * The binary sections of a CBF file: each has a header of its own between its boundary and its pixels, and only that one
 * counts. Text elsewhere (a comment, the mini-header) may hold anything.
 *
 * Refuses compressions other than byte offset and packed, types that are no numbers, and sections that reach past the end.
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, type PixelType } from '../pixels.js';
import { latin1, type ByteSource } from './bytes.js';
import { leastPackedBytes, type PackedVersion } from './cbf-packed.js';
import { checkFrameShape } from './format.js';
import { isLittleEndian } from './headers.js';

const MAX_HEADER_BYTES = 1 << 20;
/** A section behind the first is announced within so many bytes: padding, and the rest of its category. */
const MAX_GAP_BYTES = 1 << 16;
/** More than any detector has modules: a file that leads in a circle. */
const MAX_SECTIONS = 4096;
const MARKER = Uint8Array.of(0x0c, 0x1a, 0x04, 0xd5);
const BOUNDARY = '--CIF-BINARY-FORMAT-SECTION--';

const ENDIAN = { little: /^little_endian$/i, big: /^big_endian$/i };

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
  readonly compression: 'x-CBF_BYTE_OFFSET' | PackedVersion | 'none';
  /** Of packed images: whether each takes the one before into account. */
  readonly correlated: boolean;
  readonly littleEndian: boolean;
  /** How many pixels the header says there are, or null. */
  readonly elements: number | null;
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
      const encoding = /Content-Transfer-Encoding:\s*"?([\w-]+)/i.exec(latin1(head))?.[1];
      if (encoding !== undefined && !/^binary$/i.test(encoding)) {
        throw new UserError(`is ${encoding}, pixels as text, which vetoc does not read`, {
          file: bytes.file,
          field: 'Content-Transfer-Encoding',
          remedy: 'write it with binary sections (cif2cbf -e none), or as HDF5',
        });
      }
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
  if (stated < size || size < leastBytes(compression, pixels)) {
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
  const order = 'X-Binary-Element-Byte-Order';
  const littleEndian = isLittleEndian(file, order, find(order) ?? undefined, ENDIAN);
  return {
    text,
    start,
    size,
    type,
    width,
    height,
    depth,
    compression,
    correlated: !/conversions\s*=[^]*?;\s*"?uncorrelated_sections/i.test(header),
    littleEndian,
    elements: find('X-Binary-Number-of-Elements') === null ? null : number('X-Binary-Number-of-Elements'),
    md5: find('Content-MD5'),
  };
}

/** Bytes that the stored pixels take at least. */
function leastBytes(compression: CbfSection['compression'], pixels: number): number {
  if (compression === 'none') return 0;
  return compression === 'x-CBF_BYTE_OFFSET' ? pixels : leastPackedBytes(pixels);
}

const COMPRESSIONS = ['x-CBF_BYTE_OFFSET', 'x-CBF_PACKED', 'x-CBF_PACKED_V2'] as const;

function readCompression(file: string, header: string): CbfSection['compression'] {
  const found = /conversions\s*=\s*"?([\w-]+)/i.exec(header);
  if (found === null || /^x-cbf_none$/i.test(found[1]!)) return 'none';
  const known = COMPRESSIONS.find((one) => one.toLowerCase() === found[1]!.toLowerCase());
  // Packed `flat`, each pixel is expected to be the one before it.
  const flat = /conversions\s*=[^]*?;\s*"?flat\b/i.test(header);
  if (known !== undefined && !flat) return known;
  throw new UserError(`is ${found[1]}${flat ? ' (flat)' : ''}, which vetoc does not read`, {
    file,
    field: 'conversions',
    remedy: 'convert the file to x-CBF_BYTE_OFFSET or to HDF5',
  });
}
