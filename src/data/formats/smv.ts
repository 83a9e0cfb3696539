/**
 * SMV (ADSC and others, `.img`) and d*TREK: a brace header of HEADER_BYTES bytes, then one frame, or SIZE3 of them. ADSC
 * says the pixels' type as `TYPE`, d*TREK as `Data_type`.
 *
 * Source: the ADSC header documentation, Rigaku's d*TREK image format, and files of the field. Refuses compressed or
 * unknown types.
 */
import { UserError } from '../../core/errors.js';
import { PIXEL_BYTES, type PixelType } from '../pixels.js';
import { decodePixels, latin1, openBytes } from './bytes.js';
import {
  checkFrameIndex,
  checkFrameShape,
  NO_ANNOTATIONS,
  type FrameFormat,
  type OpenRequest,
  type RawSource,
} from './format.js';
import { factsOf, parseBraceHeader } from './headers.js';
import { markRule, withSaturation } from './marks.js';

const MAX_HEADER_BYTES = 1 << 20;

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
  const stated = fields.get('type') ?? fields.get('data_type') ?? 'unsigned_short';
  const type = TYPES[stated.trim().toLowerCase().replaceAll(/\s+/g, '_')];
  if (type === undefined) {
    const field = fields.has('type') ? 'TYPE' : 'Data_type';
    throw new UserError(`is ${stated}, which vetoc does not read`, { file, field });
  }
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
  const littleEndian = !/^big/i.test(fields.get('byte_order') ?? 'little_endian');
  return {
    file,
    format: 'SMV',
    dataset: null,
    count,
    frameShape: [height, width],
    pixelType: type,
    storage: 'uncompressed',
    rule: withSaturation(
      markRule([...fields].join(), type),
      fields.get('ccd_image_saturation') ?? fields.get('saturated_value'),
    ),
    details: {
      sensor: sensorOf(fields),
      ...factsOf(fields, {
        wavelength: 'wavelengthAngstrom',
        distance: 'distanceMm',
        pixel_size: 'pixelSizeMm',
        // As MOSFLM counts, X is along the slow axis.
        beam_center_x: 'beamYMm',
        beam_center_y: 'beamXMm',
        ccd_image_saturation: 'saturation',
        detector_sn: 'detector',
      }),
    },
    annotations: NO_ANNOTATIONS,
    async readRaw(index) {
      checkFrameIndex(file, index, count);
      const at = headerBytes + index * frameBytes;
      return decodePixels(await bytes.read(at, frameBytes), type, littleEndian);
    },
    mask: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
}

/** SMV comes from CCDs, but for pixel arrays whose names say so. */
function sensorOf(fields: ReadonlyMap<string, string>): 'CCD' | 'PAD' {
  const pixelArray = /pilatus|eiger|hypix|timepix|jungfrau/i;
  return [...fields.values()].some((value) => pixelArray.test(value)) ? 'PAD' : 'CCD';
}
