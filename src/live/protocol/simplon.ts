/**
 * DECTRIS' SIMPLON stream, version 2: one CBOR map a message, `type` = start, image or end. Jungfraujoch sends the same,
 * with `calibration` messages between.
 *
 * Source: the stream V2 specification in DECTRIS' public documentation. The largest value of an unsigned image marks
 * pixels that were not measured; `pixel_mask` marks a bad pixel by any set bit; counts above `saturation_value` are
 * overloads.
 */
import type { Experiment } from '../../data/experiment.js';
import { MAX_FRAME_PIXELS } from '../../data/formats/format.js';
import { NO_RULE, PIXEL_BYTES, pixelArray, type PixelType, type ValueRule } from '../../data/pixels.js';
import type { PackedImage } from '../image.js';
import type { SeriesFacts } from '../source.js';
import { unpackImage } from './bitshuffle.js';
import { decodeMap, isMap, MalformedMessage, numberIn, ShapedBytes, wholeIn, type CborMap } from './cbor.js';

export type SimplonMessage =
  | {
      readonly kind: 'start';
      readonly facts: SeriesFacts;
      readonly channel: string;
      readonly channels: readonly string[];
    }
  | {
      readonly kind: 'image';
      readonly series: string;
      readonly number: number;
      readonly images: ReadonlyMap<string, PackedImage>;
    }
  | { readonly kind: 'end'; readonly series: string }
  | { readonly kind: 'other'; readonly type: string };

/** Reads one message. Throws `MalformedMessage`. `channel` is the one whose mask is taken; the first unless given. */
export function readSimplon(bytes: Uint8Array, channel?: string): SimplonMessage {
  const map = decodeMap(bytes);
  const type = map['type'];
  if (typeof type !== 'string') throw new MalformedMessage("has no 'type'");
  if (type === 'start') return startOf(map, channel);
  if (type === 'image')
    return { kind: 'image', series: seriesOf(map), number: wholeIn(map, 'image_id'), images: imagesOf(map) };
  if (type === 'end') return { kind: 'end', series: seriesOf(map) };
  return { kind: 'other', type };
}

const seriesOf = (map: CborMap): string => String(wholeIn(map, 'series_id'));

/** An image of two axes; a third of length 1 before them is passed over. */
function imageOf(value: unknown, name: string): PackedImage {
  if (!(value instanceof ShapedBytes)) throw new MalformedMessage(`channel ${name} holds no image`);
  const shape = value.shape.length === 3 && value.shape[0] === 1 ? value.shape.slice(1) : value.shape;
  const [height, width] = shape;
  if (shape.length !== 2 || height! * width! > MAX_FRAME_PIXELS)
    throw new MalformedMessage(`channel ${name} has the shape ${value.shape.join('×')}`);
  return { height: height!, width: width!, type: value.typed.type, packed: value.typed.packed };
}

function imagesOf(map: CborMap): ReadonlyMap<string, PackedImage> {
  const data = map['data'];
  if (!isMap(data)) throw new MalformedMessage("has no 'data'");
  const images = new Map(Object.entries(data).map(([name, value]) => [name, imageOf(value, name)]));
  if (images.size === 0) throw new MalformedMessage("has no channel in 'data'");
  return images;
}

function startOf(map: CborMap, wanted: string | undefined): SimplonMessage {
  const listed = map['channels'];
  const channels = Array.isArray(listed) ? listed.map(String) : [];
  const channel = wanted ?? channels[0] ?? 'default';
  if (wanted !== undefined && !channels.includes(wanted))
    throw new MalformedMessage(`has the channels ${channels.join(', ')}, not ${wanted}`);
  const [height, width] = [wholeIn(map, 'image_size_y'), wholeIn(map, 'image_size_x')];
  const serial = map['detector_serial_number'];
  const facts: SeriesFacts = {
    series: seriesOf(map),
    height,
    width,
    rule: ruleOf(map),
    mask: maskOf(map, channel, height * width),
    counted: true,
    announced: numberIn(map, 'number_of_images'),
    experiment: experimentOf(map),
    serial: typeof serial === 'string' ? serial : null,
  };
  return { kind: 'start', facts, channel, channels };
}

function ruleOf(map: CborMap): ValueRule {
  const type = map['image_dtype'];
  const bits = typeof type === 'string' ? /^uint(8|16|32)$/.exec(type)?.[1] : undefined;
  const largest = bits === undefined ? null : 2 ** Number(bits) - 1;
  const saturation = numberIn(map, 'saturation_value');
  return {
    ...NO_RULE,
    sentinels: largest === null ? [] : [largest],
    saturation: saturation !== null && saturation > 0 ? saturation : null,
  };
}

function maskOf(map: CborMap, channel: string, pixels: number): Uint8Array | null {
  const masks = map['pixel_mask'];
  if (map['pixel_mask_enabled'] === false || !isMap(masks)) return null;
  const value = masks[channel];
  if (!(value instanceof ShapedBytes)) return null;
  const bits = pixelsOf(
    value.typed.type,
    unpackImage(value.typed.packed, pixels * PIXEL_BYTES[value.typed.type]),
  );
  return Uint8Array.from(bits, (bit) => Number(bit === 0));
}

const pixelsOf = (type: PixelType, bytes: Uint8Array<ArrayBuffer>): readonly number[] | Uint32Array =>
  Uint32Array.from(pixelArray(type, bytes.buffer) as ArrayLike<number | bigint>, Number);

function experimentOf(map: CborMap): Partial<Experiment> {
  const metres = (key: string): number | null => numberIn(map, key);
  const [x, y] = [metres('pixel_size_x'), metres('pixel_size_y')];
  const translation = map['detector_translation'];
  const along: unknown = Array.isArray(translation) ? translation[2] : null;
  return {
    beamX: numberIn(map, 'beam_center_x'),
    beamY: numberIn(map, 'beam_center_y'),
    wavelengthA: numberIn(map, 'incident_wavelength'),
    distanceMm: typeof along === 'number' ? Math.abs(along) * 1e3 : null,
    pixelMm: x !== null && x === y ? x * 1e3 : null,
    sensor: 'PAD',
  };
}
