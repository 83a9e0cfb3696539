/**
 * SMV (ADSC and others, `.img`) and d*TREK: a brace header of HEADER_BYTES bytes, then one frame, or SIZE3 of them. ADSC
 * says the pixels' type as `TYPE`, d*TREK as `Data_type`.
 *
 * Source: the ADSC header documentation, Rigaku's d*TREK image format (dtrek.ts), and files of the field. Refuses compressed or
 * unknown types, and two types that contradict each other.
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, type PixelType } from '../pixels.js';
import { decodePixels, latin1, openBytes, surplusNotes } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { dtrekFacts, expandRaxis, isDtrek, raxisRatio } from './dtrek.js';
import { factsOf, isLittleEndian, parseBraceHeader, type Fields } from './headers.js';
import { markRule, withSaturation } from './marks.js';

const MAX_HEADER_BYTES = 1 << 20;

const ENDIAN = { little: /^little(_endian)?$/i, big: /^big(_endian)?$/i };

const TYPES: Readonly<Record<string, PixelType>> = {
  unsigned_short: 'uint16',
  short: 'int16',
  signed_short: 'int16',
  unsigned_byte: 'uint8',
  byte: 'uint8',
  long_integer: 'int32',
  signed_long: 'int32',
  unsigned_long: 'uint32',
  float: 'float32',
  real: 'float32',
  // d*TREK, which counts a long as 32 bits.
  unsigned_char: 'uint8',
  signed_char: 'int8',
  char: 'int8',
  short_int: 'int16',
  signed_short_int: 'int16',
  unsigned_short_int: 'uint16',
  long_int: 'int32',
  signed_long_int: 'int32',
  unsigned_long_int: 'uint32',
  float_ieee: 'float32',
};

export const smvFormat: FrameFormat = {
  name: 'SMV',
  singleFrame: true,
  matches: (head) => /^\{\s*HEADER_BYTES\s*=/i.test(latin1(head.subarray(0, 64))),
  open: openSmv,
};

async function openSmv(request: OpenRequest): Promise<RawSource> {
  const { file } = request;
  const bytes = await openBytes(file, request.path);
  const start = latin1(await bytes.read(0, Math.min(512, bytes.size)));
  const headerBytes = Number(/HEADER_BYTES\s*=\s*(\d+)/i.exec(start)?.[1]);
  if (!(headerBytes > 0 && headerBytes <= MAX_HEADER_BYTES)) {
    throw new UserError(`is ${headerBytes}`, { file, field: 'HEADER_BYTES', remedy: 'check the header' });
  }
  const fields = parseBraceHeader(latin1(await bytes.read(0, headerBytes)).replace(/\}[^}]*$/, ''));
  const type = pixelTypeOf(file, fields);
  const compression = fields.get('compression') ?? 'none';
  if (!/^(none|no|0|)$/i.test(compression)) {
    throw new UserError(`is ${compression}, which vetoc does not read`, { file, field: 'COMPRESSION' });
  }
  const [width, height] = [Number(fields.get('size1')), Number(fields.get('size2'))];
  const count = Number(fields.get('size3') ?? 1);
  checkFrameShape(file, [height, width], PIXEL_BYTES[type]);
  const frameBytes = width * height * PIXEL_BYTES[type];
  if (!Number.isSafeInteger(count) || count < 1) throw new UserError(`is ${count}`, { file, field: 'SIZE3' });
  if (headerBytes + count * frameBytes > bytes.size) {
    throw new UserError(
      `is truncated: ${headerBytes + count * frameBytes} bytes are needed and it has ${bytes.size}`,
      { file, remedy: 'check that it was copied whole' },
    );
  }
  const littleEndian = isLittleEndian(file, 'BYTE_ORDER', fields.get('byte_order'), ENDIAN);
  const dtrek = isDtrek(fields);
  const further = dtrek ? dtrekFacts(file, fields) : { details: {}, notes: [] };
  const facts = factsOf(file, fields, {
    wavelength: 'wavelengthAngstrom',
    distance: 'distanceMm',
    pixel_size: 'pixelSizeMm',
    // As MOSFLM counts, X is along the slow axis.
    beam_center_x: 'beamYMm',
    beam_center_y: 'beamXMm',
    ccd_image_saturation: 'saturation',
    detector_sn: 'detector',
  });
  const ratio = type === 'uint16' ? raxisRatio(fields) : 1;
  const pixelType = ratio === 1 ? type : 'uint32';
  return {
    file,
    format: dtrek ? 'd*TREK' : 'SMV',
    dataset: null,
    count,
    frameShape: [height, width],
    pixelType,
    storage: ratio === 1 ? 'uncompressed' : `large counts divided by ${ratio} (R-AXIS)`,
    notes: [
      ...facts.notes,
      ...further.notes,
      ...(await surplusNotes(bytes, headerBytes + count * frameBytes)),
    ],
    rule: withSaturation(
      markRule([...fields].join(), pixelType),
      fields.get('ccd_image_saturation') ?? fields.get('saturated_value'),
    ),
    details: {
      sensor: sensorOf(fields),
      ...facts.details,
      ...further.details,
    },
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(file, index, count);
      const at = headerBytes + index * frameBytes;
      const stored = decodePixels(await bytes.read(at, frameBytes), type, littleEndian);
      return ratio === 1 ? stored : expandRaxis(stored as Uint16Array, ratio);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

/** The type of the pixels: ADSC says it as `TYPE`, d*TREK as `Data_type`, beside a `TYPE` of other words. */
function pixelTypeOf(file: string, fields: Fields): PixelType {
  const stated = (['type', 'data_type'] as const).flatMap((key) => {
    const text = fields.get(key)?.trim();
    return text === undefined ? [] : [{ key, text, type: TYPES[text.toLowerCase().replaceAll(/\s+/g, '_')] }];
  });
  if (stated.length === 0) return 'uint16';
  const known = stated.flatMap(({ type }) => type ?? []);
  const [last] = stated.slice(-1);
  const field = last!.key === 'type' ? 'TYPE' : 'Data_type';
  if (last!.type === undefined)
    throw new UserError(`is ${last!.text}, which vetoc does not read`, { file, field });
  if (new Set(known).size === 1) return known[0]!;
  throw new UserError(`is ${last!.text}, but TYPE is ${stated[0]!.text}`, {
    file,
    field,
    remedy: 'correct the header: the two say the type of the same pixels',
  });
}

/** SMV comes from CCDs, but for pixel arrays whose names say so. */
function sensorOf(fields: ReadonlyMap<string, string>): 'CCD' | 'PAD' {
  const pixelArray = /pilatus|eiger|hypix|timepix|jungfrau/i;
  return [...fields.values()].some((value) => pixelArray.test(value)) ? 'PAD' : 'CCD';
}
