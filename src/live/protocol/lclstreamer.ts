/**
 * lclstreamer's messages ("SimplonBinarySerializer", which is not DECTRIS' stream V2): a byte `c` (start, stop) or `m`
 * (image), then a CBOR map without tags.
 *
 * Source: the serializer in slac-lcls/lclstreamer. Images are 64-bit integers or floats, bitshuffled with LZ4 in blocks
 * of 4,096 elements without a header; `message_id` says the sending rank alone; images of other ranks may come before
 * the start, which states shape and type for all.
 */
import { MAX_FRAME_PIXELS } from '../../data/formats/format.js';
import { NO_RULE, PIXEL_BYTES, type PixelType } from '../../data/pixels.js';
import type { PackedImage } from '../image.js';
import type { SeriesFacts } from '../source.js';
import { decodeMap, MalformedMessage, type CborMap } from './cbor.js';

const BLOCK_ELEMENTS = 4096;
const CONTROL = 'c'.charCodeAt(0);
const IMAGE = 'm'.charCodeAt(0);

export type LclstreamerMessage =
  | { readonly kind: 'start'; readonly facts: SeriesFacts }
  | { readonly kind: 'image'; readonly series: string; readonly type: PixelType; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly series: string };

const TYPES: readonly PixelType[] = ['int64', 'float64'];

function typeIn(map: CborMap, key: string): PixelType {
  const type = TYPES.find((known) => known === map[key]);
  if (type !== undefined) return type;
  throw new MalformedMessage(`has the type '${String(map[key])}'; lclstreamer sends ${TYPES.join(' or ')}`);
}

const runOf = (value: unknown): string =>
  typeof value === 'number' || typeof value === 'string' ? String(value) : '';

/** Reads one message. Throws `MalformedMessage`. */
export function readLclstreamer(bytes: Uint8Array): LclstreamerMessage {
  const [kind] = bytes;
  if (kind !== CONTROL && kind !== IMAGE) throw new MalformedMessage("does not begin with 'c' or 'm'");
  const map = decodeMap(bytes.subarray(1));
  if (map['type'] === 'start') return { kind: 'start', facts: factsOf(map) };
  if (map['type'] === 'stop') return { kind: 'end', series: runOf(map['run']) };
  const data = map['compressed_data'];
  if (map['type'] !== 'image' || !(data instanceof Uint8Array)) throw new MalformedMessage('holds no image');
  return { kind: 'image', series: runOf(map['run']), type: typeIn(map, 'dtype'), bytes: data };
}

function factsOf(map: CborMap): SeriesFacts {
  const shape = typeof map['shape'] === 'string' ? map['shape'].split('x').map(Number) : [];
  const pixels = shape.reduce((a, b) => a * b, 1);
  if (shape.length < 2 || !shape.every((n) => Number.isSafeInteger(n) && n > 0) || pixels > MAX_FRAME_PIXELS)
    throw new MalformedMessage(`has the shape '${String(map['shape'])}'`);
  typeIn(map, 'datatype');
  // Modules are stacked along the slow axis, as everywhere.
  const width = shape.at(-1)!;
  return {
    series: runOf(map['run_number']),
    height: pixels / width,
    width,
    rule: NO_RULE,
    mask: null,
    counted: false,
    announced: null,
    experiment: {},
  };
}

/** An image of `height` × `width`, still packed. */
export function lclstreamerImage(
  type: PixelType,
  bytes: Uint8Array,
  height: number,
  width: number,
): PackedImage {
  const elementBytes = PIXEL_BYTES[type];
  return {
    height,
    width,
    type,
    packed: { packing: 'bslz4', elementBytes, blockBytes: BLOCK_ELEMENTS * elementBytes, bytes },
  };
}
