/**
 * NumPy `.npy`, versions 1 to 3: arrays `[y,x]`, `[n,y,x]` and `[n,module,y,x]` of numbers in C order.
 *
 * Source: numpy.lib.format. Refuses Fortran order, objects and structured types. Frames are read where they stand.
 */
import { UserError } from '../../core/errors.js';
import { taken, warning, type Note } from '../notes.js';
import { floatsFromHalf, NO_RULE, PIXEL_BYTES, type PixelType } from '../pixels.js';
import { decodePixels, latin1, openBytes, surplusNotes, type ByteSource } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';

const MAX_HEADER_BYTES = 1 << 20;
/** Axes shorter than this are hardly pixels. */
const MIN_SIDE = 8;

const DESCRIPTIONS: Readonly<Record<string, PixelType>> = {
  b1: 'uint8', u1: 'uint8', i1: 'int8', u2: 'uint16', i2: 'int16', u4: 'uint32', i4: 'int32',
  u8: 'uint64', i8: 'int64', f2: 'float32', f4: 'float32', f8: 'float64',
}; // prettier-ignore

export const npyFormat: FrameFormat = {
  name: 'NumPy',
  singleFrame: false,
  matches: (head) => latin1(head.subarray(0, 6)) === '\x93NUMPY',
  open: openNpy,
};

export interface NpyHeader {
  readonly type: PixelType;
  readonly littleEndian: boolean;
  /** Bytes of a value in the file: 2 of half floats, which are given as floats. */
  readonly valueBytes: number;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly offset: number;
}

/** Reads and checks the header. Throws `UserError`. */
export async function readNpyHeader(bytes: ByteSource): Promise<NpyHeader> {
  const { file } = bytes;
  if (bytes.size < 12)
    throw new UserError(`is truncated: it has ${bytes.size} bytes`, {
      file,
      remedy: 'check that it was copied whole',
    });
  const start = await bytes.read(0, 12);
  const version = start[6] ?? 0;
  if (version < 1 || version > 3)
    throw new UserError(`has version ${version}`, { file, remedy: 'save it again' });
  const view = new DataView(start.buffer);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const at = version === 1 ? 10 : 12;
  if (length > MAX_HEADER_BYTES) throw new UserError(`has a header of ${length} bytes`, { file });
  const text = latin1(await bytes.read(at, length));
  const [, order, code] = /'descr':\s*'([<>|=])(\w+)'/.exec(text) ?? [];
  const type = DESCRIPTIONS[code ?? ''];
  if (type === undefined) {
    const stated = /'descr':\s*('[^']*'|\[[^]*?\]|[^,}]*)/.exec(text)?.[1] ?? 'missing';
    throw new UserError(`is ${stated.slice(0, 80)}, no integers and no floats`, {
      file,
      field: 'descr',
      remedy: 'save integers or floats, as with array.astype("float32")',
    });
  }
  if (/'fortran_order':\s*True/.test(text)) {
    throw new UserError('is in Fortran order', { file, remedy: 'save numpy.ascontiguousarray(array)' });
  }
  const shape = (/'shape':\s*\(([^)]*)\)/.exec(text)?.[1] ?? '')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map(Number);
  const values = shape.reduce((a, b) => a * b, 1);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0) || !Number.isSafeInteger(values)) {
    throw new UserError(`has the shape (${shape.join(', ')})`, { file, field: 'shape' });
  }
  const valueBytes = code === 'f2' ? 2 : PIXEL_BYTES[type];
  const needed = at + length + values * valueBytes;
  if (needed > bytes.size) {
    throw new UserError(`is truncated: ${needed} bytes are needed and it has ${bytes.size}`, {
      file,
      remedy: 'check that it was copied whole',
    });
  }
  return { type, littleEndian: order !== '>', valueBytes, shape, offset: at + length };
}

/** What was taken for what: a .npy names no axes. Pixels are the last two; where those are too narrow it is said. */
function axisNotes(file: string, shape: readonly number[]): readonly Note[] {
  const of = shape.join('×');
  if (shape.length === 4)
    return [warning('frames', file, null, `axis 1 of ${of} was taken for modules: no words say what it is`)];
  if (shape.length === 3 && shape[2]! < MIN_SIDE && shape[0]! >= MIN_SIDE)
    return [
      warning('frames', file, null, `axis 0 of ${of} was taken for frames of ${shape[1]}×${shape[2]} pixels`),
    ];
  return shape.length === 3
    ? [taken('frames', file, null, `axis 0 of ${of} counts the frames: no words say otherwise`)]
    : [];
}

async function openNpy(request: OpenRequest): Promise<RawSource> {
  const { file } = request;
  const bytes = await openBytes(file, request.path);
  const { type, littleEndian, valueBytes, shape, offset } = await readNpyHeader(bytes);
  if (shape.length < 2 || shape.length > 4) {
    throw new UserError(`has the shape (${shape.join(', ')})`, {
      file,
      remedy: 'save frames as [y,x], [n,y,x] or [n,module,y,x]',
    });
  }
  const frameShape = shape.length === 2 ? shape : shape.slice(1);
  const count = shape.length === 2 ? 1 : shape[0]!;
  checkFrameShape(file, frameShape, PIXEL_BYTES[type]);
  const frameBytes = frameShape.reduce((a, b) => a * b, 1) * valueBytes;
  const notes = [...axisNotes(file, shape), ...(await surplusNotes(bytes, offset + count * frameBytes))];
  return {
    notes,
    file,
    format: 'NumPy',
    dataset: null,
    count,
    frameShape,
    pixelType: type,
    storage: 'uncompressed',
    rule: NO_RULE,
    details: {},
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(file, index, count);
      const stored = await bytes.read(offset + index * frameBytes, frameBytes);
      if (valueBytes === PIXEL_BYTES[type]) return decodePixels(stored, type, littleEndian);
      return floatsFromHalf(decodePixels(stored, 'uint16', littleEndian) as Uint16Array);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}
