/**
 * CBOR as detectors write it: maps with text keys, and the tags of typed and multi-dimensional arrays (RFC 8746) and of
 * DECTRIS' compression (56500). Other tags are passed through.
 */
import { decode, type TagDecoder } from 'cborg';
import type { PixelType } from '../../data/pixels.js';
import { PACKINGS, type PackedBytes, type Packing } from './bitshuffle.js';

/** A message that is not what its protocol says. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** A typed array that is still packed. */
export class TypedBytes {
  constructor(
    readonly type: PixelType,
    readonly packed: PackedBytes,
  ) {}
}

/** A typed array with its shape, slowest axis first. */
export class ShapedBytes {
  constructor(
    readonly shape: readonly number[],
    readonly typed: TypedBytes,
  ) {}
}

/** RFC 8746, table 1, little-endian rows and single bytes. */
const TYPE_OF_TAG: Readonly<Record<number, PixelType>> = {
  64: 'uint8',
  69: 'uint16',
  70: 'uint32',
  71: 'uint64',
  72: 'int8',
  77: 'int16',
  78: 'int32',
  79: 'int64',
  85: 'float32',
  86: 'float64',
};

const isPacking = (name: unknown): name is Packing => PACKINGS.some((known) => known === name);

function packedOf(value: unknown): PackedBytes {
  if (!Array.isArray(value) || value.length !== 3)
    throw new MalformedMessage('a compressed array has no three parts');
  const [packing, elementBytes, bytes] = value as readonly unknown[];
  if (!isPacking(packing)) throw new MalformedMessage(`the compression ${String(packing)} is not known`);
  if (!(bytes instanceof Uint8Array) || typeof elementBytes !== 'number')
    throw new MalformedMessage('a compressed array has no bytes');
  const shuffled = packing === 'bslz4' || packing === 'bszstd';
  if (shuffled && ![1, 2, 4, 8].includes(elementBytes))
    throw new MalformedMessage(`elements of ${elementBytes} bytes are not known`);
  return { packing, elementBytes, bytes };
}

function typedOf(type: PixelType, value: unknown): TypedBytes {
  if (value instanceof Uint8Array)
    return new TypedBytes(type, { packing: 'none', elementBytes: 1, bytes: value });
  return new TypedBytes(type, packedOf((value as { readonly packed?: unknown } | null)?.packed));
}

function shapedOf(value: unknown): ShapedBytes {
  const [shape, typed] = Array.isArray(value) ? (value as readonly unknown[]) : [];
  const fits = Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n > 0);
  if (!fits || !(typed instanceof TypedBytes))
    throw new MalformedMessage('an array has no shape or no values');
  return new ShapedBytes(shape as readonly number[], typed);
}

/** Tags whose content stands for itself: dates, decimals, mime and self-description. */
const PLAIN_TAGS = [0, 1, 4, 32, 34, 36, 37, 55799];

const TAGS: Readonly<Record<number, TagDecoder>> = {
  ...Object.fromEntries(PLAIN_TAGS.map((tag): [number, TagDecoder] => [tag, (content) => content()])),
  ...Object.fromEntries(
    Object.entries(TYPE_OF_TAG).map(([tag, type]): [string, TagDecoder] => [
      tag,
      (content) => typedOf(type, content()),
    ]),
  ),
  40: (content) => shapedOf(content()),
  56500: (content) => ({ packed: content() }),
};

export type CborMap = Readonly<Record<string, unknown>>;

export const isMap = (value: unknown): value is CborMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

/** One map of a message. Bytes stay where they are. Throws `MalformedMessage`. */
export function decodeMap(bytes: Uint8Array): CborMap {
  let value: unknown;
  try {
    value = decode(bytes, { tags: TAGS, rejectDuplicateMapKeys: true });
  } catch (error) {
    if (error instanceof MalformedMessage) throw error;
    // The library throws plain errors, and overflows the stack where a message nests without end.
    throw new MalformedMessage(error instanceof RangeError ? 'nests too deep' : (error as Error).message);
  }
  if (!isMap(value)) throw new MalformedMessage('is no map');
  return value;
}

/** A number of `map`, or null where it is missing or none. */
export function numberIn(map: CborMap, key: string): number | null {
  const value = map[key];
  if (typeof value === 'bigint') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function wholeIn(map: CborMap, key: string): number {
  const value = numberIn(map, key);
  if (value === null || !Number.isSafeInteger(value) || value < 0)
    throw new MalformedMessage(`has no whole number '${key}'`);
  return value;
}
