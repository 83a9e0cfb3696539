/**
 * SMV (ADSC and others, `.img`): a brace header of HEADER_BYTES bytes, then one frame.
 *
 * Source: the ADSC header documentation and files of the field. Refuses compressed or unknown types.
 */
import { UserError } from '../../core/errors.js';
import { NO_RULE, PIXEL_BYTES, type PixelType } from '../pixels.js';
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
  const type = TYPES[fields.get('type')?.toLowerCase() ?? 'unsigned_short'];
  if (type === undefined) {
    throw new UserError(`is ${fields.get('type')}, which vetoc does not read`, { file, field: 'TYPE' });
  }
  const [width, height] = [Number(fields.get('size1')), Number(fields.get('size2'))];
  checkFrameShape(file, [height, width], PIXEL_BYTES[type]);
  const frameBytes = width * height * PIXEL_BYTES[type];
  if (headerBytes + frameBytes > bytes.size) {
    throw new UserError(
      `is truncated: ${headerBytes + frameBytes} bytes are needed and it has ${bytes.size}`,
      {
        file,
        remedy: 'check that it was copied whole',
      },
    );
  }
  const littleEndian = !/^big/i.test(fields.get('byte_order') ?? 'little_endian');
  return {
    file,
    format: 'SMV',
    dataset: null,
    count: 1,
    frameShape: [height, width],
    pixelType: type,
    storage: 'uncompressed',
    rule: NO_RULE,
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
      checkFrameIndex(file, index, 1);
      return decodePixels(await bytes.read(headerBytes, frameBytes), type, littleEndian);
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
