/**
 * The directories of a TIFF file: one checked record a page.
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, type PixelType } from '../pixels.js';
import { latin1, type ByteSource } from './bytes.js';
import { checkFrameShape } from './format.js';

export interface TiffPage {
  readonly width: number;
  readonly height: number;
  readonly type: PixelType;
  readonly littleEndian: boolean;
  /** What the pieces are packed with; `other`: a library unpacks the whole page (tiff-library.ts). */
  readonly compression: 'none' | 'deflate' | 'lzw' | 'other';
  /** Images in the page, one behind the other (ImageDepth), and in a tile. */
  readonly depth: number;
  readonly pieceDepth: number;
  /** The page's number among the directories of the file, those of reduced pictures included. */
  readonly directory: number;
  /** 1 none, 2 horizontal differences, 3 differences of the bytes of floats. */
  readonly predictor: number;
  readonly tiled: boolean;
  /** 1: rows from the top, columns from the left. Pixels are given as they are stored, whatever it says. */
  readonly orientation: number;
  /** Size of a tile; of a strip (`pieceWidth` = `width`). */
  readonly pieceHeight: number;
  readonly pieceWidth: number;
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
  /** All texts of the page: descriptions, make, model, software, and the attributes of areaDetector. */
  readonly description: string;
}

const MAX_PAGES = 1_000_000;
const MAX_ENTRIES = 4096;
/** Bytes of the TIFF field types 1 to 12, and of BigTIFF's 16 to 18. */
const FIELD_BYTES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 0, 0, 0, 8, 8, 8];

const TAG = {
  width: 256, height: 257, bits: 258, compression: 259, photometric: 262, description: 270, stripOffsets: 273,
  samples: 277, rowsPerStrip: 278, stripByteCounts: 279, model: 272, predictor: 317, tileWidth: 322, tileHeight: 323,
  tileOffsets: 324, tileByteCounts: 325, sampleFormat: 339, make: 271, software: 305, subfile: 254, oldSubfile: 255,
  fillOrder: 266, orientation: 274, depth: 32997, tileDepth: 32998,
} as const; // prettier-ignore

/** The predictor of floating-point numbers: differences of their bytes, the first bytes of a row before all second ones. */
export const FLOAT_PREDICTOR = 3;

/** What the library unpacks: none, JPEG, deflate, PackBits, Zstd. Its LZW does not end on damaged codes. */
const LIBRARY_CODES: readonly number[] = [1, 7, 8, 32773, 32946, 50000];

const COMPRESSIONS: Readonly<Record<number, string>> = {
  2: 'CCITT', 3: 'CCITT fax 3', 4: 'CCITT fax 4', 5: 'LZW', 6: 'old JPEG', 34712: 'JPEG 2000', 34887: 'LERC', 34925: 'LZMA',
}; // prettier-ignore

/** Tags in which EPICS areaDetector writes the attributes of a frame, as `CameraModel:Pilatus`. */
const FIRST_OWN_TAG = 65000;
const MAX_TEXTS = 256;

interface Field {
  readonly type: number;
  readonly count: number;
  /** Where its value stands: in the entry or elsewhere. */
  readonly at: number;
}

interface Reader {
  readonly bytes: ByteSource;
  readonly littleEndian: boolean;
  /** BigTIFF: counts and offsets of 64 bits. */
  readonly big: boolean;
}

/** Every page, all of one shape and type. Throws `UserError`. */
export async function readPages(bytes: ByteSource): Promise<readonly TiffPage[]> {
  const head = new DataView((await bytes.read(0, 8)).buffer);
  const littleEndian = head.getUint8(0) === 0x49;
  const big = head.getUint16(2, littleEndian) === 43;
  const reader = { bytes, littleEndian, big };
  const pages: TiffPage[] = [];
  const seen = new Set<number>();
  const start = big ? await readOffset(reader, 8) : head.getUint32(4, littleEndian);
  for (let at = start; at !== 0;) {
    if (seen.has(at) || pages.length >= MAX_PAGES) {
      throw new UserError('has directories that lead in a circle', { file: bytes.file });
    }
    seen.add(at);
    const { fields, texts, next } = await readDirectory(reader, at);
    at = next;
    const directory = seen.size - 1;
    if (await isReduced(reader, fields)) continue;
    const page = await describePage(reader, fields, texts, directory);
    const [first] = pages;
    if (
      first !== undefined &&
      (first.width !== page.width || first.height !== page.height || first.type !== page.type)
    ) {
      throw new UserError('holds pages of different shapes or types', {
        file: bytes.file,
        remedy: 'split the file',
      });
    }
    pages.push(page);
  }
  if (pages.length === 0) throw new UserError('holds no image', { file: bytes.file });
  return pages;
}

async function readDirectory(
  reader: Reader,
  at: number,
): Promise<{
  readonly fields: ReadonlyMap<number, Field>;
  readonly texts: readonly Field[];
  readonly next: number;
}> {
  const { bytes, littleEndian, big } = reader;
  // Sizes of the number of entries, of an entry, and of its value; counts and offsets are as long as a value.
  const [countBytes, entryBytes, valueBytes] = big ? [8, 20, 8] : [2, 12, 4];
  const entries = wordAt(
    new DataView((await bytes.read(at, countBytes)).buffer),
    0,
    countBytes,
    littleEndian,
  );
  if (entries > MAX_ENTRIES)
    throw new UserError(`has a directory of ${entries} entries`, { file: bytes.file });
  const first = at + countBytes;
  const view = new DataView((await bytes.read(first, entries * entryBytes + valueBytes)).buffer);
  const fields = new Map<number, Field>();
  const texts: Field[] = [];
  for (let i = 0; i < entries; i++) {
    const entry = i * entryBytes;
    const value = entry + 4 + valueBytes;
    const type = view.getUint16(entry + 2, littleEndian);
    const count = wordAt(view, entry + 4, valueBytes, littleEndian);
    const inline = (FIELD_BYTES[type] ?? 0) * count <= valueBytes;
    const where = inline ? first + value : wordAt(view, value, valueBytes, littleEndian);
    const tag = view.getUint16(entry, littleEndian);
    const field = { type, count, at: where };
    // Programs write a second description behind the detector's: the first of each tag counts, and all texts are read.
    if (!fields.has(tag)) fields.set(tag, field);
    const speaks = [TAG.description, TAG.make, TAG.model, TAG.software].some((one) => one === tag);
    if ((speaks || tag >= FIRST_OWN_TAG) && texts.length < MAX_TEXTS) texts.push(field);
  }
  return { fields, texts, next: wordAt(view, entries * entryBytes, valueBytes, littleEndian) };
}

/** An unsigned integer of 1, 2, 4 or 8 bytes. */
function wordAt(view: DataView, at: number, size: number, littleEndian: boolean): number {
  if (size === 1) return view.getUint8(at);
  if (size === 2) return view.getUint16(at, littleEndian);
  if (size === 4) return view.getUint32(at, littleEndian);
  return Number(view.getBigUint64(at, littleEndian));
}

async function readOffset({ bytes, littleEndian }: Reader, at: number): Promise<number> {
  return wordAt(new DataView((await bytes.read(at, 8)).buffer), 0, 8, littleEndian);
}

async function readNumbers(reader: Reader, field: Field | undefined): Promise<readonly number[]> {
  if (field === undefined) return [];
  const { bytes, littleEndian } = reader;
  const size = FIELD_BYTES[field.type] ?? 0;
  if (![1, 3, 4, 16].includes(field.type))
    throw new UserError(`has a field of type ${field.type}`, { file: bytes.file });
  const view = new DataView((await bytes.read(field.at, size * field.count)).buffer);
  return Array.from({ length: field.count }, (_, i) => wordAt(view, i * size, size, littleEndian));
}

async function readText(reader: Reader, field: Field | undefined): Promise<string> {
  if (field?.type !== 2) return '';
  const length = Math.min(field.count, 65536);
  return latin1(await reader.bytes.read(field.at, length)).replace(/\0.*$/s, '');
}

/** Whether a page is a small picture of another one, or its mask: no frame. */
async function isReduced(reader: Reader, fields: ReadonlyMap<number, Field>): Promise<boolean> {
  const [subfile = 0] = await readNumbers(reader, fields.get(TAG.subfile));
  const [old = 0] = await readNumbers(reader, fields.get(TAG.oldSubfile));
  return (subfile & 5) !== 0 || old === 2;
}

/** The type of the pixels. The library widens those of other sizes to the next of these. */
function typeOf(file: string, bits: number, format: number): PixelType {
  const kind = format === 3 ? 'float' : format === 2 ? 'int' : format === 1 || format === 4 ? 'uint' : '?';
  const held = kind === 'float' ? (bits <= 32 ? 32 : 64) : [8, 16, 32, 64].find((size) => bits <= size);
  const name = `${kind}${held}`;
  if (name in PIXEL_BYTES && bits > 0) return name as PixelType;
  throw new UserError(`has pixels of ${bits} bits (sample format ${format})`, {
    file,
    remedy: 'convert it to 16 bits',
  });
}

async function describePage(
  reader: Reader,
  fields: ReadonlyMap<number, Field>,
  texts: readonly Field[],
  directory: number,
): Promise<TiffPage> {
  const { bytes, littleEndian } = reader;
  const { file } = bytes;
  const first = async (tag: number, otherwise: number): Promise<number> =>
    (await readNumbers(reader, fields.get(tag)))[0] ?? otherwise;
  const [width, height] = [await first(TAG.width, 0), await first(TAG.height, 0)];
  const samples = await first(TAG.samples, 1);
  if (samples !== 1 || (await first(TAG.photometric, 1)) > 1) {
    throw new UserError('is a colour picture, not detector pixels', {
      file,
      remedy: 'give the grey original',
    });
  }
  const bits = await first(TAG.bits, 1);
  if (bits === 1) {
    throw new UserError('has pixels of one bit, black or white, not counts', {
      file,
      remedy: 'give the grey original; a mask as NumPy or as 8 bits',
    });
  }
  const type = typeOf(file, bits, await first(TAG.sampleFormat, 1));
  const depth = await first(TAG.depth, 1);
  const orientation = await first(TAG.orientation, 1);
  checkFrameShape(file, [depth, height, width], PIXEL_BYTES[type]);
  const code = await first(TAG.compression, 1);
  const predictor = await first(TAG.predictor, 1);
  const plain =
    bits === 8 * PIXEL_BYTES[type] &&
    (code === 1 || code === 8 || code === 32946 || code === 5) &&
    (await first(TAG.fillOrder, 1)) === 1 &&
    (predictor === 1 ||
      (code !== 1 && (predictor === 2 || (predictor === FLOAT_PREDICTOR && type.startsWith('float')))));
  if (!plain && predictor !== 1 && !littleEndian) {
    throw new UserError(
      `is packed with predictor ${predictor} in big-endian order in a way that vetoc does not read`,
      {
        file,
        remedy: 'save it uncompressed or with deflate',
      },
    );
  }
  if (!plain && !LIBRARY_CODES.includes(code)) {
    throw new UserError(
      `is packed with ${COMPRESSIONS[code] ?? `compression ${code}`} in a way that vetoc does not read`,
      {
        file,
        remedy: 'save it uncompressed or with deflate',
      },
    );
  }
  if (!plain && depth > 1) {
    throw new UserError(
      `holds ${depth} images in one page (ImageDepth), packed in a way that vetoc does not read`,
      {
        file,
        remedy: 'save it uncompressed or with deflate',
      },
    );
  }
  const tiled = fields.has(TAG.tileOffsets);
  const pieceWidth = tiled ? await first(TAG.tileWidth, 0) : width;
  const pieceHeight = tiled
    ? await first(TAG.tileHeight, 0)
    : Math.min(height, await first(TAG.rowsPerStrip, height));
  checkFrameShape(file, [pieceHeight, pieceWidth], PIXEL_BYTES[type]);
  const pieceDepth = tiled ? await first(TAG.tileDepth, 1) : 1;
  checkFrameShape(file, [pieceDepth, pieceHeight, pieceWidth], PIXEL_BYTES[type]);
  const pieces =
    Math.ceil(depth / pieceDepth) * Math.ceil(height / pieceHeight) * Math.ceil(width / pieceWidth);
  const offsets = await readNumbers(reader, fields.get(tiled ? TAG.tileOffsets : TAG.stripOffsets));
  const stated = await readNumbers(reader, fields.get(tiled ? TAG.tileByteCounts : TAG.stripByteCounts));
  const whole = pieceDepth * pieceWidth * pieceHeight * PIXEL_BYTES[type];
  const byteCounts = stated.length > 0 ? stated : offsets.map(() => whole);
  if (offsets.length < pieces || byteCounts.length < pieces) {
    throw new UserError(`lists ${offsets.length} strips or tiles and needs ${pieces}`, { file });
  }
  const descriptions: string[] = [];
  for (const text of texts) descriptions.push(await readText(reader, text));
  const description = descriptions
    .filter((text) => text !== '')
    .join('\n')
    .trim();
  const compression = !plain ? 'other' : code === 1 ? 'none' : code === 5 ? 'lzw' : 'deflate';
  return {
    width, height, depth, type, littleEndian, compression, predictor, tiled, orientation, pieceDepth, pieceHeight, pieceWidth, directory,
    offsets: offsets.slice(0, pieces), byteCounts: byteCounts.slice(0, pieces), description,
  }; // prettier-ignore
}
